// Numbers in text. Pure; any thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace rha::local::object {

// The decimal number that `text` begins with; `fallback` where there is none or it is too large.
inline int64_t ParseInt(std::string_view text, int64_t fallback = 0) {
  int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : fallback;
}

}  // namespace rha::local::object
