#include "node/types/zset.h"

namespace rha::node::types {
namespace {

using structs::PackedSize;
using structs::SortedSet;

// Writes a pair of PairSize() bytes.
void WritePair(char* to, std::string_view member, double score) {
  const size_t size = member.size() + sizeof score;
  to = structs::WritePackedLength(to, size);
  if (!member.empty()) std::memcpy(to, member.data(), member.size());
  std::memcpy(to + member.size(), &score, sizeof score);
}

size_t PairSize(std::string_view member) { return PackedSize(member.size() + sizeof(double)); }

}  // namespace

std::unique_ptr<LargeValue> ZsetTree::Clone() const {
  auto copy = std::make_unique<ZsetTree>(*secret_);
  copy->Reserve(size());
  for (auto at = order().First(); at; ++at) copy->Put((*at).key(), structs::ScoreOf(*at));
  return copy;
}

// ---------------------------------------------------------------- reading

std::optional<double> ZsetView::Score(std::string_view member) const {
  if (!is_packed()) return tree().Score(member);
  for (Reader reader(entry_.bytes()); !reader.done();) {
    const Pair pair = reader.Next();
    if (pair.member == member) return pair.score;
  }
  return std::nullopt;
}

std::optional<size_t> ZsetView::Rank(std::string_view member) const {
  if (!is_packed()) return tree().Rank(member);
  size_t rank = 0;
  for (Reader reader(entry_.bytes()); !reader.done(); ++rank) {
    if (reader.Next().member == member) return rank;
  }
  return std::nullopt;
}

size_t ZsetView::FirstFrom(SortedSet::ScoreBound bound) const {
  if (!is_packed()) return tree().FirstFrom(bound);
  return PackedRank([&](const Pair& pair) {
    return bound.inclusive ? pair.score < bound.score : pair.score <= bound.score;
  });
}

// `turned`: of an upper end, the first past it.
size_t ZsetView::FirstFrom(const MemberEnd& end, bool turned) const {
  switch (end.kind) {
    case MemberEnd::Kind::kLeast:
      return 0;
    case MemberEnd::Kind::kGreatest:
      return size();
    case MemberEnd::Kind::kMember:
      break;
  }
  const SortedSet::MemberBound bound{end.bound.member, end.bound.inclusive != turned};
  if (!is_packed()) return tree().FirstFrom(bound);
  return PackedRank([&](const Pair& pair) {
    return bound.inclusive ? pair.member < bound.member : pair.member <= bound.member;
  });
}

namespace {

RankRange Between(size_t begin, size_t end) { return {begin, end > begin ? end - begin : 0}; }

}  // namespace

RankRange ZsetView::Within(const ScoreInterval& interval) const {
  const SortedSet::ScoreBound past{interval.high.score, !interval.high.inclusive};
  return Between(FirstFrom(interval.low), FirstFrom(past));
}

RankRange ZsetView::Within(const MemberInterval& interval) const {
  return Between(FirstFrom(interval.low, false), FirstFrom(interval.high, true));
}

// ---------------------------------------------------------------- changing

Zset::Change Zset::Put(std::string_view member, double score) {
  if (!is_packed()) return tree().Put(member, score);
  const Change change = PutPacked(member, score);
  entry_ = slot_.entry();
  return change;
}

Zset::Change Zset::PutPacked(std::string_view member, double given) {
  const double score = given + 0.0;  // as in Redis, where a small one keeps no minus zero
  const std::string_view bytes = entry_.bytes();
  std::optional<Pair> found;
  size_t place = bytes.size();  // of the first pair that is greater
  size_t count = 0;
  for (Reader reader(bytes); !reader.done(); ++count) {
    const Pair pair = reader.Next();
    if (pair.member == member) {
      found = pair;
    } else if (place == bytes.size() &&
               (pair.score > score || (pair.score == score && pair.member > member))) {
      place = pair.at;
    }
    if (found && place != bytes.size()) break;
  }
  if (!found) {
    const FormLimits& limits = slot_.limits();
    if (static_cast<int64_t>(count) >= limits.zset_max_listpack_entries ||
        static_cast<int64_t>(member.size()) > limits.zset_max_listpack_value) {
      MakeTree(count + 1);
      return tree().Put(member, given);
    }
    WritePair(slot_.Splice(place, 0, PairSize(member)), member, score);
    return Change::kAdded;
  }
  if (found->score == score) return Change::kSame;
  char* start = slot_.entry().mutable_bytes();
  char* pair = start + found->at;
  char* end = pair + found->size;
  std::memcpy(end - sizeof score, &score, sizeof score);
  if (place < found->at) std::rotate(start + place, pair, end);
  if (place > found->at) std::rotate(pair, end, start + place);
  return Change::kUpdated;
}

void Zset::Append(std::string_view member, double given) {
  if (is_packed() && static_cast<int64_t>(member.size()) > slot_.limits().zset_max_listpack_value) {
    MakeTree(size());
  }
  if (!is_packed()) {
    tree().Put(member, given);
    return;
  }
  const size_t end = entry_.bytes().size();
  WritePair(slot_.Resize(end + PairSize(member)) + end, member, given + 0.0);
  entry_ = slot_.entry();
}

bool Zset::Erase(std::string_view member) {
  if (!is_packed()) return tree().Erase(member);
  for (Reader reader(entry_.bytes()); !reader.done();) {
    const Pair pair = reader.Next();
    if (pair.member != member) continue;
    slot_.Splice(pair.at, pair.size, 0);
    entry_ = slot_.entry();
    return true;
  }
  return false;
}

size_t Zset::EraseRange(RankRange range) {
  const size_t size = this->size();
  if (range.first >= size) return 0;
  range.count = std::min(range.count, size - range.first);
  if (range.count == 0) return 0;
  if (!is_packed()) {
    tree().EraseRange(range);
    return range.count;
  }
  Reader reader(entry_.bytes());
  for (size_t rank = 0; rank < range.first; ++rank) reader.Next();
  const size_t begin = reader.at();
  for (size_t erased = 0; erased < range.count; ++erased) reader.Next();
  slot_.Splice(begin, reader.at() - begin, 0);
  entry_ = slot_.entry();
  return range.count;
}

void Zset::Reserve(size_t members) {
  const auto packed_max = static_cast<size_t>(slot_.limits().zset_max_listpack_entries);
  if (is_packed() && members > packed_max) MakeTree(members);
}

// A packed one turns into a tree with room for that many.
void Zset::MakeTree(size_t members) {
  auto tree = std::make_unique<ZsetTree>(slot_.secret());
  tree->Reserve(members);
  ForEach([&](std::string_view member, double score) { tree->Put(member, score); });
  slot_.SetLarge(Form::kZsetTree, tree.release());
  entry_ = slot_.entry();
}

}  // namespace rha::node::types
