#include "node/codec/zipmap.h"

#include <fmt/format.h>

#include "node/codec/endian.h"

namespace rha::node::codec {
namespace {

constexpr uint8_t kEnd = 0xff;
constexpr uint8_t kLongLength = 0xfe;
constexpr size_t kCountUnknown = 254;

}  // namespace

Status ZipmapReader::Broken(std::string_view what) const {
  return {Code::kCorrupt, fmt::format("{} at byte {}", what, at_)};
}

Status ZipmapReader::Start() {
  if (bytes_.size() < 2) return Broken("too short");
  if (static_cast<uint8_t>(bytes_.back()) != kEnd) return Broken("no end mark");
  at_ = 1;
  return {};
}

Result<bool> ZipmapReader::Next(std::string_view* text) {
  if (left() == 0) {
    const auto claimed = static_cast<uint8_t>(bytes_[0]);
    if (texts_ == 0) return Broken("no fields");  // as Redis has it, which never wrote one
    if (texts_ % 2 != 0) return Broken("a field without value");
    if (claimed < kCountUnknown && claimed != texts_ / 2) return Broken("field count is wrong");
    return false;
  }
  const auto first = static_cast<uint8_t>(bytes_[at_]);
  if (first == kEnd) return Broken("an end mark before the end");
  const bool is_value = texts_ % 2 != 0;
  const size_t head = (first == kLongLength ? 5 : 1) + (is_value ? 1 : 0);
  if (head > left()) return Broken("entry is cut off");
  const size_t length = first == kLongLength ? LoadLittle(bytes_.data() + at_ + 1, 4) : first;
  const size_t unused = is_value ? static_cast<uint8_t>(bytes_[at_ + head - 1]) : 0;
  if (length + unused > left() - head) return Broken("entry is cut off");
  *text = bytes_.substr(at_ + head, length);
  at_ += head + length + unused;
  ++texts_;
  return true;
}

}  // namespace rha::node::codec
