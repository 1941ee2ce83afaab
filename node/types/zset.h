// A sorted set as Redis users see it: members with scores, in the order of (score, member).
//
//   packed   in the entry's bytes, in that order:   ( size:varint  member  score:8 )*
//            (structs/packed.h; the score is a double as the machine keeps it)
//   tree     ZsetTree, behind the entry's pointer: structs::SortedSet
//
// Ranks count from 0, the least. What lies between two scores or two members is a stretch of ranks,
// so reading, counting and erasing ranges exist once, for ranks.
//
// Complexity: of the tree, see sorted_set.h; packed, everything is a walk over the bytes.
// Invariants: a packed one has at most zset_max_listpack_entries members of at most
// zset_max_listpack_value bytes, unless the limits fell afterwards. No score is NaN.
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/base/prng.h"
#include "node/structs/packed.h"
#include "node/structs/sorted_set.h"
#include "node/types/sample.h"
#include "node/types/slot.h"
#include "node/types/table_value.h"

namespace rha::node::types {

// `count` members from rank `first` on.
struct RankRange {
  size_t first = 0;
  size_t count = 0;
};

enum class Direction : uint8_t { kUp, kDown };

struct ScoreInterval {
  structs::SortedSet::ScoreBound low, high;
};

// Where an interval of members begins or ends; unset: at the very least, or beyond the greatest.
struct MemberEnd {
  enum class Kind : uint8_t { kLeast, kMember, kGreatest };
  Kind kind = Kind::kMember;
  structs::SortedSet::MemberBound bound{};
};
struct MemberInterval {
  MemberEnd low, high;
};

class ZsetTree final : public TableValue<structs::SortedSet> {
 public:
  using TableValue::TableValue;
  std::unique_ptr<LargeValue> Clone() const override;

  const structs::RankTree& order() const { return table_.order(); }
  std::optional<double> Score(std::string_view member) const { return table_.Score(member); }
  std::optional<size_t> Rank(std::string_view member) const { return table_.Rank(member); }
  // The rank of the first inside a lower bound.
  template <typename Bound>
  size_t FirstFrom(Bound bound) const {
    return table_.FirstFrom(bound).rank;
  }
  structs::RankTree::Iterator At(structs::SortedSet::ScoreBound bound) const {
    return table_.FirstFrom(bound).at;
  }
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const {
    return table_.Scan(cursor, visit);
  }

  structs::SortedSet::Change Put(std::string_view member, double score) {
    return table_.Put(member, score);
  }
  bool Erase(std::string_view member) { return table_.Erase(member); }
  void EraseRange(RankRange range) { table_.EraseRange(range.first, range.count); }
};

// To read one. REQUIRES: TypeOf(form) is kZset.
class ZsetView {
 public:
  using Change = structs::SortedSet::Change;

  explicit ZsetView(structs::Entry entry) : entry_(entry) {}

  bool is_packed() const { return FormOf(entry_) == Form::kZsetPacked; }
  size_t size() const { return is_packed() ? structs::PackedCount(entry_.bytes()) : tree().size(); }
  std::optional<double> Score(std::string_view member) const;
  std::optional<size_t> Rank(std::string_view member) const;

  // All, from the least; visit(std::string_view member, double score).
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    ForRange({0, SIZE_MAX}, Direction::kUp, visit);
  }
  // The range, as far as there are members.
  template <typename Visit>
  void ForRange(RankRange range, Direction direction, Visit&& visit) const;
  RankRange Within(const ScoreInterval& interval) const;
  // REQUIRES: all scores are equal; else it is anywhere.
  RankRange Within(const MemberInterval& interval) const;

  // Those of the interval, from the least, until `visit` returns false.
  template <typename Visit>
  void ForScores(const ScoreInterval& interval, Visit&& visit) const;

  // Redis' SCAN guarantee; begins and ends with 0. A packed one is visited whole by one call.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const;
  // Random members: `count` different ones, or fewer if there are no more; or any, each draw on its
  // own. REQUIRES of the latter: size() > 0.
  template <typename Visit>
  void Sample(size_t count, Prng& prng, Visit&& visit) const;
  template <typename Visit>
  void Draw(size_t count, Prng& prng, Visit&& visit) const;

 protected:
  struct Pair {
    size_t at;
    size_t size;
    std::string_view member;
    double score;
  };
  // Walks a packed one.
  class Reader {
   public:
    explicit Reader(std::string_view bytes) : reader_(bytes) {}
    bool done() const { return reader_.done(); }
    // Where the next pair begins.
    size_t at() const { return reader_.at(); }
    Pair Next() {
      const structs::PackedItem item = reader_.Next();
      const size_t member_size = item.text.size() - sizeof(double);
      double score;
      std::memcpy(&score, item.text.data() + member_size, sizeof score);
      return {item.at, item.size, item.text.substr(0, member_size), score};
    }

   private:
    structs::PackedReader reader_;
  };

  ZsetTree& tree() const { return LargeOf<ZsetTree>(entry_); }
  // How many from the front on `before(pair)` is true for.
  template <typename Before>
  size_t PackedRank(Before&& before) const;
  template <typename Visit>
  void ForPackedDown(RankRange range, Visit&& visit) const;
  size_t FirstFrom(structs::SortedSet::ScoreBound bound) const;
  size_t FirstFrom(const MemberEnd& end, bool turned) const;

  structs::Entry entry_;
};

// To change one. A Zset sees its own changes; other views of the key are void after one.
class Zset : public ZsetView {
 public:
  explicit Zset(Slot slot) : ZsetView(slot.entry()), slot_(slot) {}

  // REQUIRES: `score` is not NaN; `member` does not lie in this value.
  Change Put(std::string_view member, double score);
  // False: was not there.
  bool Erase(std::string_view member);
  // Returns how many there were in the range.
  size_t EraseRange(RankRange range);
  // For loading: Reserve the number of members in an empty one, then Append them, each without a
  // search. REQUIRES: the member is not there yet, and behind all that are.
  void Reserve(size_t members);
  void Append(std::string_view member, double score);
  // Takes the form of a tree for good.
  void MakeTree() {
    if (is_packed()) MakeTree(size());
  }

 private:
  Change PutPacked(std::string_view member, double score);
  void MakeTree(size_t members);

  Slot slot_;
};

// ---------------------------------------------------------------- templates

template <typename Before>
size_t ZsetView::PackedRank(Before&& before) const {
  size_t rank = 0;
  for (Reader reader(entry_.bytes()); !reader.done() && before(reader.Next()); ++rank) {
  }
  return rank;
}

template <typename Visit>
void ZsetView::ForRange(RankRange range, Direction direction, Visit&& visit) const {
  const bool up = direction == Direction::kUp;
  if (is_packed()) {
    if (!up) return ForPackedDown(range, visit);
    Reader reader(entry_.bytes());
    for (; range.first > 0 && !reader.done(); --range.first) reader.Next();
    for (; range.count > 0 && !reader.done(); --range.count) {
      const Pair pair = reader.Next();
      visit(pair.member, pair.score);
    }
    return;
  }
  const structs::RankTree& order = tree().order();
  if (range.first >= order.size()) return;
  range.count = std::min(range.count, order.size() - range.first);
  if (range.count == 0) return;
  auto at = order.At(up ? range.first : range.first + range.count - 1);
  for (; range.count > 0; --range.count, up ? ++at : --at) {
    const structs::Entry entry = *at;
    visit(entry.key(), structs::ScoreOf(entry));
  }
}

// Pairs can only be walked upwards: some at a time are noted, then visited in reverse.
template <typename Visit>
void ZsetView::ForPackedDown(RankRange range, Visit&& visit) const {
  constexpr size_t kNotedMax = 128;
  Pair noted[kNotedMax];
  const size_t size = this->size();
  size_t end = range.first < size ? range.first + std::min(range.count, size - range.first) : 0;
  while (end > range.first) {
    const size_t begin = end - std::min(kNotedMax, end - range.first);
    Reader reader(entry_.bytes());
    for (size_t rank = 0; rank < end; ++rank) {
      const Pair pair = reader.Next();
      if (rank >= begin) noted[rank - begin] = pair;
    }
    for (; end > begin; --end) visit(noted[end - 1 - begin].member, noted[end - 1 - begin].score);
  }
}

template <typename Visit>
void ZsetView::ForScores(const ScoreInterval& interval, Visit&& visit) const {
  const auto& [low, high] = interval;
  const auto past = [&high = high](double score) {
    return high.inclusive ? score > high.score : score >= high.score;
  };
  if (!is_packed()) {
    for (auto at = tree().At(low); at; ++at) {
      const structs::Entry entry = *at;
      const double score = structs::ScoreOf(entry);
      if (past(score) || !visit(entry.key(), score)) return;
    }
    return;
  }
  for (Reader reader(entry_.bytes()); !reader.done();) {
    const Pair pair = reader.Next();
    if (low.inclusive ? pair.score < low.score : pair.score <= low.score) continue;
    if (past(pair.score) || !visit(pair.member, pair.score)) return;
  }
}

template <typename Visit>
uint64_t ZsetView::Scan(uint64_t cursor, Visit&& visit) const {
  if (is_packed()) {
    ForEach(visit);
    return 0;
  }
  return tree().Scan(cursor,
                     [&](structs::Entry entry) { visit(entry.key(), structs::ScoreOf(entry)); });
}

template <typename Visit>
void ZsetView::Sample(size_t count, Prng& prng, Visit&& visit) const {
  // A few of many are drawn one by one, otherwise all are walked.
  constexpr size_t kWalkFactor = 3;
  const size_t members = size();
  if (is_packed() || count >= members / kWalkFactor) {
    Selection selection(members, count, prng);
    return ForEach([&](std::string_view member, double score) {
      if (selection.TakesNext()) visit(member, score);
    });
  }
  std::unordered_set<size_t> drawn;
  drawn.reserve(count);
  while (drawn.size() < count) {
    const size_t rank = prng.Below(members);
    if (drawn.insert(rank).second) ForRange({rank, 1}, Direction::kUp, visit);
  }
}

template <typename Visit>
void ZsetView::Draw(size_t count, Prng& prng, Visit&& visit) const {
  if (!is_packed()) {
    for (; count > 0; --count) ForRange({prng.Below(size()), 1}, Direction::kUp, visit);
    return;
  }
  // One walk, whatever the count.
  std::vector<Pair> pairs;
  for (Reader reader(entry_.bytes()); !reader.done();) pairs.push_back(reader.Next());
  for (; count > 0; --count) {
    const Pair& pair = pairs[prng.Below(pairs.size())];
    visit(pair.member, pair.score);
  }
}

}  // namespace rha::node::types
