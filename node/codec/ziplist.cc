#include "node/codec/ziplist.h"

#include <fmt/format.h>

#include "node/codec/endian.h"

namespace rha::node::codec {
namespace {

constexpr size_t kHeaderBytes = 10;
constexpr size_t kCountUnknown = 65535;
constexpr uint8_t kEnd = 0xff;
constexpr uint8_t kLongPrevious = 0xfe;

// Bytes of the integer that follows such a head; 0: it lies in the head; -1: no such head.
int IntegerBytes(uint8_t head) {
  switch (head) {
    case 0xc0:
      return 2;
    case 0xd0:
      return 4;
    case 0xe0:
      return 8;
    case 0xf0:
      return 3;
    case 0xfe:
      return 1;
    default:
      return head > 0xf0 && head < 0xfe ? 0 : -1;
  }
}

}  // namespace

Status ZiplistReader::Broken(std::string_view what) const {
  return {Code::kCorrupt, fmt::format("{} at byte {}", what, at_)};
}

Status ZiplistReader::Start() {
  if (bytes_.size() < kHeaderBytes + 1) return Broken("too short");
  if (LoadLittle(bytes_.data(), 4) != bytes_.size()) return Broken("length is not the true one");
  if (static_cast<uint8_t>(bytes_.back()) != kEnd) return Broken("no end mark");
  at_ = kHeaderBytes;
  return {};
}

size_t ZiplistReader::announced() const { return LoadLittle(bytes_.data() + 8, 2); }

Status ZiplistReader::Finish() const {
  if (last_ != 0 && LoadLittle(bytes_.data() + 4, 4) != last_) {
    return Broken("offset of the last entry is wrong");
  }
  if (announced() != kCountUnknown && announced() != count_) return Broken("entry count is wrong");
  return {};
}

Status ZiplistReader::SkipPrevious() {
  const size_t before = last_ == 0 ? 0 : at_ - last_;
  const size_t bytes = static_cast<uint8_t>(bytes_[at_]) == kLongPrevious ? 5 : 1;
  if (bytes >= left()) return Broken("entry is cut off");
  const size_t claimed = LoadLittle(bytes_.data() + at_ + (bytes == 5 ? 1 : 0), bytes == 5 ? 4 : 1);
  if (claimed != before) return Broken("backward length is wrong");
  at_ += bytes;
  return {};
}

Result<bool> ZiplistReader::Next(structs::ListpackValue* value) {
  if (left() == 0) {
    RHA_RETURN_IF_ERROR(Finish());
    return false;
  }
  const size_t start = at_;
  RHA_RETURN_IF_ERROR(SkipPrevious());
  const auto head = static_cast<uint8_t>(bytes_[at_]);
  if (head < 0xc0) {
    const size_t head_bytes = head < 0x40 ? 1 : head < 0x80 ? 2 : 5;
    if (head_bytes > left()) return Broken("entry is cut off");
    const size_t length = head < 0x80 ? LoadBig(bytes_.data() + at_, head_bytes) & 0x3fff
                                      : LoadBig(bytes_.data() + at_ + 1, 4);
    if (length > left() - head_bytes) return Broken("entry is cut off");
    *value = {false, 0, bytes_.substr(at_ + head_bytes, length)};
    at_ += head_bytes + length;
  } else {
    const int bytes = IntegerBytes(head);
    if (bytes < 0) return Broken("unknown encoding");
    const auto size = static_cast<size_t>(bytes);
    if (size + 1 > left()) return Broken("entry is cut off");
    const int64_t integer =
        bytes == 0 ? (head & 0x0f) - 1 : LoadLittleSigned(bytes_.data() + at_ + 1, size);
    *value = {true, integer, {}};
    at_ += 1 + size;
  }
  last_ = start;
  ++count_;
  return true;
}

}  // namespace rha::node::codec
