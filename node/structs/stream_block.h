// StreamBlock: some entries of a stream that follow one another, in one block of memory.
//
//   block    head  fields  entry*
//   head     base id, bytes used and taken, entries, bytes of `fields`
//   fields   count:varint  text*                 the field names of the block's first entry
//   entry    size:varint  delta:varint  [seq:varint]  [count:varint]  ( [field:text] value:text )*
//
//   size     bytes of the entry behind it
//   delta    (ms - base.ms) << 2 | kHasSeq | kOwnFields     without kHasSeq the sequence number is
//            0; with kOwnFields the entry has its own field names, otherwise the block's
//   text     (bytes << 1 | is_integer):varint, then the bytes, or those of an integer (least first)
//   varint   7 bits a byte, least first, bit 7: more
//
// For `XADD key * field value`: 3 or 4 bytes and the value with its length. Text that is a
// canonical decimal is kept as integer. Entries are found by walking from the front, so a block is
// some kilobytes long.
//
// Invariants: ids ascend and are not below the base; bytes used include all that is described.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "node/structs/decimal.h"
#include "node/structs/stream_id.h"

namespace rha::node::structs {

// A field and its value, a field and its value, ...
using StreamFields = std::span<const std::string_view>;

// Reads texts of a block one behind another.
class StreamTextReader {
 public:
  explicit StreamTextReader(const char* at) : at_(at) {}
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= uint64_t{byte & 127u} << shift;
      if (byte < 128) return value;
    }
  }
  // Lies in the block or in `scratch`.
  std::string_view Text(DecimalText& scratch);
  void SkipText() {
    const uint64_t head = Varint();
    at_ += head >> 1;
  }
  const char* at() const { return at_; }

 private:
  const char* at_;
};

// One entry. Valid until its block changes.
class StreamEntry {
 public:
  StreamId id;
  size_t field_count = 0;

  // visit(field, value); the texts are valid for the call.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    DecimalText field_scratch, value_scratch;
    StreamTextReader fields(fields_), values(values_);
    for (size_t i = 0; i < field_count; ++i) {
      const std::string_view field = (own_fields_ ? values : fields).Text(field_scratch);
      visit(field, values.Text(value_scratch));
    }
  }
  bool own_fields() const { return own_fields_; }

 private:
  friend class StreamBlockView;
  bool own_fields_ = false;
  const char* fields_ = nullptr;  // of the block
  const char* values_ = nullptr;
};

// To read a block's bytes, wherever they lie.
class StreamBlockView {
 public:
  // An offset; End(): past the last.
  using Place = uint32_t;

  // REQUIRES: bytes() of a block. They must outlive the view, and lie aligned to 8.
  explicit StreamBlockView(const char* bytes) : base_(const_cast<char*>(bytes)) {}

  StreamId base() const { return head().base; }
  size_t count() const { return head().count; }
  std::string_view bytes() const { return {base_, head().used}; }
  Place First() const { return static_cast<Place>(sizeof(Head) + head().fields_bytes); }
  Place End() const { return head().used; }
  Place Next(Place at) const {
    StreamTextReader reader(base_ + at);
    const uint64_t size = reader.Varint();
    return static_cast<Place>(reader.at() + size - base_);
  }
  StreamId IdAt(Place at) const;
  StreamEntry Get(Place at) const;
  // The first whose id is not before `id`.
  Place From(StreamId id) const;
  // REQUIRES: count() > 0.
  StreamId FirstId() const { return IdAt(First()); }
  StreamId LastId() const;
  size_t field_count() const { return StreamTextReader(base_ + sizeof(Head)).Varint(); }
  // visit(field) for each of the block's own.
  template <typename Visit>
  void ForEachField(Visit&& visit) const {
    DecimalText scratch;
    StreamTextReader reader(base_ + sizeof(Head));
    for (uint64_t left = reader.Varint(); left > 0; --left) visit(reader.Text(scratch));
  }

 protected:
  struct Head {
    StreamId base;
    uint32_t used;  // with this head
    uint32_t taken;
    uint32_t count;
    uint32_t fields_bytes;
    uint32_t walk;  // for the owner
    uint32_t unused;
  };
  static_assert(sizeof(Head) == 40);
  const Head& head() const { return *reinterpret_cast<const Head*>(base_); }

  char* base_;
};

// A handle to a block on the heap; whoever keeps it frees it.
class StreamBlock : public StreamBlockView {
 public:
  StreamBlock() : StreamBlockView(nullptr) {}
  // Empty, with the field names of `entry`.
  static StreamBlock Make(StreamId base, StreamFields entry);
  StreamBlock Copy() const;
  void Free();
  explicit operator bool() const { return base_ != nullptr; }

  // What Append() needs for it, at most.
  static size_t BytesMax(StreamFields entry);
  // Its ids may be so far from the base.
  bool Reaches(StreamId id) const;
  // May move the block. REQUIRES: the id is behind all others, Reaches(id); the sum of bytes stays
  // below 4 GB; the texts do not lie in the block.
  void Append(StreamId id, StreamFields entry);
  // Erases what lies from one place up to the other: `count` entries.
  void Erase(Place from, Place to, size_t count);
  // Gives back what it does not use. May move it.
  void ShrinkToFit();

  size_t heap_bytes() const { return head().taken; }
  // A number for the owner.
  uint32_t walk() const { return head().walk; }
  void set_walk(uint32_t walk) { writable().walk = walk; }
  // For tests.
  void CheckInvariants() const;

 private:
  explicit StreamBlock(char* bytes) : StreamBlockView(bytes) {}
  Head& writable() { return *reinterpret_cast<Head*>(base_); }
  bool HasFieldsOf(StreamFields entry) const;
  void Resize(size_t bytes);
};

}  // namespace rha::node::structs
