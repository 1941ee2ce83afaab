#include "node/structs/entry_table.h"

#include <bit>
#include <limits>

namespace rha::node::structs {
namespace {

// A segment is given as many buckets as keep it below these loads when it is made anew.
constexpr size_t kLoadAfterSplitPercent = 80;
constexpr size_t kLoadAfterShrinkPercent = 65;
// Neighbours join when together they hold no more than so many buckets' worth.
constexpr size_t kJoinedBucketsMax = 12;
// While splitting, this many keys ahead are on their way to the cache.
constexpr size_t kPrefetchAhead = 16;

// A cursor: the bits of the directory, 13 of home, 5 of depth.
constexpr int kCursorHomeShift = 5;
constexpr int kCursorPrefixShift = kCursorHomeShift + kHomeBits;
constexpr int kPrefixUnusedBits = 64 - kDirectoryDepthMax;

// The next number of buckets that fills an allocation of the heap.
size_t FitBuckets(size_t buckets) { return HeapClass(buckets * kBucketBytes) / kBucketBytes; }

}  // namespace

template <class Bucket>
size_t EntryTable<Bucket>::BucketsFor(size_t entries, size_t percent) {
  if (entries == 0) return 0;
  size_t buckets = 1;
  while (entries * 100 > buckets * kSlots * percent) buckets = FitBuckets(buckets + 1);
  return buckets;
}

template <class Bucket>
auto EntryTable<Bucket>::NewSegment(size_t bucket_count, int depth) -> Cell {
  Cell cell;
  cell.depth = static_cast<uint32_t>(depth);
  cell.bucket_count = static_cast<uint32_t>(bucket_count);
  RHA_CHECK(cell.bucket_count == bucket_count);
  if (bucket_count > 0) {
    const size_t bytes = bucket_count * kBucketBytes;
    void* block = HeapAllocateAligned(kBucketBytes, bytes);
    std::memset(block, 0, bytes);
    cell.buckets = static_cast<Bucket*>(block);
  }
  bucket_count_ += bucket_count;
  largest_segment_ = std::max(largest_segment_, bucket_count);
  return cell;
}

template <class Bucket>
void EntryTable<Bucket>::FreeSegment(const Cell& cell) {
  bucket_count_ -= cell.bucket_count;
  std::free(cell.buckets);
}

template <class Bucket>
void EntryTable<Bucket>::SetCells(size_t first, const Cell& cell) {
  std::fill_n(cells_.begin() + static_cast<ptrdiff_t>(first), CellCount(cell), cell);
}

// The entries' own bits say where they go: no key is read.
template <class Bucket>
void EntryTable<Bucket>::MoveAll(const Cell& from, Cell& to) {
  for (size_t at = 0; at < from.bucket_count; ++at) {
    const Bucket& bucket = from.buckets[at];
    for (size_t slot = 0; slot < bucket.used; ++slot) {
      const auto [target, place] = Place(to, bucket.entries[slot], HomeBits(bucket, slot));
      target->set_age(place, bucket.age(slot));
    }
  }
  to.entries += from.entries;
}

template <class Bucket>
void EntryTable<Bucket>::ResizeSegment(size_t first, size_t bucket_count) {
  const Cell before = cells_[first];
  Cell after = NewSegment(bucket_count, static_cast<int>(before.depth));
  MoveAll(before, after);
  after.entries = before.entries;
  FreeSegment(before);
  SetCells(first, after);
}

// A segment may be deeper than an even spread explains only by a little, so that keys made to
// collide cannot blow up the directory.
template <class Bucket>
bool EntryTable<Bucket>::MaySplit(const Cell& cell) const {
  const auto depth = static_cast<int>(cell.depth);
  return depth < kDirectoryDepthMax &&
         depth <= static_cast<int>(std::bit_width(size_ / (8 * kSlots)));
}

template <class Bucket>
void EntryTable<Bucket>::MakeRoom(uint64_t hash) {
  for (;;) {
    const size_t first = FirstCell(CellOf(hash));
    const Cell& cell = cells_[first];
    if (cell.entries < EntriesMax(cell.bucket_count)) return;
    if (cell.bucket_count >= kSegmentBucketsMax && MaySplit(cell)) {
      Split(first);
    } else {
      ResizeSegment(first, FitBuckets(cell.bucket_count + 1));
    }
  }
}

template <class Bucket>
void EntryTable<Bucket>::DoubleDirectory() {
  std::vector<Cell> cells(cells_.size() * 2);
  for (size_t i = 0; i < cells.size(); ++i) cells[i] = cells_[i / 2];
  cells_ = std::move(cells);
  ++depth_;
  deepest_count_ = 0;
}

template <class Bucket>
void EntryTable<Bucket>::HalveDirectory() {
  std::vector<Cell> cells(cells_.size() / 2);
  for (size_t i = 0; i < cells.size(); ++i) cells[i] = cells_[i * 2];
  cells_ = std::move(cells);
  --depth_;
  deepest_count_ = 0;
  for (const Cell& cell : cells_) {
    if (static_cast<int>(cell.depth) == depth_) ++deepest_count_;
  }
}

template <class Bucket>
void EntryTable<Bucket>::Split(size_t first) {
  if (static_cast<int>(cells_[first].depth) == depth_) {
    DoubleDirectory();
    first *= 2;
  }
  const Cell before = cells_[first];
  struct Moving {
    Entry entry;
    uint32_t home_bits;
    AgeNote age;
    bool high;
  };
  std::vector<Moving> moving;
  moving.reserve(before.entries);
  for (size_t at = 0; at < before.bucket_count; ++at) {
    const Bucket& bucket = before.buckets[at];
    for (size_t slot = 0; slot < bucket.used; ++slot) {
      moving.push_back({bucket.entries[slot], HomeBits(bucket, slot), bucket.age(slot), false});
    }
  }
  size_t high_count = 0;
  for (size_t i = 0; i < moving.size(); ++i) {
    if (i + kPrefetchAhead < moving.size()) moving[i + kPrefetchAhead].entry.Prefetch();
    moving[i].high = (Hash(moving[i].entry.key()) >> (63 - before.depth) & 1) != 0;
    high_count += moving[i].high ? 1 : 0;
  }
  const int depth = static_cast<int>(before.depth) + 1;
  Cell halves[2] = {
      NewSegment(BucketsFor(moving.size() - high_count, kLoadAfterSplitPercent), depth),
      NewSegment(BucketsFor(high_count, kLoadAfterSplitPercent), depth)};
  for (const Moving& one : moving) {
    Cell& half = halves[one.high ? 1 : 0];
    const auto [bucket, slot] = Place(half, one.entry, one.home_bits);
    bucket->set_age(slot, one.age);
    ++half.entries;
  }
  FreeSegment(before);
  SetCells(first, halves[0]);
  SetCells(first + CellCount(halves[0]), halves[1]);
  if (depth == depth_) deepest_count_ += 2;
}

template <class Bucket>
void EntryTable<Bucket>::GiveBack(uint64_t hash) {
  const size_t first = FirstCell(CellOf(hash));
  if (JoinBuddy(first)) return;
  const Cell& cell = cells_[first];
  const size_t buckets = BucketsFor(cell.entries, kLoadAfterShrinkPercent);
  if (buckets < cell.bucket_count) ResizeSegment(first, buckets);
}

template <class Bucket>
bool EntryTable<Bucket>::JoinBuddy(size_t first) {
  const Cell cell = cells_[first];
  if (cell.depth == 0) return false;
  const size_t buddy_first = first ^ CellCount(cell);
  const Cell buddy = cells_[buddy_first];
  const size_t entries = size_t{cell.entries} + buddy.entries;
  if (buddy.depth != cell.depth || entries > kJoinedBucketsMax * kSlots) return false;
  const bool deepest = static_cast<int>(cell.depth) == depth_;
  Cell joined =
      NewSegment(BucketsFor(entries, kLoadAfterSplitPercent), static_cast<int>(cell.depth) - 1);
  MoveAll(cell, joined);
  MoveAll(buddy, joined);
  FreeSegment(cell);
  FreeSegment(buddy);
  SetCells(std::min(first, buddy_first), joined);
  if (deepest) {
    deepest_count_ -= 2;
    while (depth_ > 0 && deepest_count_ == 0) HalveDirectory();
  }
  return true;
}

template <class Bucket>
void EntryTable<Bucket>::Reserve(size_t entries) {
  if (size_ > 0 || entries <= EntriesMax(1)) return;
  entries = std::min(entries, kReserveEntriesMax);
  Clear();
  const size_t per_segment = kSegmentBucketsMax * kSlots * kLoadAfterSplitPercent / 100;
  while ((entries >> depth_) > per_segment && depth_ < kDirectoryDepthMax) ++depth_;
  cells_ = std::vector<Cell>(size_t{1} << depth_);
  deepest_count_ = static_cast<uint32_t>(cells_.size());
  const size_t buckets = BucketsFor((entries >> depth_) + 1, kLoadAfterSplitPercent);
  for (Cell& cell : cells_) cell = NewSegment(buckets, depth_);
}

template <class Bucket>
bool EntryTable<Bucket>::Erase(std::string_view key) {
  const uint64_t hash = Hash(key);
  Entry* found = Find(key, hash);
  if (found == nullptr) return false;
  Take(found, hash).Free();
  return true;
}

template <class Bucket>
void EntryTable<Bucket>::SetValue(Entry* entry, const EntryValue& value) {
  BeforeChange(entry);
  if (value.kind == EntryValue::Kind::kBytes && value.tag == 0 && entry->Overwrite(value.bytes)) {
    return;
  }
  entry_bytes_ -= entry->heap_bytes();
  entry->SetValue(value);
  entry_bytes_ += entry->heap_bytes();
}

template <class Bucket>
void EntryTable<Bucket>::SetExpireAt(Entry* entry, int64_t expire_at) {
  BeforeChange(entry);
  entry_bytes_ -= entry->heap_bytes();
  entry->SetExpireAt(expire_at);
  entry_bytes_ += entry->heap_bytes();
}

template <class Bucket>
char* EntryTable<Bucket>::ResizeBytes(Entry* entry, size_t size) {
  BeforeChange(entry);
  entry_bytes_ -= entry->heap_bytes();
  char* bytes = entry->ResizeBytes(size);
  entry_bytes_ += entry->heap_bytes();
  return bytes;
}

template <class Bucket>
Entry* EntryTable<Bucket>::Random(Prng& prng) {
  RHA_CHECK(size_ > 0);
  for (;;) {  // every slot of every segment of the largest size is equally likely; misses are drawn
              // again
    const size_t first = prng.Below(cells_.size());
    if (FirstCell(first) != first) continue;
    const size_t place = prng.Below(largest_segment_ * kSlots);
    const Cell& cell = cells_[first];
    if (place / kSlots >= cell.bucket_count) continue;
    Bucket& bucket = cell.buckets[place / kSlots];
    if (place % kSlots < bucket.used) return &bucket.entries[place % kSlots];
  }
}

template <class Bucket>
uint64_t EntryTable<Bucket>::Encode(const Position& at) {
  return at.prefix >> kPrefixUnusedBits << kCursorPrefixShift |
         uint64_t{at.home_bits} << kCursorHomeShift | static_cast<uint64_t>(at.depth);
}

template <class Bucket>
auto EntryTable<Bucket>::Decode(uint64_t cursor) -> Position {
  return {.prefix = cursor >> kCursorPrefixShift << kPrefixUnusedBits,
          .depth = std::min(static_cast<int>(cursor & 31), kDirectoryDepthMax),
          .home_bits = static_cast<uint32_t>(cursor >> kCursorHomeShift) & (kHomeRange - 1)};
}

// If the segment was joined to another since its walk began, the walk goes on at the depth it began
// with: what was the next segment is still to come. If it was split, the second half begins anew.
template <class Bucket>
auto EntryTable<Bucket>::After(const Position& at, const Cell& cell, size_t home) const
    -> Position {
  const auto cell_depth = static_cast<int>(cell.depth);
  const int depth = at.home_bits == 0 ? cell_depth : std::max(at.depth, cell_depth);
  if (home + 1 < cell.bucket_count) {
    const uint64_t next = ((home + 1) * kHomeRange + cell.bucket_count - 1) / cell.bucket_count;
    if (next < kHomeRange) return {at.prefix, depth, static_cast<uint32_t>(next)};
  }
  if (depth == 0) return {};
  const uint64_t end = at.prefix | (std::numeric_limits<uint64_t>::max() >> depth);
  return {.prefix = end + 1, .depth = 0, .home_bits = 0};
}

template <class Bucket>
void EntryTable<Bucket>::CheckSegment(size_t first) const {
  const Cell& cell = cells_[first];
  for (size_t i = 0; i < CellCount(cell); ++i) {
    const Cell& twin = cells_[first + i];
    RHA_CHECK(twin.buckets == cell.buckets && twin.bucket_count == cell.bucket_count &&
              twin.depth == cell.depth);
  }
  size_t entries = 0;
  std::vector<size_t> passed(cell.bucket_count);
  for (size_t at = 0; at < cell.bucket_count; ++at) {
    const Bucket& bucket = cell.buckets[at];
    RHA_CHECK(bucket.used <= kSlots);
    entries += bucket.used;
    for (size_t slot = 0; slot < kSlots; ++slot) {
      const Entry& entry = bucket.entries[slot];
      RHA_CHECK(static_cast<bool>(entry) == (slot < bucket.used));
      if (!entry) continue;
      const uint64_t hash = Hash(entry.key());
      RHA_CHECK(FirstCell(CellOf(hash)) == first && HomeBits(hash) == HomeBits(bucket, slot));
      for (size_t way = HomeBucket(HomeBits(hash), cell.bucket_count); way != at;
           way = Next(way, cell)) {
        ++passed[way];
      }
    }
  }
  RHA_CHECK(entries == cell.entries && entries <= EntriesMax(cell.bucket_count));
  for (size_t at = 0; at < cell.bucket_count; ++at) {
    const uint8_t count = cell.buckets[at].passed;
    RHA_CHECK(count == passed[at] || (count == kPassedSticks && passed[at] <= kPassedSticks));
  }
}

template <class Bucket>
void EntryTable<Bucket>::CheckInvariants() const {
  RHA_CHECK(cells_.size() == size_t{1} << depth_);
  size_t entries = 0;
  size_t buckets = 0;
  size_t deepest = 0;
  size_t bytes = 0;
  for (size_t first = 0; first < cells_.size(); first += CellCount(cells_[first])) {
    const Cell& cell = cells_[first];
    RHA_CHECK(static_cast<int>(cell.depth) <= depth_ && FirstCell(first) == first);
    CheckSegment(first);
    entries += cell.entries;
    buckets += cell.bucket_count;
    if (static_cast<int>(cell.depth) == depth_) ++deepest;
    for (size_t at = 0; at < cell.bucket_count; ++at) {
      for (size_t slot = 0; slot < cell.buckets[at].used; ++slot) {
        bytes += cell.buckets[at].entries[slot].heap_bytes();
      }
    }
  }
  RHA_CHECK(entries == size_ && buckets == bucket_count_ && deepest == deepest_count_);
  RHA_CHECK(bytes == entry_bytes_);
}

template class EntryTable<PlainBucket>;
template class EntryTable<AgedBucket>;

}  // namespace rha::node::structs
