// A decimal number that is the whole text: as REPLCONF, PSYNC and their answers have them. Pure.
#pragma once

#include <charconv>
#include <string_view>

namespace rha::node::repl {

// False: it is none, or does not fit; `value` may have been changed.
template <typename Integer>
bool ParseNumber(std::string_view text, Integer& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace rha::node::repl
