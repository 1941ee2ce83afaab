#include "common/base/glob.h"

#include <algorithm>

namespace rha {
namespace {

unsigned char Fold(char c, bool ignore_case) {
  const auto byte = static_cast<unsigned char>(c);
  return ignore_case && byte >= 'A' && byte <= 'Z' ? static_cast<unsigned char>(byte + 32) : byte;
}

// Matches one byte against the class that begins behind '[' at pattern[p]; moves p behind its ']'.
// A class that is not closed extends to the pattern's end, as in Redis.
bool MatchClass(std::string_view pattern, size_t& p, char c, bool ignore_case) {
  const bool negated = p < pattern.size() && pattern[p] == '^';
  if (negated) ++p;
  const unsigned char byte = Fold(c, ignore_case);
  bool matched = false;
  for (;; ++p) {
    if (p >= pattern.size()) break;
    if (pattern[p] == '\\' && p + 1 < pattern.size()) {
      ++p;
      matched |= pattern[p] == c;
    } else if (pattern[p] == ']') {
      ++p;
      break;
    } else if (p + 2 < pattern.size() && pattern[p + 1] == '-') {
      unsigned char low = Fold(pattern[p], ignore_case);
      unsigned char high = Fold(pattern[p + 2], ignore_case);
      if (low > high) std::swap(low, high);
      matched |= byte >= low && byte <= high;
      p += 2;
    } else {
      matched |= Fold(pattern[p], ignore_case) == byte;
    }
  }
  return matched != negated;
}

}  // namespace

// Going back is only ever needed to the last star: what an earlier one could take, the later one
// can too. So the time is bounded by pattern × text, whatever the pattern.
bool GlobMatches(std::string_view pattern, std::string_view text, bool ignore_case) {
  // In Redis no star matches an empty text; commands treat a lone "*" as no pattern at all.
  if (text.empty()) return pattern.empty();
  size_t p = 0, t = 0;
  size_t star_p = std::string_view::npos, star_t = 0;
  while (t < text.size()) {
    bool matched = false;
    size_t next = p;
    if (p < pattern.size()) {
      const char c = pattern[p];
      if (c == '*') {
        star_p = ++p;
        star_t = t;
        continue;
      }
      next = p + 1;
      if (c == '?') {
        matched = true;
      } else if (c == '[') {
        matched = MatchClass(pattern, next, text[t], ignore_case);
      } else {
        if (c == '\\' && next < pattern.size()) ++next;
        matched = Fold(pattern[next - 1], ignore_case) == Fold(text[t], ignore_case);
      }
    }
    if (matched) {
      p = next;
      ++t;
    } else if (star_p != std::string_view::npos) {
      p = star_p;
      t = ++star_t;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace rha
