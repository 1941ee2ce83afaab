// What may be taken for an IP address or a host name when somebody says it.
#pragma once

#include <string_view>

namespace rha {

// One word that fits into a line of INFO, an event or a list: no blank, control character or comma.
inline bool IsHost(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == ',') return false;
  }
  return true;
}

}  // namespace rha
