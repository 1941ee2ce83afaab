#include "node/structs/int_set.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "node/structs/heap.h"

namespace rha::node::structs {
namespace {

size_t WidthOf(int64_t value) {
  if (value == static_cast<int16_t>(value)) return 2;
  return value == static_cast<int32_t>(value) ? 4 : 8;
}

int64_t Load(const char* from, size_t width) {
  uint64_t word = 0;
  std::memcpy(&word, from, width);
  const int unused_bits = 64 - static_cast<int>(width) * 8;
  return static_cast<int64_t>(word << unused_bits) >> unused_bits;
}

Status Broken(const std::string& what) { return {Code::kCorrupt, "integer set: " + what}; }

}  // namespace

IntSet::IntSet() : base_(static_cast<char*>(HeapAllocate(kIntSetHeaderBytes))) {
  SetWord(0, 2);
  SetWord(4, 0);
}

IntSet::IntSet(std::string_view bytes) : base_(static_cast<char*>(HeapAllocate(bytes.size()))) {
  std::memcpy(base_, bytes.data(), bytes.size());
}

IntSet::~IntSet() {
  if (base_ != nullptr) HeapFree(base_, bytes_size());
}

size_t IntSet::heap_bytes() const { return HeapClass(bytes_size()); }

uint32_t IntSet::Word(size_t at) const {
  uint32_t word;
  std::memcpy(&word, base_ + at, sizeof word);
  return word;
}

void IntSet::SetWord(size_t at, size_t value) {
  const auto word = static_cast<uint32_t>(value);
  std::memcpy(base_ + at, &word, sizeof word);
}

int64_t IntSet::At(size_t index) const {
  return Load(base_ + kIntSetHeaderBytes + index * width(), width());
}

void IntSet::Store(size_t index, int64_t value) {
  std::memcpy(base_ + kIntSetHeaderBytes + index * width(), &value, width());
}

size_t IntSet::LowerBound(int64_t value) const {
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (At(middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool IntSet::Contains(int64_t value) const {
  if (WidthOf(value) > width()) return false;
  const size_t index = LowerBound(value);
  return index < size() && At(index) == value;
}

void IntSet::Reallocate(size_t bytes) {
  const size_t before = bytes_size();
  if (HeapClass(bytes) == HeapClass(before)) return;
  auto* block = static_cast<char*>(HeapAllocate(bytes));
  std::memcpy(block, base_, std::min(before, bytes));
  HeapFree(base_, before);
  base_ = block;
}

void IntSet::Widen(size_t wider) {
  const size_t count = size();
  const size_t narrow = width();
  Reallocate(kIntSetHeaderBytes + count * wider);
  SetWord(0, wider);
  for (size_t i = count; i-- > 0;) Store(i, Load(base_ + kIntSetHeaderBytes + i * narrow, narrow));
}

bool IntSet::Insert(int64_t value) {
  RHA_CHECK(size() < kIntSetCountMax);
  const size_t index = LowerBound(value);
  if (index < size() && At(index) == value) return false;
  if (WidthOf(value) > width()) Widen(WidthOf(value));
  const size_t count = size();
  Reallocate(bytes_size() + width());
  char* at = base_ + kIntSetHeaderBytes + index * width();
  std::memmove(at + width(), at, (count - index) * width());
  SetWord(4, count + 1);
  Store(index, value);
  return true;
}

bool IntSet::Erase(int64_t value) {
  const size_t index = LowerBound(value);
  const size_t count = size();
  if (index == count || At(index) != value) return false;
  char* at = base_ + kIntSetHeaderBytes + index * width();
  std::memmove(at, at + width(), (count - index - 1) * width());
  Reallocate(bytes_size() - width());
  SetWord(4, count - 1);
  return true;
}

Status IntSet::Validate(std::string_view bytes) {
  if (bytes.size() < kIntSetHeaderBytes) return Broken("cut off in its header");
  uint32_t width;
  uint32_t count;
  std::memcpy(&width, bytes.data(), sizeof width);
  std::memcpy(&count, bytes.data() + 4, sizeof count);
  if (width != 2 && width != 4 && width != 8) {
    return Broken("integers of " + std::to_string(width) + " bytes");
  }
  if (count == 0) return Broken("empty");
  if (count > kIntSetCountMax || bytes.size() != kIntSetHeaderBytes + size_t{width} * count) {
    return Broken("length does not fit " + std::to_string(count) + " integers");
  }
  for (size_t i = 1; i < count; ++i) {
    const char* at = bytes.data() + kIntSetHeaderBytes + i * width;
    if (Load(at - width, width) >= Load(at, width)) {
      return Broken("integer " + std::to_string(i) + " is out of order");
    }
  }
  return Status::Ok();
}

void IntSet::CheckInvariants() const { RHA_CHECK(empty() || Validate(bytes()).ok()); }

}  // namespace rha::node::structs
