// A line of INFO.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

namespace rha::node::dispatch {

template <typename... Args>
void Line(std::string* info, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*info), format, std::forward<Args>(args)...);
  info->append("\r\n");
}

}  // namespace rha::node::dispatch
