// Bucket: 128 bytes, two neighbouring cache lines, of a table of entries; one byte of hash (the
// tag) for each slot, all compared at once.
//
//   PlainBucket   0         14     15       16                                128
//   (members)    +---------+------+--------+---------------------------------+
//                | 14 tags | used | passed | 14 entries                      |
//                +---------+------+--------+---------------------------------+
//   AgedBucket    0         12     13       14      16        28       32             128
//   (keys)       +---------+------+--------+-------+---------+--------+--------------+
//                | 12 tags | used | passed | kinds | 12 ages | unused | 12 entries   |
//                +---------+------+--------+-------+---------+--------+--------------+
//                an age is a byte of the owner's, for eviction, and a bit that tells its kind
//
// Invariants: entries 0..used-1 are there, the others are null. `passed` counts the entries that
// belong here or further in front but had to be placed further behind: a search that finds 0 is
// over, so erasing leaves no tombstones. At 255 it sticks until the segment is rebuilt, which
// costs time but never correctness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "node/structs/entry.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace rha::node::structs {

constexpr size_t kBucketBytes = 128;
constexpr uint8_t kPassedSticks = 255;

// What an owner notes beside an entry.
struct AgeNote {
  uint8_t byte = 0;
  bool kind = false;
  bool operator==(const AgeNote&) const = default;
};

struct alignas(kBucketBytes) PlainBucket {
  static constexpr size_t kSlots = 14;
  static constexpr bool kAged = false;
  static constexpr size_t kFillPercent = 94;  // of a segment, before it grows
  uint8_t tags[kSlots];
  uint8_t used;
  uint8_t passed;
  Entry entries[kSlots];

  AgeNote age(size_t) const { return {}; }
  void set_age(size_t, AgeNote) {}
};

struct alignas(kBucketBytes) AgedBucket {
  static constexpr size_t kSlots = 12;
  static constexpr bool kAged = true;
  static constexpr size_t kFillPercent = 90;
  uint8_t tags[kSlots];
  uint8_t used;
  uint8_t passed;
  uint16_t kinds;
  uint8_t ages[kSlots];
  uint8_t unused[4];
  Entry entries[kSlots];

  AgeNote age(size_t at) const { return {ages[at], (kinds >> at & 1) != 0}; }
  void set_age(size_t at, AgeNote note) {
    ages[at] = note.byte;
    if ((kinds >> at & 1) != note.kind) kinds = static_cast<uint16_t>(kinds ^ 1 << at);
  }
};

static_assert(sizeof(PlainBucket) == kBucketBytes && sizeof(AgedBucket) == kBucketBytes);

template <class Bucket>
inline uint32_t MatchTagPortable(const Bucket& bucket, uint8_t tag) {
  uint32_t matches = 0;
  for (size_t slot = 0; slot < bucket.used; ++slot) {
    matches |= uint32_t{bucket.tags[slot] == tag} << slot;
  }
  return matches;
}

// Bit i: slot i is in use and has that tag.
template <class Bucket>
inline uint32_t MatchTag(const Bucket& bucket, uint8_t tag) {
#if defined(__SSE2__)
  const uint32_t in_use = (uint32_t{1} << bucket.used) - 1;
  const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
  const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
  return static_cast<uint32_t>(_mm_movemask_epi8(equal)) & in_use;
#else
  return MatchTagPortable(bucket, tag);
#endif
}

}  // namespace rha::node::structs
