// IntSet: a small set of integers, sorted in one block, in the bytes that Redis writes to its files
// (redis 7.0, intset.c).
//
//   int_set   width:u32  count:u32  integer*
//             width 2, 4 or 8 bytes; little-endian, ascending, none twice
//
// Complexity: Contains O(log n); Insert and Erase move what stands behind; an integer that needs
// more width rewrites all.
// Invariants: Validate() holds for bytes(), except that the set may be empty. The width never
// shrinks.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/base/status.h"

namespace rha::node::structs {

constexpr size_t kIntSetHeaderBytes = 8;
constexpr size_t kIntSetCountMax = size_t{1} << 26;

class IntSet {
 public:
  IntSet();
  // REQUIRES: Validate() accepted the bytes.
  explicit IntSet(std::string_view bytes);
  ~IntSet();
  IntSet(IntSet&& other) noexcept : base_(other.base_) { other.base_ = nullptr; }
  IntSet& operator=(IntSet&& other) noexcept {
    std::swap(base_, other.base_);
    return *this;
  }
  IntSet(const IntSet&) = delete;
  IntSet& operator=(const IntSet&) = delete;

  // Ok, or what is wrong. Never reads outside of `bytes`, whatever they are.
  static Status Validate(std::string_view bytes);

  size_t size() const { return Word(4); }
  bool empty() const { return size() == 0; }
  bool Contains(int64_t value) const;
  // REQUIRES: index < size(). Ascending.
  int64_t At(size_t index) const;
  // The first index whose integer is not below `value`; size() when there is none.
  size_t LowerBound(int64_t value) const;

  // False: was there already. REQUIRES: size() < kIntSetCountMax.
  bool Insert(int64_t value);
  // False: was not there.
  bool Erase(int64_t value);

  std::string_view bytes() const { return {base_, bytes_size()}; }
  size_t heap_bytes() const;
  // For tests.
  void CheckInvariants() const;

 private:
  size_t width() const { return Word(0); }
  size_t bytes_size() const { return kIntSetHeaderBytes + size() * width(); }
  uint32_t Word(size_t at) const;
  void SetWord(size_t at, size_t value);
  void Store(size_t index, int64_t value);
  void Reallocate(size_t bytes);
  void Widen(size_t width);

  char* base_;
};

}  // namespace rha::node::structs
