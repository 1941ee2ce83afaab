// RankTree: entries in the order of (score, key), with their ranks; a B+ tree that counts.
//
//   inner 1024 B  +-------+-------------+-----------------------------------------------------+
//                 | count | 36 children | of each child: entries below, least score and entry |
//                 +-------+------|------+-----------------------------------------------------+
//                                v
//   leaf 512 B    +------+------+-------+-------------------------------+
//                 | prev | next | count | 61 entries, 8 bytes each      |   <--> its neighbours
//                 +------+------+-------+-------------------------------+
//
// The tree keeps handles; the blocks belong to whoever made them (SortedSet). The score is the
// entry's value: an integer, or the 8 bytes of a double (ScoreOf). A full node first shifts to a
// neighbour and splits only when both are full, so leaves stay 75 to 85 % full: 11 bytes for each
// entry, inner nodes included.
//
// Complexity: Insert, Erase, RankOf, At, FirstNot O(log n); a step to the neighbour O(1).
// Invariants (CheckInvariants): the order is strict; nodes but the root are a third full at least;
// counts and least entries are exact; all leaves lie at one depth. An iterator is valid until the
// next change.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "node/structs/entry.h"

namespace rha::node::structs {

// The value with which an entry keeps that score: integral ones of up to 53 bits in 1 to 8 bytes.
// REQUIRES: not NaN. `scratch` must live as long as the value is used.
EntryValue ScoreValue(double score, char (&scratch)[8]);

inline double ScoreOf(Entry entry) {
  if (entry.kind() == Entry::Kind::kInteger) return static_cast<double>(entry.integer());
  double score;
  std::memcpy(&score, entry.bytes().data(), sizeof score);
  return score;
}

class RankTree {
 private:
  struct Leaf;
  struct Inner;

 public:
  RankTree() = default;
  ~RankTree();
  RankTree(const RankTree&) = delete;
  RankTree& operator=(const RankTree&) = delete;

  class Iterator {
   public:
    Iterator() = default;
    // False: past either end.
    explicit operator bool() const { return leaf_ != nullptr; }
    Entry operator*() const;
    Iterator& operator++();
    Iterator& operator--();
    bool operator==(const Iterator&) const = default;

   private:
    friend class RankTree;
    Iterator(Leaf* leaf, size_t index) : leaf_(leaf), index_(index) {}
    Leaf* leaf_ = nullptr;
    size_t index_ = 0;
  };
  struct Ranked {
    Iterator at;
    size_t rank = 0;
  };

  size_t size() const { return size_; }

  // REQUIRES: no entry with that score and key is in it.
  void Insert(Entry entry);
  // REQUIRES: it is in it. Call it while the entry still has the score it was inserted with.
  void Erase(Entry entry);
  // Takes out entries from that rank on, as many as `run` has room for and one leaf holds; returns
  // how many. 0: there is none of that rank.
  size_t EraseRun(size_t rank, std::span<Entry> run);
  // For an entry about to get another score: where it stands, if it can stay there (then Assign the
  // new handle); else takes it out and returns the end (then Insert).
  Iterator EraseUnlessInPlace(Entry entry, double new_score);
  void Assign(Iterator at, Entry entry);

  // Past the end when rank >= size().
  Iterator At(size_t rank) const;
  Iterator First() const { return At(0); }
  Iterator Last() const { return size_ == 0 ? Iterator() : At(size_ - 1); }
  // REQUIRES: it is in it.
  size_t RankOf(Entry entry) const;
  // The first entry for which `before(score, entry)` is false, and how many lie before it.
  // REQUIRES: `before` is true for a front part of the order and false for the rest.
  template <typename Before>
  Ranked FirstNot(Before&& before) const;

  // Frees up to `budget` nodes (never an entry's block); true when all are gone. Nothing else may
  // be called in between.
  bool FreeSome(size_t budget);

  size_t heap_bytes() const;
  // For tests.
  void CheckInvariants() const;

 private:
  static constexpr size_t kLeafMax = 61;
  static constexpr size_t kInnerMax = 36;
  static constexpr int kHeightMax = 16;

  struct Leaf {
    Leaf* prev;
    Leaf* next;
    size_t count;
    Entry entries[kLeafMax];
  };
  static_assert(sizeof(Leaf) == 512);
  struct Inner {
    size_t count;
    void* children[kInnerMax];
    uint32_t sizes[kInnerMax];
    double scores[kInnerMax];  // of leasts[i], to compare without a miss
    Entry leasts[kInnerMax];
  };
  static_assert(sizeof(Inner) <= 1024);
  // The way from the root to a leaf.
  struct Path {
    Inner* nodes[kHeightMax];
    size_t indexes[kHeightMax];
  };

  static bool Less(double score, std::string_view key, double other_score, Entry other);
  static size_t ChildFor(const Inner& node, double score, std::string_view key);
  static size_t IndexIn(const Leaf& leaf, double score, std::string_view key);
  Leaf* Descend(double score, std::string_view key, Path* path) const;
  // Leaves of `rank` what is in the leaf. REQUIRES: below size().
  Leaf* DescendTo(size_t* rank, Path* path) const;

  // A node of any level, seen from its parent: level 0 are leaves.
  static size_t CountOf(const void* node, int level);
  static size_t CountMax(int level) { return level == 0 ? kLeafMax : kInnerMax; }
  static void Refresh(Inner& parent, size_t index, int level);
  static void Shift(Inner& parent, size_t left, int level, size_t left_count);
  void RelieveChild(Inner& parent, size_t index, int level);
  void SplitChild(Inner& parent, size_t index, int level);
  void MergeChildren(Inner& parent, size_t left, int level);
  void RefillChild(Inner& parent, size_t index, int level);
  void EraseAt(const Path& path, Leaf* leaf, size_t index, size_t count = 1);
  void GrowRoot();
  size_t CheckNode(const void* node, int level, Entry* last, const Leaf** last_leaf) const;

  void* root_ = nullptr;
  int height_ = 0;  // levels of inner nodes
  size_t size_ = 0;
  uint32_t leaves_ = 0;
  uint32_t inners_ = 0;
};

inline Entry RankTree::Iterator::operator*() const { return leaf_->entries[index_]; }

inline RankTree::Iterator& RankTree::Iterator::operator++() {
  if (++index_ == leaf_->count) *this = Iterator(leaf_->next, 0);
  return *this;
}

inline RankTree::Iterator& RankTree::Iterator::operator--() {
  if (index_-- == 0) *this = Iterator(leaf_->prev, leaf_->prev ? leaf_->prev->count - 1 : 0);
  return *this;
}

template <typename Before>
RankTree::Ranked RankTree::FirstNot(Before&& before) const {
  if (size_ == 0) return {};
  size_t rank = 0;
  const void* node = root_;
  for (int level = height_; level > 0; --level) {
    const auto& inner = *static_cast<const Inner*>(node);
    size_t child = 0;
    while (child + 1 < inner.count && before(inner.scores[child + 1], inner.leasts[child + 1])) {
      rank += inner.sizes[child++];
    }
    node = inner.children[child];
  }
  auto* leaf = static_cast<Leaf*>(const_cast<void*>(node));
  size_t low = 0;
  size_t high = leaf->count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (before(ScoreOf(leaf->entries[middle]), leaf->entries[middle])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == leaf->count) return {Iterator(leaf->next, 0), rank + low};
  return {Iterator(leaf, low), rank + low};
}

}  // namespace rha::node::structs
