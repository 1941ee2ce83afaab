#include "common/resp/parser.h"

namespace rha::resp {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads a quoted part that begins behind the quote at line[i - 1]; leaves i behind the closing
// quote.
bool ReadQuoted(std::string_view line, char quote, size_t& i, std::string& word) {
  for (; i < line.size(); ++i) {
    const char c = line[i];
    if (c == quote) {
      ++i;
      return i == line.size() || IsSpace(line[i]);  // "a"b is not a word
    }
    if (c != '\\' || i + 1 >= line.size()) {
      word += c;
    } else if (quote == '\'') {
      if (line[i + 1] == '\'') ++i;
      word += line[i];
    } else if (line[i + 1] == 'x' && i + 3 < line.size() && HexDigit(line[i + 2]) >= 0 &&
               HexDigit(line[i + 3]) >= 0) {
      word += static_cast<char>(HexDigit(line[i + 2]) * 16 + HexDigit(line[i + 3]));
      i += 3;
    } else {
      word += Unescaped(line[++i]);
    }
  }
  return false;
}

}  // namespace

bool SplitWords(std::string_view line, std::vector<std::string>* words) {
  size_t i = 0;
  while (true) {
    while (i < line.size() && (IsSpace(line[i]) || line[i] == '\0')) ++i;
    if (i >= line.size()) return true;
    std::string word;
    while (i < line.size() && !IsSpace(line[i]) && line[i] != '\0') {
      const char c = line[i++];
      if (c == '"' || c == '\'') {
        if (!ReadQuoted(line, c, i, word)) return false;
        break;
      }
      word += c;
    }
    words->push_back(std::move(word));
  }
}

}  // namespace rha::resp
