#include "node/structs/stream_block.h"

#include <bit>
#include <cstring>

#include "common/base/check.h"
#include "node/structs/heap.h"

namespace rha::node::structs {
namespace {

constexpr uint64_t kHasSeq = 2;
constexpr uint64_t kOwnFields = 1;
constexpr int kDeltaShift = 2;
constexpr uint64_t kDeltaMax = UINT64_MAX >> kDeltaShift;
constexpr size_t kVarintBytesMax = 10;
// size, delta, seq, count
constexpr size_t kEntryHeadBytesMax = 4 * kVarintBytesMax;

char* WriteVarint(char* to, uint64_t value) {
  for (; value >= 128; value >>= 7) *to++ = static_cast<char>(value | 128);
  *to++ = static_cast<char>(value);
  return to;
}

// How many bytes keep the number, its sign included.
size_t IntegerBytes(int64_t value) {
  const auto magnitude = static_cast<uint64_t>(value ^ (value >> 63));
  return magnitude == 0 && value == 0 ? 0
                                      : (static_cast<size_t>(std::bit_width(magnitude)) / 8 + 1);
}

char* WriteText(char* to, std::string_view text) {
  int64_t integer = 0;
  if (ParseDecimal(text, &integer)) {
    const size_t bytes = IntegerBytes(integer);
    *to++ = static_cast<char>(bytes << 1 | 1);
    for (size_t i = 0; i < bytes; ++i) *to++ = static_cast<char>(integer >> (8 * i));
    return to;
  }
  to = WriteVarint(to, uint64_t{text.size()} << 1);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

std::string_view StreamTextReader::Text(DecimalText& scratch) {
  const uint64_t head = Varint();
  const uint64_t bytes = head >> 1;
  const char* const text = at_;
  at_ += bytes;
  if ((head & 1) == 0) return {text, bytes};
  uint64_t value = 0;
  for (uint64_t i = 0; i < bytes; ++i) {
    value |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  }
  const auto unused = static_cast<int>(64 - 8 * bytes);
  const auto integer = bytes == 0 ? 0 : static_cast<int64_t>(value << unused) >> unused;
  return FormatDecimal(integer, scratch);
}

// ---------------------------------------------------------------- reading

StreamId StreamBlockView::IdAt(Place at) const {
  StreamTextReader reader(base_ + at);
  reader.Varint();
  const uint64_t delta = reader.Varint();
  return {head().base.ms + (delta >> kDeltaShift), (delta & kHasSeq) != 0 ? reader.Varint() : 0};
}

StreamEntry StreamBlockView::Get(Place at) const {
  StreamTextReader reader(base_ + at);
  reader.Varint();
  const uint64_t delta = reader.Varint();
  StreamEntry entry;
  entry.id.ms = head().base.ms + (delta >> kDeltaShift);
  entry.id.seq = (delta & kHasSeq) != 0 ? reader.Varint() : 0;
  entry.own_fields_ = (delta & kOwnFields) != 0;
  StreamTextReader fields(base_ + sizeof(Head));
  entry.field_count = entry.own_fields_ ? reader.Varint() : fields.Varint();
  entry.fields_ = fields.at();
  entry.values_ = reader.at();
  return entry;
}

StreamBlockView::Place StreamBlockView::From(StreamId id) const {
  Place at = First();
  while (at != End() && IdAt(at) < id) at = Next(at);
  return at;
}

StreamId StreamBlockView::LastId() const {
  Place last = First();
  for (Place at = last; at != End(); at = Next(at)) last = at;
  return IdAt(last);
}

// ---------------------------------------------------------------- writing

size_t StreamBlock::BytesMax(StreamFields entry) {
  size_t bytes = kEntryHeadBytesMax;
  for (const std::string_view text : entry) bytes += text.size() + kVarintBytesMax;
  return bytes;
}

StreamBlock StreamBlock::Make(StreamId base, StreamFields entry) {
  size_t bytes = sizeof(Head) + kVarintBytesMax;
  for (size_t i = 0; i < entry.size(); i += 2) bytes += entry[i].size() + kVarintBytesMax;
  const size_t taken = HeapClass(bytes);
  StreamBlock block(static_cast<char*>(HeapAllocate(taken)));
  char* to = WriteVarint(block.base_ + sizeof(Head), entry.size() / 2);
  for (size_t i = 0; i < entry.size(); i += 2) to = WriteText(to, entry[i]);
  const auto used = static_cast<uint32_t>(to - block.base_);
  block.writable() = {.base = base,
                      .used = used,
                      .taken = static_cast<uint32_t>(taken),
                      .count = 0,
                      .fields_bytes = static_cast<uint32_t>(used - sizeof(Head)),
                      .walk = 0,
                      .unused = 0};
  return block;
}

StreamBlock StreamBlock::Copy() const {
  const size_t taken = HeapClass(head().used);
  StreamBlock copy(static_cast<char*>(HeapAllocate(taken)));
  std::memcpy(copy.base_, base_, head().used);
  copy.writable().taken = static_cast<uint32_t>(taken);
  copy.writable().walk = 0;
  return copy;
}

void StreamBlock::Free() {
  HeapFree(base_, head().taken);
  base_ = nullptr;
}

void StreamBlock::Resize(size_t bytes) {
  const size_t taken = HeapClass(bytes);
  if (taken == head().taken) return;
  RHA_CHECK(taken <= UINT32_MAX);
  auto* moved = static_cast<char*>(HeapAllocate(taken));
  std::memcpy(moved, base_, head().used);
  HeapFree(base_, head().taken);
  base_ = moved;
  writable().taken = static_cast<uint32_t>(taken);
}

void StreamBlock::ShrinkToFit() { Resize(head().used); }

bool StreamBlock::Reaches(StreamId id) const { return id.ms - head().base.ms <= kDeltaMax; }

bool StreamBlock::HasFieldsOf(StreamFields entry) const {
  StreamTextReader reader(base_ + sizeof(Head));
  if (reader.Varint() != entry.size() / 2) return false;
  DecimalText scratch;
  for (size_t i = 0; i < entry.size(); i += 2) {
    if (reader.Text(scratch) != entry[i]) return false;
  }
  return true;
}

void StreamBlock::Append(StreamId id, StreamFields entry) {
  // Sized by what is at most needed; a closed block gives the rest back.
  const size_t most = head().used + BytesMax(entry);
  if (most > head().taken) Resize(most);
  const bool own_fields = !HasFieldsOf(entry);
  char* const start = base_ + head().used;
  char* const body = start + 1;  // the size mostly takes one byte
  char* to = WriteVarint(body, (id.ms - head().base.ms) << kDeltaShift |
                                   (id.seq != 0 ? kHasSeq : 0) | (own_fields ? kOwnFields : 0));
  if (id.seq != 0) to = WriteVarint(to, id.seq);
  if (own_fields) to = WriteVarint(to, entry.size() / 2);
  for (size_t i = own_fields ? 0 : 1; i < entry.size(); i += own_fields ? 1 : 2) {
    to = WriteText(to, entry[i]);
  }
  const auto size = static_cast<size_t>(to - body);
  char head_bytes[kVarintBytesMax];
  const auto head_size = static_cast<size_t>(WriteVarint(head_bytes, size) - head_bytes);
  if (head_size > 1) std::memmove(start + head_size, body, size);
  std::memcpy(start, head_bytes, head_size);
  writable().used += static_cast<uint32_t>(head_size + size);
  ++writable().count;
}

void StreamBlock::Erase(Place from, Place to, size_t count) {
  std::memmove(base_ + from, base_ + to, head().used - to);
  writable().used -= to - from;
  writable().count -= static_cast<uint32_t>(count);
  if (HeapClass(head().used) <= head().taken / 2) ShrinkToFit();
}

void StreamBlock::CheckInvariants() const {
  RHA_CHECK(head().used <= head().taken && HeapClass(head().taken) == head().taken);
  size_t count = 0;
  StreamId last = head().base;
  for (Place at = First(); at != End(); at = Next(at), ++count) {
    RHA_CHECK(count == 0 ? last <= IdAt(at) : last < IdAt(at));
    last = IdAt(at);
  }
  RHA_CHECK(count == head().count);
}

}  // namespace rha::node::structs
