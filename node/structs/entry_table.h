// EntryTable: entries by key. Extendible hashing over small segments; it grows and shrinks a
// segment at a time.
//
//   hash of a key   63 ....................... 12 ...... 8 7 ...... 0
//                   directory cell (top bits) | 13 bits: home bucket |
//                                             | in entry | tag      |
//
//   directory, 2^d cells of 16 bytes        a segment, usually 16..32 buckets of 128 bytes
//   +----+----+----+----+                   +--------+--------+--------+--------+
//   | 00 | 01 | 10 | 11 |                   | bucket | bucket | bucket |  ...   |
//   +-|--+-|--+-|--+-|--+                   +--------+--------+--------+--------+
//     |    |    +----+---> one segment      home bucket = 13 bits * buckets / 2^13;
//     v    v                                a full one passes its entries on to the next
//
// A segment that stands in several cells (10, 11) keeps its count in the first of them.
//
// Growth. A segment fills to 90 %, then takes the allocator's next size (x 1.25, 1.2, 1.17, 1.14).
// The 13 bits of every entry are in its bucket, so that reads no key. Past 32 buckets the segment
// splits in two by the next bit, which reads the keys of its ~350 entries. An emptied segment
// shrinks the same way and joins its neighbour again. So the load stays within 72..90 %, also just
// past a doubling, and no step moves more than one segment; only the directory is copied whole
// (16 bytes for ~300 keys), and it stops growing at 1 MB.
//
// Complexity: Find, Insert, Take O(1), one miss each for directory, bucket and key.
// Memory per entry beside its block: AgedBucket 12.8, PlainBucket 10.7 bytes.
//
// Order. Scan visits by (segment, 13 bits), an order that growing and shrinking do not disturb.
//
// Attack. Keys that collide in the top bits do not split a segment forever (depth is bounded by
// the size); it grows longer instead, and only collisions in 13 further bits make searches long.
//
// Invariants: CheckInvariants() states them. An Entry* or visited Entry& is valid until the next
// call that inserts or takes. The table owns the blocks, not what pointer entries point to.
// Thread rule: one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/prng.h"
#include "node/structs/bucket.h"
#include "node/structs/entry.h"
#include "node/structs/keyed_hash.h"

namespace rha::node::structs {

// Is told of entries before they are changed or taken (EntryTable::Watch).
class EntryWatcher {
 public:
  virtual ~EntryWatcher() = default;
  virtual void OnEntry(Entry entry) = 0;
};

constexpr int kHomeBits = 13;
constexpr uint32_t kHomeRange = 1u << kHomeBits;
constexpr size_t kSegmentBucketsMax = 32;  // of a segment that may still split
// 1 MB of directory; beyond 20 million entries segments grow longer instead, so that the copy of
// the directory stays a bounded step.
constexpr int kDirectoryDepthMax = 16;
constexpr size_t kLookupBatchMax = 32;
// Counts come from files and peers; beyond this a table grows as it fills.
constexpr size_t kReserveEntriesMax = size_t{1} << 24;

template <class Bucket>
class EntryTable {
 public:
  static constexpr size_t kSlots = Bucket::kSlots;

  // `secret` must outlive the table.
  explicit EntryTable(const HashSecret& secret) : secret_(&secret), cells_(1) {}
  ~EntryTable() { Clear(); }
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint64_t Hash(std::string_view key) const { return KeyedHash(*secret_, key); }

  // ---- looking up; null: not there
  Entry* Find(std::string_view key) { return Find(key, Hash(key)); }
  Entry* Find(std::string_view key, uint64_t hash);
  // An entry whose key has that hash and which accept(const Entry&); for who knows no more of it.
  template <typename Accept>
  Entry* FindIf(uint64_t hash, Accept&& accept);
  // Many at once: the misses of all keys overlap. found[i] belongs to keys[i].
  // REQUIRES: keys.size() == found.size() <= kLookupBatchMax.
  void FindBatch(std::span<const std::string_view> keys, std::span<Entry*> found);
  // The two stages for callers that have other work in between: bucket, then (once that arrived)
  // key.
  // Inlined always: gcc drops calls of a function that only prefetches as having no effect.
  [[gnu::always_inline]] void PrefetchBucket(uint64_t hash) const;
  [[gnu::always_inline]] void PrefetchKey(uint64_t hash) const;

  // ---- changing
  // Adds an entry the caller made. REQUIRES: its key is not there.
  Entry* Insert(Entry entry, uint64_t hash);
  // Takes an entry out; the caller owns it.
  Entry Take(Entry* entry, uint64_t hash);
  bool Erase(std::string_view key);
  // Setters that keep the sum of bytes; see entry.h. They may move the block, never the handle.
  void SetValue(Entry* entry, const EntryValue& value);
  void SetExpireAt(Entry* entry, int64_t expire_at);
  char* ResizeBytes(Entry* entry, size_t size);
  // Room for that many (up to kReserveEntriesMax) in an empty table, so that loading does not grow
  // step by step.
  void Reserve(size_t entries);

  // The owner's note beside an entry, {} at first. REQUIRES: Bucket::kAged.
  // Templates, since clang 14 would instantiate a constrained member with the whole class.
  template <typename B = Bucket>
  requires B::kAged static AgeNote Age(Entry* entry) { return BucketOf(entry).age(SlotOf(entry)); }
  template <typename B = Bucket>
  requires B::kAged static void SetAge(Entry* entry, AgeNote note) {
    BucketOf(entry).set_age(SlotOf(entry), note);
  }

  // ---- walking
  // Visits the entries of one home bucket and returns the cursor of the next; begins and ends with
  // 0. An entry that is there from the first call to the last is visited at least once, whatever is
  // inserted and taken in between. `visit(Entry&)` may change values and marks, but not insert or
  // take. Any number is a valid cursor.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit);
  template <typename Visit>
  void ForEach(Visit&& visit);
  // Each entry with the same probability. REQUIRES: !empty().
  Entry* Random(Prng& prng);

  // ---- seeing each entry once, as it is now, while the table goes on changing
  // From now on every entry that is here counts as unseen and those inserted later as seen. The
  // walk sees with ScanUnseen(); what is about to change is shown to `watcher` first, or, with
  // null, the owner calls See() before it changes anything.
  // REQUIRES: no walk is under way.
  void Watch(EntryWatcher* watcher) {
    watcher_ = watcher;
    seen_mark_ = !seen_mark_;
  }
  // REQUIRES: all is seen: ScanUnseen() has come back to 0.
  void Unwatch() { watcher_ = nullptr; }
  bool Unseen(const Entry& entry) const { return entry.mark() != seen_mark_; }
  void See(Entry& entry) const { entry.set_mark(seen_mark_); }
  // As Scan(), but only of what is unseen, and then counts as seen.
  template <typename Visit>
  uint64_t ScanUnseen(uint64_t cursor, Visit&& visit) {
    return Scan(cursor, [&](Entry& entry) {
      if (!Unseen(entry)) return;
      See(entry);
      visit(entry);
    });
  }

  // ---- the end
  // Frees up to `budget` entries, handing each to `release(Entry)` just before; true when all is
  // gone. Between the first slice and the last the table must not be used otherwise.
  template <typename Release>
  bool FreeSome(size_t budget, Release&& release);
  void Clear() {
    while (!FreeSome(SIZE_MAX, [](Entry) {})) {
    }
  }

  // Everything on the heap, in the allocator's classes.
  size_t heap_bytes() const {
    return entry_bytes_ + bucket_count_ * kBucketBytes +
           HeapClass(cells_.capacity() * sizeof(Cell));
  }
  size_t entry_bytes() const { return entry_bytes_; }
  // Places for entries, taken or not.
  size_t slots() const { return bucket_count_ * kSlots; }
  double load() const {
    return bucket_count_ == 0
               ? 0
               : static_cast<double>(size_) / static_cast<double>(bucket_count_ * kSlots);
  }

  // For tests: ends the process where the table contradicts itself.
  void CheckInvariants() const;

 private:
  struct Cell {
    Bucket* buckets = nullptr;
    uint32_t entries = 0;  // meaningful in the first cell of a segment only
    uint32_t bucket_count : 26 = 0;
    uint32_t depth : 6 = 0;  // bits of the hash that all entries share
  };
  static_assert(sizeof(Cell) == 16);

  static constexpr uint32_t HomeBits(uint64_t hash) { return hash & (kHomeRange - 1); }
  static uint32_t HomeBits(const Bucket& bucket, size_t slot) {
    return bucket.entries[slot].hash_bits() << 8 | bucket.tags[slot];
  }
  static size_t HomeBucket(uint32_t home_bits, size_t bucket_count) {
    return home_bits * bucket_count >> kHomeBits;
  }
  static void PrefetchEntries(const Cell& cell, size_t at);
  static size_t Next(size_t bucket, const Cell& cell) {
    return bucket + 1 == cell.bucket_count ? 0 : bucket + 1;
  }
  // Buckets lie at multiples of their size.
  static Bucket& BucketOf(Entry* entry) {
    return *reinterpret_cast<Bucket*>(reinterpret_cast<uintptr_t>(entry) & ~(kBucketBytes - 1));
  }
  static size_t SlotOf(Entry* entry) {
    return static_cast<size_t>(entry - BucketOf(entry).entries);
  }
  static size_t EntriesMax(size_t bucket_count) {
    return bucket_count * kSlots * Bucket::kFillPercent / 100;
  }
  // The least size of a segment that holds so many at `percent` of its slots.
  static size_t BucketsFor(size_t entries, size_t percent);

  size_t CellOf(uint64_t hash) const { return (hash >> 1) >> (63 - depth_); }
  size_t FirstCell(size_t cell) const {
    const int shared = depth_ - static_cast<int>(cells_[cell].depth);
    return cell >> shared << shared;
  }
  size_t CellCount(const Cell& cell) const {
    return size_t{1} << (depth_ - static_cast<int>(cell.depth));
  }

  // Growing and shrinking (entry_table.cc).
  void MakeRoom(uint64_t hash);
  bool MaySplit(const Cell& cell) const;
  void Split(size_t first);
  void DoubleDirectory();
  void HalveDirectory();
  void ResizeSegment(size_t first, size_t bucket_count);
  void GiveBack(uint64_t hash);
  bool JoinBuddy(size_t first);
  Cell NewSegment(size_t bucket_count, int depth);
  void FreeSegment(const Cell& cell);
  static void MoveAll(const Cell& from, Cell& to);
  void BeforeChange(Entry* entry) {
    if (watcher_ == nullptr || !Unseen(*entry)) return;
    See(*entry);
    watcher_->OnEntry(*entry);
  }
  static std::pair<Bucket*, size_t> Place(Cell& cell, Entry entry, uint32_t home_bits);
  void SetCells(size_t first, const Cell& cell);
  void CheckSegment(size_t first) const;

  struct Position {
    uint64_t prefix;     // left-aligned bits of the hash
    int depth;           // of the segment that was being walked; 0 with home_bits == 0
    uint32_t home_bits;  // the next to visit
  };
  static uint64_t Encode(const Position& at);
  static Position Decode(uint64_t cursor);
  Position After(const Position& at, const Cell& cell, size_t home) const;

  const HashSecret* secret_;
  EntryWatcher* watcher_ = nullptr;
  std::vector<Cell> cells_;
  bool seen_mark_ = false;      // of entries that no walk waits for
  int16_t depth_ = 0;           // cells_.size() == 2^depth_
  uint32_t deepest_count_ = 1;  // segments of that depth
  size_t size_ = 0;
  size_t bucket_count_ = 0;
  size_t entry_bytes_ = 0;
  size_t largest_segment_ = 1;  // buckets, since the table was last empty
};

using KeyTable = EntryTable<AgedBucket>;

// ---------------------------------------------------------------- the hot paths

template <class Bucket>
inline Entry* EntryTable<Bucket>::Find(std::string_view key, uint64_t hash) {
  const Cell& cell = cells_[CellOf(hash)];
  const auto tag = static_cast<uint8_t>(hash);
  const uint32_t hash_bits = HomeBits(hash) >> 8;
  size_t at = HomeBucket(HomeBits(hash), cell.bucket_count);
  for (size_t searched = 0; searched < cell.bucket_count; ++searched) {
    Bucket& bucket = cell.buckets[at];
    for (uint32_t matches = MatchTag(bucket, tag); matches != 0; matches &= matches - 1) {
      Entry& entry = bucket.entries[__builtin_ctz(matches)];
      if (entry.MayHaveKey(hash_bits, key.size()) && entry.HasKey(key)) return &entry;
    }
    if (bucket.passed == 0) return nullptr;
    at = Next(at, cell);
  }
  return nullptr;
}

template <class Bucket>
template <typename Accept>
Entry* EntryTable<Bucket>::FindIf(uint64_t hash, Accept&& accept) {
  const Cell& cell = cells_[CellOf(hash)];
  const auto tag = static_cast<uint8_t>(hash);
  size_t at = HomeBucket(HomeBits(hash), cell.bucket_count);
  for (size_t searched = 0; searched < cell.bucket_count; ++searched) {
    Bucket& bucket = cell.buckets[at];
    for (uint32_t matches = MatchTag(bucket, tag); matches != 0; matches &= matches - 1) {
      Entry& entry = bucket.entries[__builtin_ctz(matches)];
      if (Hash(entry.key()) == hash && accept(std::as_const(entry))) return &entry;
    }
    if (bucket.passed == 0) return nullptr;
    at = Next(at, cell);
  }
  return nullptr;
}

template <class Bucket>
inline void EntryTable<Bucket>::PrefetchBucket(uint64_t hash) const {
  const Cell& cell = cells_[CellOf(hash)];
  if (cell.bucket_count == 0) return;
  const auto* bucket =
      reinterpret_cast<const char*>(cell.buckets + HomeBucket(HomeBits(hash), cell.bucket_count));
  __builtin_prefetch(bucket);
  __builtin_prefetch(bucket + 64);
}

template <class Bucket>
inline void EntryTable<Bucket>::PrefetchKey(uint64_t hash) const {
  const Cell& cell = cells_[CellOf(hash)];
  if (cell.bucket_count == 0) return;
  const Bucket& bucket = cell.buckets[HomeBucket(HomeBits(hash), cell.bucket_count)];
  const uint32_t matches = MatchTag(bucket, static_cast<uint8_t>(hash));
  if (matches != 0) bucket.entries[__builtin_ctz(matches)].Prefetch();
}

template <class Bucket>
inline void EntryTable<Bucket>::FindBatch(std::span<const std::string_view> keys,
                                          std::span<Entry*> found) {
  RHA_CHECK(keys.size() == found.size() && keys.size() <= kLookupBatchMax);
  uint64_t hashes[kLookupBatchMax];
  for (size_t i = 0; i < keys.size(); ++i) {
    hashes[i] = Hash(keys[i]);
    __builtin_prefetch(&cells_[CellOf(hashes[i])]);
  }
  for (size_t i = 0; i < keys.size(); ++i) PrefetchBucket(hashes[i]);
  for (size_t i = 0; i < keys.size(); ++i) PrefetchKey(hashes[i]);
  for (size_t i = 0; i < keys.size(); ++i) found[i] = Find(keys[i], hashes[i]);
}

template <class Bucket>
inline Entry* EntryTable<Bucket>::Insert(Entry entry, uint64_t hash) {
  size_t first = FirstCell(CellOf(hash));
  if (cells_[first].entries >= EntriesMax(cells_[first].bucket_count)) {
    MakeRoom(hash);
    first = FirstCell(CellOf(hash));
  }
  Cell& cell = cells_[first];
  See(entry);
  const auto [bucket, slot] = Place(cell, entry, HomeBits(hash));
  ++cell.entries;
  ++size_;
  entry_bytes_ += entry.heap_bytes();
  return &bucket->entries[slot];
}

template <class Bucket>
inline std::pair<Bucket*, size_t> EntryTable<Bucket>::Place(Cell& cell, Entry entry,
                                                            uint32_t home_bits) {
  size_t at = HomeBucket(home_bits, cell.bucket_count);
  while (cell.buckets[at].used == kSlots) {
    uint8_t& passed = cell.buckets[at].passed;
    if (passed != kPassedSticks) ++passed;
    at = Next(at, cell);
  }
  Bucket& bucket = cell.buckets[at];
  const size_t slot = bucket.used++;
  entry.set_hash_bits(home_bits >> 8);
  bucket.tags[slot] = static_cast<uint8_t>(home_bits);
  bucket.entries[slot] = entry;
  bucket.set_age(slot, {});
  return {&bucket, slot};
}

template <class Bucket>
inline Entry EntryTable<Bucket>::Take(Entry* entry, uint64_t hash) {
  BeforeChange(entry);
  const Entry taken = *entry;
  const size_t first = FirstCell(CellOf(hash));
  Cell& cell = cells_[first];
  Bucket& bucket = BucketOf(entry);
  for (size_t at = HomeBucket(HomeBits(hash), cell.bucket_count); &cell.buckets[at] != &bucket;
       at = Next(at, cell)) {
    uint8_t& passed = cell.buckets[at].passed;
    if (passed != kPassedSticks) --passed;
  }
  const size_t hole = SlotOf(entry);
  const size_t last = --bucket.used;
  bucket.tags[hole] = bucket.tags[last];
  bucket.entries[hole] = bucket.entries[last];
  bucket.set_age(hole, bucket.age(last));
  bucket.entries[last] = Entry();
  --cell.entries;
  --size_;
  entry_bytes_ -= taken.heap_bytes();
  if (cell.entries < EntriesMax(cell.bucket_count) / 2) GiveBack(hash);
  return taken;
}

// ---------------------------------------------------------------- walking

template <class Bucket>
template <typename Visit>
uint64_t EntryTable<Bucket>::Scan(uint64_t cursor, Visit&& visit) {
  const Position at = Decode(cursor);
  const Cell& cell = cells_[CellOf(at.prefix)];
  if (cell.bucket_count == 0) return Encode(After(at, cell, 0));
  const size_t home = HomeBucket(at.home_bits, cell.bucket_count);
  size_t place = home;
  PrefetchEntries(cell, home + 1);  // most likely the next one that is asked for
  for (size_t searched = 0; searched < cell.bucket_count; ++searched) {
    Bucket& bucket = cell.buckets[place];
    for (size_t slot = 0; slot < bucket.used; ++slot) {
      const uint32_t bits = HomeBits(bucket, slot);
      if (HomeBucket(bits, cell.bucket_count) == home && bits >= at.home_bits) {
        visit(bucket.entries[slot]);
      }
    }
    if (bucket.passed == 0) break;
    place = Next(place, cell);
  }
  return Encode(After(at, cell, home));
}

// Misses overlap while the bucket before it is worked through.
template <class Bucket>
inline void EntryTable<Bucket>::PrefetchEntries(const Cell& cell, size_t at) {
  if (at >= cell.bucket_count) return;
  const Bucket& bucket = cell.buckets[at];
  for (size_t slot = 0; slot < bucket.used; ++slot) bucket.entries[slot].Prefetch();
}

template <class Bucket>
template <typename Visit>
void EntryTable<Bucket>::ForEach(Visit&& visit) {
  for (size_t first = 0; first < cells_.size(); first += CellCount(cells_[first])) {
    const Cell& cell = cells_[first];
    for (size_t at = 0; at < cell.bucket_count; ++at) {
      PrefetchEntries(cell, at + 1);
      for (size_t slot = 0; slot < cell.buckets[at].used; ++slot) {
        visit(cell.buckets[at].entries[slot]);
      }
    }
  }
}

template <class Bucket>
template <typename Release>
bool EntryTable<Bucket>::FreeSome(size_t budget, Release&& release) {
  while (!cells_.empty()) {
    const size_t first = FirstCell(cells_.size() - 1);
    Cell& cell = cells_[first];
    for (; cell.bucket_count > 0; --cell.bucket_count, --bucket_count_) {
      Bucket& bucket = cell.buckets[cell.bucket_count - 1];
      while (bucket.used > 0) {
        if (budget-- == 0) return false;
        Entry entry = bucket.entries[--bucket.used];
        release(entry);
        entry_bytes_ -= entry.heap_bytes();
        --size_;
        entry.Free();
      }
    }
    std::free(cell.buckets);
    cells_.resize(first);
  }
  cells_ = std::vector<Cell>(1);
  largest_segment_ = 1;
  depth_ = 0;
  deepest_count_ = 1;
  return true;
}

extern template class EntryTable<PlainBucket>;
extern template class EntryTable<AgedBucket>;

}  // namespace rha::node::structs
