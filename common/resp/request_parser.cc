#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/base/config_text.h"
#include "common/resp/parser.h"

namespace rha::resp {
namespace {

constexpr size_t kNotFound = std::string_view::npos;

size_t FindByte(std::string_view input, size_t from, char byte) {
  if (from >= input.size()) return kNotFound;
  const void* found = std::memchr(input.data() + from, byte, input.size() - from);
  return found == nullptr ? kNotFound
                          : static_cast<size_t>(static_cast<const char*>(found) - input.data());
}

// As Redis' string2ll: canonical decimal text only.
bool ParseLength(std::string_view text, int64_t* value) {
  if (text.empty() || text[0] == '+') return false;
  const size_t first_digit = text[0] == '-' ? 1 : 0;
  if (text.size() > first_digit + 1 && text[first_digit] == '0') return false;
  if (text == "-0") return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

// A length line of a request; the short ones, which are nearly all, without from_chars.
bool ParseHeaderNumber(std::string_view text, int64_t* value) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') {
    *value = text[0] - '0';
    return true;
  }
  return ParseLength(text, value);
}

constexpr std::string_view kLineEnd = "\r\n";

// "<mark>digits\r\n" at `at`, with 1..`digits_max` digits and no leading zero; moves behind it.
bool ReadShortHeader(std::string_view input, char mark, size_t digits_max, size_t* at,
                     size_t* number) {
  size_t i = *at;
  if (i >= input.size() || input[i] != mark) return false;
  const size_t first = ++i;
  size_t value = 0;
  for (; i < input.size() && input[i] >= '0' && input[i] <= '9'; ++i) {
    if (i - first == digits_max) return false;
    value = value * 10 + static_cast<size_t>(input[i] - '0');
  }
  if (i == first || (input[first] == '0' && i - first > 1)) return false;
  if (input.substr(i, 2) != kLineEnd) return false;
  *at = i + 2;
  *number = value;
  return true;
}

}  // namespace

size_t ParseWholeRequest(std::string_view input, std::vector<std::string_view>* words) {
  constexpr size_t kCountDigits = 3, kLengthDigits = 4;
  static_assert(kShortRequestWordsMax == 999 && kShortBulkBytesMax == 9999);
  size_t at = 0, count = 0, length = 0;
  if (!ReadShortHeader(input, '*', kCountDigits, &at, &count) || count == 0) return 0;
  const size_t words_before = words->size();
  for (size_t i = 0; i < count; ++i) {
    if (!ReadShortHeader(input, '$', kLengthDigits, &at, &length) ||
        input.size() - at < length + 2 || input.substr(at + length, 2) != kLineEnd) {
      words->resize(words_before);
      return 0;
    }
    words->push_back(input.substr(at, length));
    at += length + 2;
  }
  return at;
}

Outcome RequestParser::Fail(std::string message) {
  error_ = "Protocol error: " + std::move(message);
  phase_ = Phase::kStart;
  return Outcome::kError;
}

Outcome RequestParser::Parse(std::string_view input) {
  if (phase_ == Phase::kStart) {
    if (input.empty()) {
      bytes_wanted_ = 1;
      return Outcome::kMore;
    }
    position_ = 0;
    if (input[0] != '*') return ParseInline(input);
    const Outcome outcome = ParseCount(input);
    if (outcome != Outcome::kMore || phase_ == Phase::kStart) return outcome;
  }
  return ParseBulks(input);
}

// kMore with phase kBulkHeader: the count is known, go on.
void RequestParser::Trim() {
  if (args_.capacity() <= kArgsKeptMax && pieces_.capacity() <= kArgsKeptMax) return;
  args_ = std::vector<std::string_view>();
  pieces_ = std::vector<Piece>();
}

Outcome RequestParser::ParseCount(std::string_view input) {
  const size_t end = FindByte(input, 0, '\r');
  if (end == kNotFound) {
    if (input.size() > kInlineBytesMax) return Fail("too big mbulk count string");
    bytes_wanted_ = input.size() + 1;
    return Outcome::kMore;
  }
  if (end + 2 > input.size()) {
    bytes_wanted_ = end + 2;
    return Outcome::kMore;
  }
  int64_t count = 0;
  if (!ParseHeaderNumber(input.substr(1, end - 1), &count) || count > kRequestArgsMax) {
    return Fail("invalid multibulk length");
  }
  if (count > kUnauthenticatedArgsMax && unauthenticated_) {
    return Fail("unauthenticated multibulk length");
  }
  position_ = end + 2;
  pieces_.clear();
  word_bytes_ = 0;
  if (count <= 0) return Done(input);
  bulks_left_ = count;
  phase_ = Phase::kBulkHeader;
  return Outcome::kMore;
}

Outcome RequestParser::ParseBulkHeader(std::string_view input) {
  const size_t end = FindByte(input, position_, '\r');
  if (end == kNotFound) {
    if (input.size() - position_ > kInlineBytesMax) return Fail("too big bulk count string");
    bytes_wanted_ = input.size() + 1;
    return Outcome::kMore;
  }
  if (end + 2 > input.size()) {
    bytes_wanted_ = end + 2;
    return Outcome::kMore;
  }
  if (input[position_] != '$') {
    return Fail(std::string("expected '$', got '") + input[position_] + "'");
  }
  int64_t length = 0;
  if (!ParseHeaderNumber(input.substr(position_ + 1, end - position_ - 1), &length) || length < 0 ||
      length > bulk_bytes_max_) {
    return Fail("invalid bulk length");
  }
  if (length > kUnauthenticatedBulkBytesMax && unauthenticated_) {
    return Fail("unauthenticated bulk length");
  }
  position_ = end + 2;
  bulk_length_ = static_cast<size_t>(length);
  phase_ = Phase::kBulkBody;
  return Outcome::kMore;
}

Outcome RequestParser::ParseBulks(std::string_view input) {
  while (bulks_left_ > 0) {
    if (phase_ == Phase::kBulkHeader) {
      const Outcome outcome = ParseBulkHeader(input);
      if (outcome == Outcome::kError || phase_ == Phase::kBulkHeader) return outcome;
    }
    if (input.size() - position_ < bulk_length_ + 2) {
      bytes_wanted_ = position_ + bulk_length_ + 2;
      return Outcome::kMore;
    }
    // Redis does not look at the two bytes behind the value either.
    pieces_.push_back({position_, bulk_length_});
    word_bytes_ += bulk_length_;
    position_ += bulk_length_ + 2;
    --bulks_left_;
    phase_ = Phase::kBulkHeader;
  }
  return Done(input);
}

Outcome RequestParser::Done(std::string_view input) {
  args_.resize(pieces_.size());
  for (size_t i = 0; i < pieces_.size(); ++i) {
    args_[i] = std::string_view(input.data() + pieces_[i].offset, pieces_[i].length);
  }
  consumed_ = position_;
  bytes_wanted_ = 0;
  phase_ = Phase::kStart;
  return Outcome::kDone;
}

Outcome RequestParser::ParseInline(std::string_view input) {
  // As in Redis, a zero byte hides all that follows it: no line ends behind one.
  const size_t newline = input.find_first_of(std::string_view("\n\0", 2));
  if (newline == kNotFound || input[newline] == '\0') {
    if (input.size() > kInlineBytesMax) return Fail("too big inline request");
    bytes_wanted_ = input.size() + 1;
    return Outcome::kMore;
  }
  size_t length = newline;
  if (length > 0 && input[length - 1] == '\r') --length;
  auto words = SplitConfigWords(input.substr(0, length));
  if (!words.ok()) return Fail("unbalanced quotes in request");
  inline_words_ = std::move(*words);
  args_.assign(inline_words_.begin(), inline_words_.end());
  consumed_ = newline + 1;
  bytes_wanted_ = 0;
  return Outcome::kDone;
}

}  // namespace rha::resp
