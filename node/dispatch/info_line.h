// A line of INFO, or several with fixed text between them.
//
// Sidecars believe what they read there, and much of it others have said (addresses, names, codes
// of errors): a control character in an argument, which could begin another line, is shown as '?'.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

namespace rha::node::dispatch {

inline std::string WithoutControls(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, '?');
  return shown;
}

template <typename T>
decltype(auto) Shown(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return WithoutControls(value);
  } else {
    return (value);
  }
}

template <typename... Args>
void Line(std::string* info, fmt::format_string<Args...> format, Args&&... args) {
  fmt::vformat_to(std::back_inserter(*info), fmt::string_view(format),
                  fmt::make_format_args(Shown(args)...));
  info->append("\r\n");
}

}  // namespace rha::node::dispatch
