// Entry: one key with its value and, if it has one, its expiry, in ONE heap block; the handle is
// one 64-bit word.
//
// The word carries the lengths and flags of a small entry, so that a small entry has no header at
// all: a 16-byte key with a 32-byte value takes a 48-byte block.
//
//   word    63     62        61      60..54      53..48    47..43      42..0
//          +------+---------+-------+-----------+---------+-----------+--------------+
//          | mark | integer | timed | value len | key len | hash bits | address / 16 |
//          +------+---------+-------+-----------+---------+-----------+--------------+
//          0: no entry
//
//   small   key len 0..62, value len 0..126
//           block   [expiry 8]  key  value
//           with a tag: "integer" set and value len 9..127, which no integer has; it counts the tag
//           block   [expiry 8]  key  tag  value
//
//   large   key len field = 63
//           block   header 8  [key length 4]  [expiry 8]  key  value
//
//           header   0      1     2..3         4..7
//                   +------+-----+------------+--------------+
//                   | kind | tag | key length | value length |
//                   +------+-----+------------+--------------+
//                   key length 0xffff: the true one follows in 4 bytes
//
//   value   bytes     as they are
//           integer   little-endian two's complement in "value len" = 1..8 bytes,
//                     as wide as the block lets it be
//           pointer   8 bytes: something bigger that the owner of the entry frees
//
// What stands in [..] is there only with the flag. `tag` is a number that the entry merely keeps.
//
// Invariants
//  * The block's size is a function of word and header: no query to the allocator.
//  * An entry is small whenever it can be: no pointer, short enough, a tag only with 8 bytes or
//    more.
//  * All fields are read and written by memcpy: nothing needs alignment.
//  * The handle is a plain value. Copying it copies no bytes; a setter voids older copies.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "node/structs/heap.h"

namespace rha::node::structs {

constexpr int64_t kEntryUntimed = INT64_MIN;

// What an entry holds, as an argument.
struct EntryValue {
  enum class Kind : uint8_t { kBytes, kInteger, kPointer };
  Kind kind = Kind::kBytes;
  uint8_t tag = 0;
  std::string_view bytes;
  int64_t integer = 0;
  void* pointer = nullptr;

  static EntryValue Bytes(std::string_view bytes, uint8_t tag = 0) {
    return {.kind = Kind::kBytes, .tag = tag, .bytes = bytes};
  }
  static EntryValue Integer(int64_t integer, uint8_t tag = 0) {
    return {.kind = Kind::kInteger, .tag = tag, .bytes = {}, .integer = integer};
  }
  static EntryValue Pointer(void* pointer, uint8_t tag) {
    return {.kind = Kind::kPointer, .tag = tag, .bytes = {}, .integer = 0, .pointer = pointer};
  }
};

// True when both hold the same `size` bytes. Keys are short: this beats a call of memcmp.
inline bool EqualBytes(const char* a, const char* b, size_t size) {
  uint64_t x, y;
  if (size >= 8) {
    for (size_t at = 0; at + 8 <= size; at += 8) {
      std::memcpy(&x, a + at, 8);
      std::memcpy(&y, b + at, 8);
      if (x != y) return false;
    }
    std::memcpy(&x, a + size - 8, 8);
    std::memcpy(&y, b + size - 8, 8);
    return x == y;
  }
  for (size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

class Entry {
 public:
  using Kind = EntryValue::Kind;
  static constexpr size_t kSmallKeyBytesMax = 62;
  static constexpr size_t kSmallValueBytesMax = 126;
  static constexpr size_t kKeyBytesMax = UINT32_MAX;
  static constexpr size_t kValueBytesMax = UINT32_MAX;
  static constexpr int kHashBits = 5;  // that the word has room for
  static constexpr size_t kIntegerBytesMax = 8;

  constexpr Entry() = default;
  // REQUIRES: sizes within the limits. The caller owns the block: Free() or hand on.
  static Entry Make(std::string_view key, const EntryValue& value,
                    int64_t expire_at = kEntryUntimed);
  void Free();

  explicit operator bool() const { return word_ != 0; }
  // The same block, whatever the marks.
  bool operator==(const Entry& other) const { return ((word_ ^ other.word_) & ~kMarkBit) == 0; }
  uint64_t word() const { return word_; }

  std::string_view key() const {
    if (is_small()) return {block() + expiry_bytes(), small_key_size()};
    return LargeKey();
  }
  bool HasKey(std::string_view key) const {
    if (is_small()) {
      return small_key_size() == key.size() &&
             EqualBytes(block() + expiry_bytes(), key.data(), key.size());
    }
    return LargeKey() == key;
  }

  Kind kind() const {
    if (!is_small()) return LargeHeader().kind;
    return (word_ & kIntegerBit) != 0 && !is_small_tagged() ? Kind::kInteger : Kind::kBytes;
  }
  uint8_t tag() const {
    if (!is_small()) return LargeHeader().tag;
    return is_small_tagged() ? static_cast<uint8_t>(block()[expiry_bytes() + small_key_size()]) : 0;
  }
  // REQUIRES: kind() == kBytes. Valid until a setter is called.
  std::string_view bytes() const {
    if (!is_small()) return LargeValue();
    const size_t tag_bytes = is_small_tagged() ? 1 : 0;
    return {block() + expiry_bytes() + small_key_size() + tag_bytes,
            small_value_size() - tag_bytes};
  }
  // The same bytes, to be written in place.
  char* mutable_bytes() { return const_cast<char*>(bytes().data()); }
  // The quick way of SetValue when a small value of bytes keeps its size; false: not the case.
  bool Overwrite(std::string_view bytes) {
    if (!is_small() || (word_ & kIntegerBit) != 0 || small_value_size() != bytes.size())
      return false;
    if (!bytes.empty()) std::memcpy(mutable_bytes(), bytes.data(), bytes.size());
    return true;
  }
  // REQUIRES: kind() == kInteger.
  int64_t integer() const;
  // REQUIRES: kind() == kPointer.
  void* pointer() const;

  bool is_timed() const { return (word_ & kTimedBit) != 0; }
  // kEntryUntimed: none.
  int64_t expire_at() const;

  // ---- setters; each may move the entry to another block. Mark and hash bits stay.
  // REQUIRES: `value.bytes` does not point into this entry.
  void SetValue(const EntryValue& value);
  void SetExpireAt(int64_t expire_at);
  // Makes the value `size` bytes long: keeps the front, leaves what is new unset; returns the
  // bytes. REQUIRES: kind() == kBytes.
  char* ResizeBytes(size_t size);

  // A bit for the owner: which entries a walk has dealt with.
  bool mark() const { return (word_ & kMarkBit) != 0; }
  void set_mark(bool mark) { word_ = mark ? word_ | kMarkBit : word_ & ~kMarkBit; }

  // For the table that keeps the handle.
  uint32_t hash_bits() const { return static_cast<uint32_t>(word_ >> kHashShift) & 31; }
  void set_hash_bits(uint32_t bits) {
    word_ = (word_ & ~(uint64_t{31} << kHashShift)) | (uint64_t{bits} << kHashShift);
  }
  // False when hash bits or key length already tell that the entry has another key.
  bool MayHaveKey(uint32_t hash_bits, size_t key_size) const {
    const uint64_t length = key_size <= kSmallKeyBytesMax ? key_size : kLarge;
    const uint64_t fields = (word_ >> kHashShift) & 0x7ff;
    // A large entry may have a short key (with a long value, a tag or a pointer).
    return fields == (length << kHashBits | hash_bits) ||
           fields == (uint64_t{kLarge} << kHashBits | hash_bits);
  }
  // The first line only: a second one for each of a batch crowds out the others (measured: 67 -> 99
  // ns).
  [[gnu::always_inline]] void Prefetch() const { __builtin_prefetch(block()); }

  // A copy whose block lies at `to`, which has room for block_bytes() and is aligned to 16. It must
  // not be freed or set.
  Entry CopyTo(char* to) const {
    std::memcpy(to, block(), block_bytes());
    Entry copy;
    copy.word_ = (word_ & ~kAddressMask) | reinterpret_cast<uint64_t>(to) >> 4;
    return copy;
  }
  size_t block_bytes() const { return BlockSize(); }
  // REQUIRES: kind() == kPointer.
  void ReplacePointer(void* pointer) {
    std::memcpy(const_cast<char*>(ValueBytes().data()), &pointer, sizeof pointer);
  }

  // The block's bytes, as the allocator counts them.
  size_t heap_bytes() const { return HeapClass(BlockSize()); }

 private:
  static constexpr uint64_t kMarkBit = uint64_t{1} << 63;
  static constexpr uint64_t kIntegerBit = uint64_t{1} << 62;
  static constexpr uint64_t kTimedBit = uint64_t{1} << 61;
  static constexpr int kValueShift = 54;
  static constexpr int kKeyShift = 48;
  static constexpr int kHashShift = 43;
  static constexpr uint64_t kAddressMask = (uint64_t{1} << kHashShift) - 1;
  static constexpr uint64_t kLarge = 63;

  struct Header {
    Kind kind;
    uint8_t tag;
    uint16_t key_size;
    uint32_t value_size;
  };
  static_assert(sizeof(Header) == 8);
  // Everything that decides a block's layout.
  struct Shape {
    bool small;
    bool timed;
    Kind kind;
    uint8_t tag;
    size_t key_size;
    size_t value_size;
    size_t KeyOffset() const;
    size_t TagBytes() const { return small && tag != 0 ? 1 : 0; }
    size_t ValueOffset() const { return KeyOffset() + key_size + TagBytes(); }
    size_t Size() const { return ValueOffset() + value_size; }
  };

  char* block() const { return reinterpret_cast<char*>((word_ & kAddressMask) << 4); }
  bool is_small() const { return ((word_ >> kKeyShift) & 63) != kLarge; }
  size_t small_key_size() const { return (word_ >> kKeyShift) & 63; }
  // REQUIRES: is_small().
  bool is_small_tagged() const {
    return (word_ & kIntegerBit) != 0 && small_value_size() > kIntegerBytesMax;
  }
  // As the word has it: with the tag.
  size_t small_value_size() const { return (word_ >> kValueShift) & 127; }
  size_t expiry_bytes() const { return (word_ & kTimedBit) >> 58; }  // 8 or 0

  static Shape ShapeFor(size_t key_size, const EntryValue& value, size_t value_size, bool timed);
  Shape CurrentShape() const;
  size_t BlockSize() const { return CurrentShape().Size(); }
  Header LargeHeader() const {
    Header header;
    std::memcpy(&header, block(), sizeof header);
    return header;
  }
  std::string_view LargeKey() const;
  std::string_view LargeValue() const;
  std::string_view ValueBytes() const;
  char* WriteFrame(char* block, const Shape& shape, int64_t expire_at);
  void Reshape(const Shape& shape, int64_t expire_at, size_t value_bytes_kept);
  void WriteValue(const EntryValue& value, size_t size);

  uint64_t word_ = 0;
};
static_assert(sizeof(Entry) == 8);

}  // namespace rha::node::structs
