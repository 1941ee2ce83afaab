#include "node/structs/sorted_set.h"

#include <algorithm>
#include <span>

namespace rha::node::structs {
namespace {

// One node of the tree is freed about as quickly as so many entries of the table.
constexpr size_t kEntriesPerNode = 4;
constexpr size_t kErasedAtOnce = 64;  // as many as a leaf of the tree holds

}  // namespace

SortedSet::Change SortedSet::Put(std::string_view member, double score) {
  char scratch[8];
  const EntryValue value = ScoreValue(score, scratch);
  const uint64_t hash = table_.Hash(member);
  Entry* slot = table_.Find(member, hash);
  if (slot == nullptr) {
    slot = table_.Insert(Entry::Make(member, value), hash);
    order_.Insert(*slot);
    return Change::kAdded;
  }
  if (ScoreOf(*slot) == score) return Change::kSame;
  const RankTree::Iterator place = order_.EraseUnlessInPlace(*slot, score);
  table_.SetValue(slot, value);
  if (place) {
    order_.Assign(place, *slot);
  } else {
    order_.Insert(*slot);
  }
  return Change::kUpdated;
}

void SortedSet::Remove(Entry* slot, uint64_t hash) {
  order_.Erase(*slot);
  table_.Take(slot, hash).Free();
}

bool SortedSet::Erase(std::string_view member) {
  const uint64_t hash = table_.Hash(member);
  Entry* slot = table_.Find(member, hash);
  if (slot == nullptr) return false;
  Remove(slot, hash);
  return true;
}

size_t SortedSet::EraseRange(size_t rank, size_t count) {
  size_t erased = 0;
  Entry room[kErasedAtOnce];
  while (erased < count) {
    const std::span<Entry> run(room, std::min(kErasedAtOnce, count - erased));
    const size_t taken = order_.EraseRun(rank, run);
    if (taken == 0) break;
    for (const Entry entry : run.first(taken)) {
      const uint64_t hash = table_.Hash(entry.key());
      table_.Take(table_.Find(entry.key(), hash), hash).Free();
    }
    erased += taken;
  }
  return erased;
}

std::optional<double> SortedSet::Score(std::string_view member) {
  const Entry* slot = table_.Find(member);
  if (slot == nullptr) return std::nullopt;
  return ScoreOf(*slot);
}

std::optional<size_t> SortedSet::Rank(std::string_view member) {
  const Entry* slot = table_.Find(member);
  if (slot == nullptr) return std::nullopt;
  return order_.RankOf(*slot);
}

RankTree::Ranked SortedSet::FirstFrom(ScoreBound from) const {
  return order_.FirstNot([&](double score, Entry) {
    return from.inclusive ? score < from.score : score <= from.score;
  });
}

RankTree::Ranked SortedSet::FirstFrom(MemberBound from) const {
  return order_.FirstNot([&](double, Entry entry) {
    return from.inclusive ? entry.key() < from.member : entry.key() <= from.member;
  });
}

bool SortedSet::FreeSome(size_t budget) {
  if (!order_.FreeSome(budget / kEntriesPerNode + 1)) return false;
  return table_.FreeSome(budget, [](Entry) {});
}

void SortedSet::CheckInvariants() {
  table_.CheckInvariants();
  order_.CheckInvariants();
  RHA_CHECK(table_.size() == order_.size());
  for (RankTree::Iterator at = order_.First(); at; ++at) {
    const Entry* slot = table_.Find((*at).key());
    RHA_CHECK(slot != nullptr && *slot == *at);
  }
}

}  // namespace rha::node::structs
