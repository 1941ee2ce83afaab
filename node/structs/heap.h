// Heap blocks whose true size is known: jemalloc's size classes, computed instead of asked for.
//
//   classes   16 32 48 64 80 96 112 128 | 160 192 224 256 | 320 384 448 512 | ...
//             then four to each doubling
//
// Every structure of this folder allocates through here, so that it can fill a block to the brim
// before it asks for a larger one, and say exactly how much memory it takes without a call for
// each block. With another malloc (sanitizer builds) all works the same; only the figures are
// jemalloc's then.
//
// Thread rule: any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "common/base/check.h"

// jemalloc's sized free; null when the program does not run on jemalloc.
extern "C" __attribute__((weak)) void sdallocx(void* block, size_t size, int flags) noexcept;

namespace rha::node::structs {

constexpr size_t kHeapBlockBytesMin = 16;

// The bytes that a block of `size` bytes really takes.
constexpr size_t HeapClass(size_t size) {
  if (size <= kHeapBlockBytesMin) return kHeapBlockBytesMin;
  if (size <= 128) return (size + 15) & ~size_t{15};
  const int doubling = std::bit_width(size - 1) - 1;  // size is in (2^doubling, 2^(doubling+1)]
  const size_t step = size_t{1} << (doubling - 2);
  return (size + step - 1) & ~(step - 1);
}

// A block of HeapClass(size) bytes, all of them usable, aligned to 16. Never null: running out of
// memory ends the process, as in Redis.
inline void* HeapAllocate(size_t size) {
  void* block = std::malloc(HeapClass(size));
  RHA_CHECK(block != nullptr);
  return block;
}

// `size`: any size of the same class as the one asked for.
inline void HeapFree(void* block, size_t size) {
#if defined(RHA_ASAN) || defined(RHA_TSAN)
  (void)size;
  std::free(block);  // malloc is the sanitizer's, even where jemalloc is linked
#else
  if (sdallocx != nullptr) {
    sdallocx(block, HeapClass(size), 0);
  } else {
    std::free(block);
  }
#endif
}

// REQUIRES: size is a multiple of alignment. Freed with std::free.
inline void* HeapAllocateAligned(size_t alignment, size_t size) {
  void* block = std::aligned_alloc(alignment, size);
  RHA_CHECK(block != nullptr);
  return block;
}

}  // namespace rha::node::structs
