#include <charconv>
#include <cmath>
#include <cstdlib>

#include "common/resp/parser.h"

namespace rha::resp {
namespace {

using Type = Value::Type;

bool ParseNumber(std::string_view text, int64_t* value) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool ParseDouble(std::string_view text, double* value) {
  const std::string copy(text);
  if (copy.empty()) return false;
  char* end = nullptr;
  *value = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size();
}

std::string Quoted(char c) {
  if (c >= ' ' && c < 0x7f) return std::string("'") + c + "'";
  return "byte " + std::to_string(static_cast<unsigned char>(c));
}

}  // namespace

Outcome ReplyParser::Fail(std::string message) {
  error_ = "reply: " + std::move(message);
  return Outcome::kError;
}

Outcome ReplyParser::Parse(std::string_view input) {
  while (!complete_) {
    const Outcome outcome = in_body_ ? Body(input) : Element(input);
    if (outcome != Outcome::kDone) {
      if (outcome == Outcome::kMore && input.size() > bytes_max_) return Fail("too large");
      return outcome;
    }
  }
  complete_ = false;
  items_ = 0;
  consumed_ = position_;
  position_ = 0;
  return Outcome::kDone;
}

Outcome ReplyParser::Line(std::string_view input, std::string_view* line) {
  const size_t end = input.find('\n', position_);
  if (end == std::string_view::npos) {
    if (input.size() - position_ > kReplyLineBytesMax) return Fail("line too long");
    return Outcome::kMore;
  }
  if (end == position_ || input[end - 1] != '\r') return Fail("line does not end with CRLF");
  if (end - position_ > kReplyLineBytesMax) return Fail("line too long");
  *line = input.substr(position_, end - 1 - position_);
  position_ = end + 1;
  return Outcome::kDone;
}

Outcome ReplyParser::Element(std::string_view input) {
  std::string_view line;
  if (const Outcome outcome = Line(input, &line); outcome != Outcome::kDone) return outcome;
  if (line.empty()) return Fail("empty line");
  const char kind = line[0];
  const std::string_view rest = line.substr(1);
  switch (kind) {
    case '$':
    case '=':
    case '!': {
      int64_t length = 0;
      if (!ParseNumber(rest, &length) || length < -1) return Fail("bad length");
      if (length == -1) return Finish(Value{});
      if (static_cast<uint64_t>(length) > bytes_max_) return Fail("too large");
      in_body_ = true;
      body_kind_ = kind;
      body_length_ = static_cast<size_t>(length);
      return Outcome::kDone;
    }
    case '*':
    case '%':
    case '~':
    case '>':
    case '|': {
      int64_t count = 0;
      if (!ParseNumber(rest, &count) || count < -1 || count > kReplyItemsMax) {
        return Fail("bad number of items");
      }
      return OpenAggregate(kind, count);
    }
    default: {
      Value value;
      if (const Outcome outcome = Scalar(kind, rest, &value); outcome != Outcome::kDone)
        return outcome;
      return Finish(std::move(value));
    }
  }
}

Outcome ReplyParser::Scalar(char kind, std::string_view text, Value* value) {
  switch (kind) {
    case '+':
      value->type = Type::kSimple;
      break;
    case '-':
      value->type = Type::kError;
      break;
    case ':':
      value->type = Type::kInteger;
      return ParseNumber(text, &value->integer) ? Outcome::kDone : Fail("bad integer");
    case '_':
      return text.empty() ? Outcome::kDone : Fail("bad null");
    case ',':
      value->type = Type::kDouble;
      if (!ParseDouble(text, &value->number)) return Fail("bad double");
      break;
    case '#':
      value->type = Type::kBool;
      if (text != "t" && text != "f") return Fail("bad boolean");
      value->integer = text == "t" ? 1 : 0;
      return Outcome::kDone;
    case '(':
      value->type = Type::kBigNumber;
      break;
    default:
      return Fail("unknown type " + Quoted(kind));
  }
  value->text = text;
  return Outcome::kDone;
}

Outcome ReplyParser::OpenAggregate(char kind, int64_t count) {
  Value value;
  switch (kind) {
    case '*':
      value.type = Type::kArray;
      break;
    case '%':
      value.type = Type::kMap;
      break;
    case '~':
      value.type = Type::kSet;
      break;
    case '>':
      value.type = Type::kPush;
      break;
    default:
      value.type = Type::kMap;
      break;  // an attribute
  }
  if (count == -1) return Finish(Value{});
  if (kind == '%' || kind == '|') count *= 2;
  if (count == 0) return kind == '|' ? Outcome::kDone : Finish(std::move(value));
  if (stack_.size() >= kReplyDepthMax) return Fail("nested too deeply");
  stack_.push_back({std::move(value), count, kind == '|'});
  return Outcome::kDone;
}

Outcome ReplyParser::Body(std::string_view input) {
  if (input.size() - position_ < body_length_ + 2) return Outcome::kMore;
  std::string_view text = input.substr(position_, body_length_);
  if (input.substr(position_ + body_length_, 2) != "\r\n")
    return Fail("value does not end with CRLF");
  position_ += body_length_ + 2;
  in_body_ = false;
  Value value;
  value.type = body_kind_ == '$' ? Type::kBulk : body_kind_ == '!' ? Type::kError : Type::kVerbatim;
  if (body_kind_ == '=') {
    if (text.size() < 4 || text[3] != ':') return Fail("bad verbatim string");
    text.remove_prefix(4);
  }
  value.text = text;
  return Finish(std::move(value));
}

// A value is whole: hand it to the aggregate it belongs to, which may thereby become whole itself.
Outcome ReplyParser::Finish(Value value) {
  while (!stack_.empty()) {
    if (++items_ * sizeof(Value) > bytes_max_) return Fail("too large");
    Frame& frame = stack_.back();
    frame.value.items.push_back(std::move(value));
    if (--frame.items_left > 0) return Outcome::kDone;
    const bool attribute = frame.attribute;
    value = std::move(frame.value);
    stack_.pop_back();
    if (attribute) return Outcome::kDone;  // the value it describes follows
  }
  value_ = std::move(value);
  complete_ = true;
  return Outcome::kDone;
}

}  // namespace rha::resp
