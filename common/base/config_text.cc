#include "common/base/config_text.h"

#include <algorithm>
#include <cctype>

namespace rha {
namespace {

bool IsBlank(char c) { return std::isspace(static_cast<unsigned char>(c)); }

// Fewer than the blanks that are skipped between words, as in Redis.
bool EndsWord(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
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

Status Unbalanced() { return {Code::kInvalid, "unbalanced quotes"}; }

// Reads the quoted text whose opening quote stands at `at`; leaves `at` behind the closing one.
Status ReadQuoted(std::string_view line, size_t& at, std::string& word) {
  const char quote = line[at++];
  while (at < line.size() && line[at] != quote) {
    if (line[at] != '\\' || at + 1 >= line.size()) {
      word += line[at++];
      continue;
    }
    const char next = line[at + 1];
    if (quote == '\'') {
      if (next != '\'') {
        word += line[at++];
        continue;
      }
      word += '\'';
      at += 2;
    } else if (next == 'x' && at + 3 < line.size() && HexDigit(line[at + 2]) >= 0 &&
               HexDigit(line[at + 3]) >= 0) {
      word += static_cast<char>(HexDigit(line[at + 2]) * 16 + HexDigit(line[at + 3]));
      at += 4;
    } else {
      word += Unescape(next);
      at += 2;
    }
  }
  if (at >= line.size()) return Unbalanced();
  ++at;
  if (at < line.size() && !IsBlank(line[at])) return Unbalanced();
  return Status::Ok();
}

}  // namespace

Result<std::vector<std::string>> SplitConfigWords(std::string_view line) {
  line = line.substr(0, line.find('\0'));
  std::vector<std::string> words;
  size_t at = 0;
  while (true) {
    while (at < line.size() && IsBlank(line[at])) ++at;
    if (at >= line.size()) return words;
    std::string word;
    while (at < line.size() && !EndsWord(line[at])) {
      if (line[at] == '"' || line[at] == '\'') {
        RHA_RETURN_IF_ERROR(ReadQuoted(line, at, word));
        break;
      }
      word += line[at++];
    }
    words.push_back(std::move(word));
  }
}

Result<std::vector<ConfigLine>> ParseConfigText(std::string_view text) {
  std::vector<ConfigLine> lines;
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const std::string where = "line " + std::to_string(number);
    if (line.find('\0') != std::string_view::npos) {
      return Status(Code::kInvalid, "a zero byte: the text is damaged").Context(where);
    }
    while (!line.empty() && IsBlank(line.front())) line.remove_prefix(1);
    if (line.empty() || line.front() == '#') continue;
    auto words = SplitConfigWords(line);
    if (!words.ok()) return std::move(words).status().Context(where);
    std::string& directive = words->front();
    std::transform(directive.begin(), directive.end(), directive.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    lines.push_back({number, std::move(*words)});
  }
  return lines;
}

std::string QuoteConfigWord(std::string_view word) {
  const auto plain = [](unsigned char c) {
    return std::isgraph(c) && c != '"' && c != '\'' && c != '\\';
  };
  if (!word.empty() && word.front() != '#' && std::all_of(word.begin(), word.end(), plain)) {
    return std::string(word);
  }
  constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\r') {
      quoted += "\\r";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (std::isprint(byte)) {
      quoted += c;
    } else {
      quoted += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return quoted + '"';
}

}  // namespace rha
