// Words of rules: compared without regard to case, and free of blanks where they are written into
// lines. Any thread.
#pragma once

#include <algorithm>
#include <string_view>

namespace rha::acl {

inline char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// Blanks would tear a user's line apart where it is read back.
inline bool HasBlanks(std::string_view word) {
  return word.find_first_of(std::string_view(" \t\n\v\f\r\0", 7)) != std::string_view::npos;
}

}  // namespace rha::acl
