#include "node/keyspace/string_value.h"

#include <charconv>

#include "node/keyspace/limits.h"

namespace rha::node::keyspace {

bool ParseInteger(std::string_view text, int64_t* value) {
  if (text.empty() || text.size() > 20) return false;
  const bool negative = text[0] == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return false;
  if (digits[0] == '0' && (negative || digits.size() > 1)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view FormatInteger(int64_t value, NumberBuffer& buffer) {
  const char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), static_cast<size_t>(end - buffer.data())};
}

StringValue::StringValue(std::string_view bytes) {
  if (ParseInteger(bytes, &number_)) {
    kind_ = Kind::kNumber;
  } else {
    bytes_ = bytes;
  }
}

bool StringValue::AsInteger(int64_t* value) const {
  if (!is_number()) return ParseInteger(bytes_, value);
  *value = number_;
  return true;
}

size_t StringValue::size() const {
  if (!is_number()) return bytes_.size();
  NumberBuffer scratch;
  return FormatInteger(number_, scratch).size();
}

std::string StringValue::ToString() const {
  NumberBuffer scratch;
  return std::string(View(scratch));
}

const char* StringValue::encoding() const {
  if (is_number()) return "int";
  return kind_ == Kind::kWhole && bytes_.size() <= kEmbeddedStringBytesMax ? "embstr" : "raw";
}

size_t StringValue::heap_bytes() const {
  static const size_t in_place = std::string().capacity();
  return bytes_.capacity() > in_place ? bytes_.capacity() + 1 : 0;
}

void StringValue::MakeBytes() {
  if (is_number()) bytes_ = ToString();
  kind_ = Kind::kEdited;
}

void StringValue::Append(std::string_view tail) {
  MakeBytes();
  bytes_ += tail;
}

void StringValue::Overwrite(size_t offset, std::string_view bytes) {
  MakeBytes();
  if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
  bytes_.replace(offset, bytes.size(), bytes);
}

}  // namespace rha::node::keyspace
