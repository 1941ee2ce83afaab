#include "node/structs/entry.h"

#include <algorithm>

namespace rha::node::structs {
namespace {

constexpr uint16_t kLongKey = 0xffff;

// The fewest bytes, 1..8, that hold the number in two's complement.
size_t IntegerWidth(int64_t value) {
  const auto magnitude = static_cast<uint64_t>(value < 0 ? ~value : value);
  return static_cast<size_t>(std::bit_width(magnitude)) / 8 + 1;
}

}  // namespace

size_t Entry::Shape::KeyOffset() const {
  size_t offset = timed ? 8 : 0;
  if (!small) offset += sizeof(Header) + (key_size >= kLongKey ? 4 : 0);
  return offset;
}

Entry::Shape Entry::ShapeFor(size_t key_size, const EntryValue& value, size_t value_size,
                             bool timed) {
  RHA_CHECK(key_size <= kKeyBytesMax && value_size <= kValueBytesMax);
  // A tag stands in a small block only where the word cannot mean an integer.
  const bool tag_fits =
      value.tag == 0 || (value.kind == Kind::kBytes && value_size >= kIntegerBytesMax);
  Shape shape{.small = tag_fits && value.kind != Kind::kPointer && key_size <= kSmallKeyBytesMax &&
                       value_size <= kSmallValueBytesMax,
              .timed = timed,
              .kind = value.kind,
              .tag = value.tag,
              .key_size = key_size,
              .value_size = value_size};
  if (value.kind == Kind::kPointer) shape.value_size = sizeof(void*);
  if (value.kind == Kind::kInteger) {  // the slack of the block costs nothing: room to count up
    const size_t without = shape.ValueOffset();
    shape.value_size = std::min<size_t>(8, HeapClass(without + value_size) - without);
  }
  return shape;
}

Entry::Shape Entry::CurrentShape() const {
  if (is_small()) {
    return {.small = true,
            .timed = is_timed(),
            .kind = kind(),
            .tag = tag(),
            .key_size = small_key_size(),
            .value_size = bytes().size()};
  }
  const Header header = LargeHeader();
  return {.small = false,
          .timed = is_timed(),
          .kind = header.kind,
          .tag = header.tag,
          .key_size = LargeKey().size(),
          .value_size = header.value_size};
}

std::string_view Entry::LargeKey() const {
  const char* const behind_header = block() + sizeof(Header);
  uint32_t size = LargeHeader().key_size;
  size_t offset = expiry_bytes();
  if (size == kLongKey) {
    std::memcpy(&size, behind_header, sizeof size);
    offset += sizeof size;
  }
  return {behind_header + offset, size};
}

std::string_view Entry::LargeValue() const {
  const std::string_view key = LargeKey();
  return {key.data() + key.size(), LargeHeader().value_size};
}

// The stored value whatever its kind.
std::string_view Entry::ValueBytes() const { return bytes(); }

int64_t Entry::integer() const {
  const std::string_view stored = ValueBytes();
  uint64_t word = 0;
  std::memcpy(&word, stored.data(), stored.size());
  const int unused_bits = 64 - static_cast<int>(stored.size()) * 8;
  return static_cast<int64_t>(word << unused_bits) >> unused_bits;
}

void* Entry::pointer() const {
  void* pointer;
  std::memcpy(&pointer, ValueBytes().data(), sizeof pointer);
  return pointer;
}

int64_t Entry::expire_at() const {
  if (!is_timed()) return kEntryUntimed;
  int64_t expire_at;
  std::memcpy(&expire_at, key().data() - sizeof expire_at, sizeof expire_at);
  return expire_at;
}

// Writes everything in front of the key and makes the word say so; keeps mark and hash bits.
// Returns the key's place.
char* Entry::WriteFrame(char* block, const Shape& shape, int64_t expire_at) {
  const auto address = reinterpret_cast<uint64_t>(block);
  RHA_CHECK((address & 15) == 0 && (address >> 4) <= kAddressMask);
  word_ = (word_ & (kMarkBit | uint64_t{31} << kHashShift)) | address >> 4;
  if (shape.timed) word_ |= kTimedBit;
  char* at = block;
  if (shape.small) {
    if (shape.kind == Kind::kInteger || shape.tag != 0) word_ |= kIntegerBit;
    word_ |= uint64_t{shape.value_size + shape.TagBytes()} << kValueShift | uint64_t{shape.key_size}
                                                                                << kKeyShift;
  } else {
    word_ |= kLarge << kKeyShift;
    const bool long_key = shape.key_size >= kLongKey;
    const Header header{shape.kind, shape.tag,
                        long_key ? kLongKey : static_cast<uint16_t>(shape.key_size),
                        static_cast<uint32_t>(shape.value_size)};
    std::memcpy(at, &header, sizeof header);
    at += sizeof header;
    if (long_key) {
      const auto size = static_cast<uint32_t>(shape.key_size);
      std::memcpy(at, &size, sizeof size);
      at += sizeof size;
    }
  }
  if (shape.timed) {
    std::memcpy(at, &expire_at, sizeof expire_at);
    at += sizeof expire_at;
  }
  if (shape.TagBytes() != 0) at[shape.key_size] = static_cast<char>(shape.tag);
  return at;
}

void Entry::WriteValue(const EntryValue& value, size_t size) {
  char* to = mutable_bytes();
  switch (value.kind) {
    case Kind::kBytes:
      if (!value.bytes.empty()) std::memcpy(to, value.bytes.data(), value.bytes.size());
      return;
    case Kind::kInteger:
      std::memcpy(to, &value.integer, size);
      return;
    case Kind::kPointer:
      std::memcpy(to, &value.pointer, sizeof value.pointer);
      return;
  }
}

Entry Entry::Make(std::string_view key, const EntryValue& value, int64_t expire_at) {
  const size_t size =
      value.kind == Kind::kInteger ? IntegerWidth(value.integer) : value.bytes.size();
  const Shape shape = ShapeFor(key.size(), value, size, expire_at != kEntryUntimed);
  Entry entry;
  auto* block = static_cast<char*>(HeapAllocate(shape.Size()));
  char* to = entry.WriteFrame(block, shape, expire_at);
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  entry.WriteValue(value, shape.value_size);
  return entry;
}

void Entry::Free() {
  HeapFree(block(), BlockSize());
  word_ = 0;
}

// Changes the layout, in place where key and block stay as they are. `value_bytes_kept` of the
// value survive.
void Entry::Reshape(const Shape& shape, int64_t expire_at, size_t value_bytes_kept) {
  const Shape before = CurrentShape();
  const size_t bytes_before = before.Size();
  if (before.KeyOffset() == shape.KeyOffset() &&
      HeapClass(bytes_before) == HeapClass(shape.Size())) {
    WriteFrame(block(), shape, expire_at);
    return;
  }
  char* old_block = block();
  auto* new_block = static_cast<char*>(HeapAllocate(shape.Size()));
  char* to = WriteFrame(new_block, shape, expire_at);
  std::memcpy(to, old_block + before.KeyOffset(), shape.key_size);
  if (value_bytes_kept > 0) {
    std::memcpy(new_block + shape.ValueOffset(), old_block + before.ValueOffset(),
                value_bytes_kept);
  }
  HeapFree(old_block, bytes_before);
}

void Entry::SetValue(const EntryValue& value) {
  const Shape before = CurrentShape();
  if (value.kind == Kind::kInteger && before.kind == Kind::kInteger && value.tag == before.tag &&
      IntegerWidth(value.integer) <= before.value_size) {
    WriteValue(value, before.value_size);
    return;
  }
  const size_t size =
      value.kind == Kind::kInteger ? IntegerWidth(value.integer) : value.bytes.size();
  const Shape shape = ShapeFor(before.key_size, value, size, before.timed);
  Reshape(shape, expire_at(), 0);
  WriteValue(value, shape.value_size);
}

void Entry::SetExpireAt(int64_t expire_at) {
  Shape shape = CurrentShape();
  shape.timed = expire_at != kEntryUntimed;
  Reshape(shape, expire_at, shape.value_size);
}

char* Entry::ResizeBytes(size_t size) {
  const Shape before = CurrentShape();
  RHA_CHECK(before.kind == Kind::kBytes);
  const EntryValue like{.kind = Kind::kBytes, .tag = before.tag, .bytes = {}};
  const Shape shape = ShapeFor(before.key_size, like, size, before.timed);
  Reshape(shape, expire_at(), std::min(size, before.value_size));
  return mutable_bytes();
}

}  // namespace rha::node::structs
