// Listpack: a short sequence of strings and integers in one block, in the bytes that Redis writes
// to its files (redis 7.0, listpack.c), so that loading and saving a small collection is a check
// and a copy.
//
//   listpack   bytes:u32  count:u16  element*  0xff          count 65535: unknown, walk
//   element    head  body  back                              all numbers are little-endian
//
//   head       0xxxxxxx             integer 0..127
//              10llllll             string of l bytes
//              110xxxxx xxxxxxxx    integer, 13 bits two's complement, high byte first
//              1110llll llllllll    string of l bytes, high byte first
//              11110000 l:u32       string of l bytes
//              11110001 i16 | 11110010 i24 | 11110011 i32 | 11110100 i64
//
//   back       size of head and body in 1..5 bytes of 7 bits, most significant first; bit 7 is
//              set in all but the first, so that it can be read from behind
//
// Places in it are offsets; 0 means "none", and the offset of 0xff is the end. Text that is a
// canonical decimal is always kept as integer.
//
// Complexity: both ends O(1); index and Find O(bytes); a change moves what stands behind it.
// Invariants: Validate() holds at any time; the block is HeapClass(bytes) long and never over
// kListpackBytesMax.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/status.h"
#include "node/structs/decimal.h"

namespace rha::node::structs {

constexpr size_t kListpackBytesMax = size_t{1} << 30;
constexpr size_t kListpackHeaderBytes = 6;
// What an element takes beyond its text, at most.
constexpr size_t kListpackElementOverheadMax = 10;

// An element; `bytes` points into the listpack.
struct ListpackValue {
  bool is_integer = false;
  int64_t integer = 0;
  std::string_view bytes;

  std::string_view Text(DecimalText& scratch) const {
    return is_integer ? FormatDecimal(integer, scratch) : bytes;
  }
  bool Equals(std::string_view text) const {
    DecimalText scratch;
    return Text(scratch) == text;
  }
};

// Read access to the bytes of a valid listpack that somebody else keeps.
class ListpackView {
 public:
  using Place = uint32_t;
  static constexpr Place kNone = 0;

  // REQUIRES: Validate() accepted the bytes. They must outlive the view.
  explicit ListpackView(const uint8_t* bytes) : base_(bytes) {}

  // Ok, or what is wrong and where. Never reads outside of `bytes`, whatever they are.
  static Status Validate(std::string_view bytes);

  size_t bytes_size() const;
  std::string_view bytes() const { return {reinterpret_cast<const char*>(base_), bytes_size()}; }
  size_t size() const;
  bool empty() const { return base_[kListpackHeaderBytes] == 0xff; }

  Place First() const { return empty() ? kNone : static_cast<Place>(kListpackHeaderBytes); }
  Place Last() const { return Prev(End()); }
  Place End() const { return static_cast<Place>(bytes_size() - 1); }
  // kNone behind the last and before the first element.
  Place Next(Place at) const;
  Place Prev(Place at) const;
  // From the front (0, 1, ..) or from behind (-1, -2, ..); kNone outside.
  Place Seek(int64_t index) const;
  ListpackValue Get(Place at) const;
  // The next element equal to `text` at or after `from`, looking only at every `step`-th; kNone:
  // none. REQUIRES: step >= 1.
  Place Find(Place from, std::string_view text, size_t step = 1) const;

 protected:
  Place Skip(Place at) const;  // as Next, but to the end instead of kNone

  const uint8_t* base_;
};

struct ListpackElement;

// A listpack of one's own.
class Listpack : public ListpackView {
 public:
  Listpack();
  // None at all: only to be assigned to or destroyed.
  explicit Listpack(std::nullptr_t) : ListpackView(nullptr) {}
  // REQUIRES: Validate() accepted the bytes.
  explicit Listpack(std::string_view bytes);
  ~Listpack();
  Listpack(Listpack&& other) noexcept : ListpackView(other.base_) { other.base_ = nullptr; }
  Listpack& operator=(Listpack&& other) noexcept {
    std::swap(base_, other.base_);
    return *this;
  }
  Listpack(const Listpack&) = delete;
  Listpack& operator=(const Listpack&) = delete;

  // False: `text_bytes` more in `elements` elements could exceed the limit.
  bool HasRoom(size_t text_bytes, size_t elements = 1) const {
    return bytes_size() + text_bytes + elements * kListpackElementOverheadMax <= kListpackBytesMax;
  }

  // All of them REQUIRE HasRoom(). The text may not lie in this listpack. Returned is the place of
  // what was written.
  Place Append(std::string_view text) { return Insert(End(), text); }
  Place Append(int64_t integer) { return Insert(End(), integer); }
  Place Prepend(std::string_view text) { return Insert(kListpackHeaderBytes, text); }
  // Before the element at `at` (or at the end).
  Place Insert(Place at, std::string_view text);
  Place Insert(Place at, int64_t integer);
  Place Replace(Place at, std::string_view text);
  Place Replace(Place at, int64_t integer);
  // Erases `count` elements from `at` on (fewer if there are fewer); the place of what followed, or
  // the end.
  Place Erase(Place at, size_t count = 1);
  void Clear();
  // Moves the elements from `at` on to a listpack of their own.
  Listpack SplitOff(Place at);
  // REQUIRES: room. Adds the elements of `other` behind the own ones.
  void AppendAll(const ListpackView& other);

  size_t heap_bytes() const;
  // For tests.
  void CheckInvariants() const;

 private:
  uint8_t* writable() { return const_cast<uint8_t*>(base_); }
  // Replaces `erased` bytes at `at` by `added` unset ones.
  uint8_t* Splice(Place at, size_t erased, size_t added);
  void AddToCount(int64_t change);
  Place Write(Place at, size_t erased, const ListpackElement& element);
};

// A listpack that is only written to a file: its bytes in a buffer that is used again and again.
class ListpackWriter {
 public:
  // Forgets what was written before.
  void Begin();
  void Append(std::string_view text);
  void Append(int64_t integer);
  // Valid until Begin(). REQUIRES: at most kListpackBytesMax have been written.
  std::string_view Finish();

 private:
  void AppendElement(const ListpackElement& element);

  std::string bytes_;
  size_t count_ = 0;
};

}  // namespace rha::node::structs
