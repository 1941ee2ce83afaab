// The syntax of redis.conf: one directive a line, words separated by blanks, '#' comments,
// "double quotes" with escapes (\n \r \t \b \a \\ \" \xHH) and 'single quotes' (only \' inside).
// Inline requests have the same words, where a zero byte ends the line, as Redis' C strings do.
// Which directives exist is the business of each program. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha {

struct ConfigLine {
  int number = 0;                  // in the text, from 1
  std::vector<std::string> words;  // never empty; words[0] is the directive in lower case
};

// The words of one line, maybe none. Unbalanced quotes, or a closing quote followed by anything but
// a blank, are errors.
Result<std::vector<std::string>> SplitConfigWords(std::string_view line);

// Empty lines and comments are left out. An error names the line: "line 7: unbalanced quotes". A
// zero byte is one: what a power loss leaves of a file must not pass for a shorter configuration.
Result<std::vector<ConfigLine>> ParseConfigText(std::string_view text);

// `word` as SplitConfigWords reads it back: as it is, or in double quotes where needed.
std::string QuoteConfigWord(std::string_view word);

}  // namespace rha
