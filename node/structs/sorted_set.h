// SortedSet: members with scores, in the order of (score, member), for sizes beyond a listpack.
//
//   EntryTable   member -> entry     one block: member, then the score in 1..8 bytes (ScoreValue)
//   RankTree     order of entries    handles of the same blocks, with counts for ranks
//
// Complexity: Score O(1); Put, Erase, Rank, the begin of a range O(log n); the next O(1).
// Memory: HeapClass(member + score), 10.7 bytes for the table, 11 for the tree.
// Invariants: both hold the same entries; a handle is the same word in both, but for the mark.
// Iterators and views are valid until the next change.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node/structs/entry_table.h"
#include "node/structs/rank_tree.h"

namespace rha::node::structs {

class SortedSet {
 public:
  enum class Change : uint8_t { kAdded, kUpdated, kSame };
  // Where a range begins or ends.
  struct ScoreBound {
    double score;
    bool inclusive;
  };
  struct MemberBound {
    std::string_view member;
    bool inclusive;
  };

  // `secret` must outlive the set.
  explicit SortedSet(const HashSecret& secret) : table_(secret) {}

  size_t size() const { return order_.size(); }
  bool empty() const { return size() == 0; }
  void Reserve(size_t members) { table_.Reserve(members); }

  // REQUIRES: score is not NaN; `member` does not lie in the set.
  Change Put(std::string_view member, double score);
  // False: was not there.
  bool Erase(std::string_view member);
  // Erases up to `count` from `rank` on; returns how many. Each costs O(1), and a leaf
  // of the tree O(log n).
  size_t EraseRange(size_t rank, size_t count);

  std::optional<double> Score(std::string_view member);
  std::optional<size_t> Rank(std::string_view member);

  // *iterator is an Entry: its key() is the member, ScoreOf() its score.
  const RankTree& order() const { return order_; }
  // The first inside a lower bound; of an upper bound (with inclusive turned round) the first past
  // it.
  RankTree::Ranked FirstFrom(ScoreBound from) const;
  // By member alone. REQUIRES: all scores are equal.
  RankTree::Ranked FirstFrom(MemberBound from) const;

  // visit(Entry); cursor and guarantee as in EntryTable::Scan.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) {
    return table_.Scan(cursor, [&](Entry& entry) { visit(Entry(entry)); });
  }
  // REQUIRES: !empty().
  Entry Random(Prng& prng) { return *order_.At(prng.Below(size())); }

  // ---- seeing each member once while the set goes on changing (entry_table.h)
  void Watch(EntryWatcher* watcher) { table_.Watch(watcher); }
  void Unwatch() { table_.Unwatch(); }
  template <typename Visit>
  uint64_t ScanUnseen(uint64_t cursor, Visit&& visit) {
    return table_.ScanUnseen(cursor, visit);
  }

  // Frees about `budget` members; true when all is gone. Nothing else may be called in between.
  bool FreeSome(size_t budget);

  size_t heap_bytes() const { return table_.heap_bytes() + order_.heap_bytes(); }
  size_t slots() const { return table_.slots(); }
  // For tests.
  void CheckInvariants();

 private:
  void Remove(Entry* slot, uint64_t hash);

  EntryTable<PlainBucket> table_;
  RankTree order_;
};

}  // namespace rha::node::structs
