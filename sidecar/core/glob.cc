#include "sidecar/core/glob.h"

#include <utility>

namespace rha::sidecar::core {
namespace {

// Matches one character against the class that starts behind '['; moves `at` behind its ']'.
bool MatchClass(std::string_view pattern, size_t& at, char c) {
  bool negated = false;
  if (at < pattern.size() && pattern[at] == '^') {
    negated = true;
    ++at;
  }
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    char low = pattern[at];
    char high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      high = pattern[at + 2];
      at += 2;
    }
    if (low > high) std::swap(low, high);
    found = found || (c >= low && c <= high);
    ++at;
  }
  if (at < pattern.size()) ++at;
  return found != negated;
}

}  // namespace

// Remembers the last star only: linear space, at most |pattern| x |text| steps.
bool GlobMatch(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = t;
      continue;
    }
    size_t next = p;
    bool match = false;
    if (p < pattern.size()) {
      next = p + 1;
      if (pattern[p] == '?') {
        match = true;
      } else if (pattern[p] == '[') {
        match = MatchClass(pattern, next, text[t]);
      } else {
        if (pattern[p] == '\\' && next < pattern.size()) ++next;
        match = pattern[next - 1] == text[t];
      }
    }
    if (match) {
      p = next;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace rha::sidecar::core
