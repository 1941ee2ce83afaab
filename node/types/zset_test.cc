#include "node/types/zset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/prng.h"
#include "node/types/draft.h"

namespace rha::node::types {
namespace {

const structs::HashSecret kSecret = structs::HashSecret::FromSeed(5);
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Change = ZsetView::Change;
using Pairs = std::vector<std::pair<std::string, double>>;

// Few scores, so that members are often in one place by score.
double RandomScore(Prng& prng) {
  const int64_t number = prng.Between(-8, 8);
  if (number == 8) return kInfinity;
  if (number == -8) return -kInfinity;
  return static_cast<double>(number) / 2;
}

class Model {
 public:
  Change Put(const std::string& member, double score) {
    const auto known = scores_.find(member);
    if (known == scores_.end()) {
      scores_.emplace(member, score);
      order_.emplace(score, member);
      return Change::kAdded;
    }
    if (known->second == score) return Change::kSame;
    order_.erase({known->second, member});
    order_.emplace(score, member);
    known->second = score;
    return Change::kUpdated;
  }
  bool Erase(const std::string& member) {
    const auto known = scores_.find(member);
    if (known == scores_.end()) return false;
    order_.erase({known->second, member});
    scores_.erase(known);
    return true;
  }
  size_t EraseRange(RankRange range) {
    const Pairs gone = Range(range, Direction::kUp);
    for (const auto& [member, score] : gone) Erase(member);
    return gone.size();
  }
  Pairs All() const { return Range({0, SIZE_MAX}, Direction::kUp); }
  Pairs Range(RankRange range, Direction direction) const {
    Pairs pairs;
    size_t rank = 0;
    for (const auto& [score, member] : order_) {
      if (rank >= range.first && rank - range.first < range.count)
        pairs.emplace_back(member, score);
      ++rank;
    }
    if (direction == Direction::kDown) std::reverse(pairs.begin(), pairs.end());
    return pairs;
  }
  Pairs Within(const ScoreInterval& interval) const {
    Pairs pairs;
    for (const auto& [score, member] : order_) {
      const auto& [low, high] = interval;
      if (low.inclusive ? score < low.score : score <= low.score) continue;
      if (high.inclusive ? score > high.score : score >= high.score) continue;
      pairs.emplace_back(member, score);
    }
    return pairs;
  }
  size_t size() const { return order_.size(); }

 private:
  std::map<std::string, double> scores_;
  std::set<std::pair<double, std::string>> order_;
};

Pairs Read(const ZsetView& zset, RankRange range, Direction direction) {
  Pairs pairs;
  zset.ForRange(range, direction,
                [&](std::string_view member, double score) { pairs.emplace_back(member, score); });
  return pairs;
}

void ExpectSame(const ZsetView& zset, const Model& model) {
  const Pairs all = model.All();
  ASSERT_EQ(zset.size(), all.size());
  ASSERT_EQ(Read(zset, {0, SIZE_MAX}, Direction::kUp), all);
  for (size_t rank = 0; rank < all.size(); ++rank) {
    ASSERT_EQ(zset.Rank(all[rank].first), rank);
    ASSERT_EQ(zset.Score(all[rank].first), all[rank].second);
  }
}

void ExpectSameRanges(Prng& prng, const ZsetView& zset, const Model& model) {
  const RankRange range{prng.Below(model.size() + 3), prng.Below(model.size() + 3)};
  for (const Direction direction : {Direction::kUp, Direction::kDown}) {
    ASSERT_EQ(Read(zset, range, direction), model.Range(range, direction));
  }
  const ScoreInterval interval{{RandomScore(prng), prng.Chance(0.5)},
                               {RandomScore(prng), prng.Chance(0.5)}};
  ASSERT_EQ(Read(zset, zset.Within(interval), Direction::kUp), model.Within(interval));
}

// `distinct` members at most: decides how large the set gets.
void CompareWithModel(const FormLimits& limits, uint64_t distinct, Form form_at_end) {
  Prng prng(distinct);
  Draft draft(Form::kZsetPacked, limits, kSecret);
  Model model;
  for (int step = 0; step < 6000; ++step) {
    auto zset = draft.As<Zset>();
    const std::string member = "m" + std::to_string(prng.Below(distinct));
    if (prng.Chance(0.7)) {
      const double score = RandomScore(prng);
      ASSERT_EQ(zset.Put(member, score), model.Put(member, score));
    } else if (prng.Chance(0.97)) {
      ASSERT_EQ(zset.Erase(member), model.Erase(member));
    } else {
      const RankRange range{prng.Below(model.size() + 2), prng.Below(6)};
      ASSERT_EQ(zset.EraseRange(range), model.EraseRange(range));
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSameRanges(prng, zset, model));
    if (step % 50 == 0) {
      ASSERT_NO_FATAL_FAILURE(ExpectSame(zset, model));
    }
  }
  ASSERT_NO_FATAL_FAILURE(ExpectSame(draft.As<ZsetView>(), model));
  EXPECT_EQ(FormOf(draft.entry()), form_at_end);
}

TEST(Zset, PackedBehavesLikeAModel) { CompareWithModel({}, 40, Form::kZsetPacked); }

TEST(Zset, TreeBehavesLikeAModel) {
  CompareWithModel({.zset_max_listpack_entries = 0}, 300, Form::kZsetTree);
}

TEST(Zset, BehavesLikeAModelAcrossTheConversion) { CompareWithModel({}, 1000, Form::kZsetTree); }

TEST(Zset, ManyPackedPairsAreReadDownwards) {
  const FormLimits limits{.zset_max_listpack_entries = 1000};
  CompareWithModel(limits, 600, Form::kZsetPacked);
}

TEST(Zset, ConvertsByCountAndByMemberSize) {
  const FormLimits limits{.zset_max_listpack_entries = 3, .zset_max_listpack_value = 4};
  Draft by_count(Form::kZsetPacked, limits, kSecret);
  for (const char* member : {"a", "b", "c"}) by_count.As<Zset>().Put(member, 1);
  EXPECT_STREQ(EncodingName(by_count.entry()), "listpack");
  by_count.As<Zset>().Put("c", 2);
  EXPECT_STREQ(EncodingName(by_count.entry()), "listpack");
  by_count.As<Zset>().Put("d", 1);
  EXPECT_STREQ(EncodingName(by_count.entry()), "skiplist");

  Draft by_size(Form::kZsetPacked, limits, kSecret);
  by_size.As<Zset>().Put("abcd", 1);
  EXPECT_STREQ(EncodingName(by_size.entry()), "listpack");
  by_size.As<Zset>().Put("abcde", 1);
  EXPECT_STREQ(EncodingName(by_size.entry()), "skiplist");
}

TEST(Zset, AppendingInOrderMakesWhatPuttingMakes) {
  const FormLimits limits{.zset_max_listpack_value = 5};
  for (const std::vector<std::string>& members :
       {std::vector<std::string>{"a", "b", "c"}, std::vector<std::string>{"a", "longer", "z"}}) {
    Draft put(Form::kZsetPacked, limits, kSecret), appended(Form::kZsetPacked, limits, kSecret);
    double score = -1;
    for (const std::string& member : members) {
      put.As<Zset>().Put(member, score);
      appended.As<Zset>().Append(member, score++);
    }
    const auto pairs_of = [](Draft& draft) {
      Pairs pairs;
      draft.As<ZsetView>().ForEach(
          [&](std::string_view text, double of) { pairs.emplace_back(text, of); });
      return pairs;
    };
    EXPECT_EQ(pairs_of(appended), pairs_of(put));
    EXPECT_EQ(FormOf(appended.entry()), FormOf(put.entry()));
  }
}

TEST(Zset, MembersWithinAnInterval) {
  using Kind = MemberEnd::Kind;
  const MemberEnd least{Kind::kLeast}, greatest{Kind::kGreatest};
  const MemberEnd b{Kind::kMember, {"b", true}}, past_b{Kind::kMember, {"b", false}};
  const MemberEnd d{Kind::kMember, {"d", true}}, below_d{Kind::kMember, {"d", false}};
  for (const int64_t packed_max : {128, 0}) {
    const FormLimits limits{.zset_max_listpack_entries = packed_max};
    Draft draft(Form::kZsetPacked, limits, kSecret);
    for (const char* member : {"e", "a", "d", "b", "c"}) draft.As<Zset>().Put(member, 7);
    const auto zset = draft.As<ZsetView>();
    const auto within = [&](MemberEnd low, MemberEnd high) {
      std::string text;
      zset.ForRange(zset.Within(MemberInterval{low, high}), Direction::kUp,
                    [&](std::string_view member, double) { text += member; });
      return text;
    };
    EXPECT_EQ(within(least, greatest), "abcde");
    EXPECT_EQ(within(b, d), "bcd");
    EXPECT_EQ(within(past_b, below_d), "c");
    EXPECT_EQ(within(least, below_d), "abc");
    EXPECT_EQ(within(past_b, greatest), "cde");
    EXPECT_EQ(within(d, b), "");
    EXPECT_EQ(within(greatest, least), "");
    EXPECT_EQ(within(greatest, greatest), "");
    EXPECT_EQ(within(least, least), "");
  }
}

TEST(Zset, MembersOfAnyBytes) {
  const std::string zeros("\0\0", 2), high = "\xff\xfe", empty, long_one(300, 'x');
  for (const int64_t packed_max : {128, 0}) {
    const FormLimits limits{.zset_max_listpack_entries = packed_max,
                            .zset_max_listpack_value = 1000};
    Draft draft(Form::kZsetPacked, limits, kSecret);
    for (const std::string& member : {high, long_one, zeros, empty}) {
      EXPECT_EQ(draft.As<Zset>().Put(member, 0), Change::kAdded);
    }
    EXPECT_EQ(Read(draft.As<ZsetView>(), {0, 9}, Direction::kUp),
              (Pairs{{empty, 0}, {zeros, 0}, {long_one, 0}, {high, 0}}));
  }
}

TEST(Zset, ScanVisitsAllInBothForms) {
  for (const size_t members : {50, 5000}) {
    const FormLimits limits;
    Draft draft(Form::kZsetPacked, limits, kSecret);
    for (size_t i = 0; i < members; ++i) {
      draft.As<Zset>().Put("m" + std::to_string(i), static_cast<double>(i));
    }
    std::map<std::string, double> seen;
    uint64_t cursor = 0;
    do {
      cursor = draft.As<ZsetView>().Scan(
          cursor, [&](std::string_view member, double score) { seen.emplace(member, score); });
    } while (cursor != 0);
    EXPECT_EQ(seen.size(), members);
  }
}

TEST(Zset, DrawsAreOfAnyMemberWithItsScoreInBothForms) {
  const FormLimits limits;
  for (const int members : {1, 100, 1000}) {
    Draft draft(Form::kZsetPacked, limits, kSecret);
    for (int i = 0; i < members; ++i) draft.As<Zset>().Put(std::to_string(i), i);
    Prng prng(7);
    size_t draws = 0;
    std::set<std::string> seen;
    draft.As<ZsetView>().Draw(20'000, prng, [&](std::string_view member, double score) {
      ++draws;
      seen.emplace(member);
      ASSERT_EQ(std::to_string(static_cast<int>(score)), member);
    });
    EXPECT_EQ(draws, 20'000u);
    EXPECT_EQ(seen.size(), static_cast<size_t>(members));
  }
}

TEST(Zset, CopyIsIndependent) {
  const FormLimits limits;
  Draft draft(Form::kZsetPacked, limits, kSecret);
  Model model;
  for (int i = 0; i < 1000; ++i) {
    draft.As<Zset>().Put("m" + std::to_string(i), i % 7);
    model.Put("m" + std::to_string(i), i % 7);
  }
  const auto copy = LargeOf<ZsetTree>(draft.entry()).Clone();
  draft.As<Zset>().EraseRange({0, 1000});
  EXPECT_TRUE(draft.empty());
  const auto value = structs::EntryValue::Pointer(copy.get(), uint8_t{6});
  structs::Entry entry = structs::Entry::Make("k", value);
  ExpectSame(ZsetView(entry), model);
  entry.Free();
}

TEST(Zset, TenThousandMembersTakeAtMost55BytesEach) {
  constexpr size_t kMembers = 10'000;
  const FormLimits limits;
  Draft draft(Form::kZsetPacked, limits, kSecret);
  Prng prng(3);
  for (size_t i = 0; i < kMembers; ++i) {
    draft.As<Zset>().Put("member" + std::to_string(100'000 + i),
                         static_cast<double>(prng.Below(1'000'000)));
  }
  EXPECT_LE(LargeBytes(draft.entry()) / kMembers, 55u);
}

}  // namespace
}  // namespace rha::node::types
