// Numbers and their one canonical decimal text: "0", "-7", "42"; not "", "+1", "007", "-0" or " 1".
// Thread rule: any thread.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace rha::node::structs {

constexpr size_t kDecimalBytesMax = 20;
using DecimalText = char[kDecimalBytesMax];

inline bool ParseDecimal(std::string_view text, int64_t* value) {
  if (text.empty() || text.size() > kDecimalBytesMax) return false;
  const char* digits = text.data() + (text[0] == '-' ? 1 : 0);
  const char* end = text.data() + text.size();
  if (digits == end || *digits < '0' || *digits > '9') return false;
  if (*digits == '0' && text.size() > 1) return false;
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

inline std::string_view FormatDecimal(int64_t value, DecimalText& text) {
  const char* end = std::to_chars(text, text + kDecimalBytesMax, value).ptr;
  return {text, static_cast<size_t>(end - text)};
}

}  // namespace rha::node::structs
