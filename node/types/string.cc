#include "node/types/string.h"

#include <cstring>

namespace rha::node::types {

bool StringView::AsInteger(int64_t* value) const {
  if (!is_integer()) return structs::ParseDecimal(entry_.bytes(), value);
  *value = integer();
  return true;
}

size_t StringView::size() const {
  DecimalText scratch;
  return View(scratch).size();
}

std::string StringView::ToString() const {
  DecimalText scratch;
  return std::string(View(scratch));
}

void String::Set(int64_t value) {
  slot_.SetInteger(value);
  entry_ = slot_.entry();
}

void String::SetText(std::string_view text) {
  slot_.SetBytes(Form::kString, text);
  entry_ = slot_.entry();
}

void String::MakeBytes() {
  if (slot_.form() == Form::kStringEdited) return;
  // The tag makes room for a header: the bytes move once.
  slot_.SetBytes(Form::kStringEdited, ToString());
}

void String::Append(std::string_view tail) {
  MakeBytes();
  const size_t size = slot_.entry().bytes().size();
  char* bytes = slot_.Resize(size + tail.size());
  if (!tail.empty()) std::memcpy(bytes + size, tail.data(), tail.size());
  entry_ = slot_.entry();
}

void String::Overwrite(size_t offset, std::string_view bytes) {
  MakeBytes();
  const size_t size = slot_.entry().bytes().size();
  const size_t end = offset + bytes.size();
  char* const to = end > size ? slot_.Resize(end) : slot_.entry().mutable_bytes();
  if (offset > size) std::memset(to + size, 0, offset - size);
  if (!bytes.empty()) std::memcpy(to + offset, bytes.data(), bytes.size());
  entry_ = slot_.entry();
}

std::span<char> String::Bytes() {
  MakeBytes();
  entry_ = slot_.entry();
  const std::string_view bytes = entry_.bytes();
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

void String::Rewrite(std::string_view bytes) {
  MakeBytes();
  char* to = slot_.Resize(bytes.size());
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  entry_ = slot_.entry();
}

}  // namespace rha::node::types
