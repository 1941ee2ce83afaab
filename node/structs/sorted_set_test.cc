#include "node/structs/sorted_set.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace rha::node::structs {
namespace {

const HashSecret kSecret = HashSecret::FromSeed(21);
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double RandomScore(Prng& prng) {
  switch (prng.Below(6)) {
    case 0:
      return static_cast<double>(prng.Between(-3, 3));
    case 1:
      return static_cast<double>(prng.Between(-1'000'000'000'000, 1'000'000'000'000));
    case 2:
      return prng.Chance(0.5) ? kInfinity : -kInfinity;
    case 3:
      return prng.Chance(0.5) ? 0.0 : -0.0;
    default:
      return static_cast<double>(prng.Next() >> 11) * 0x1.0p-53 * 100 - 50;
  }
}

TEST(ScoreValue, GivesBackEveryScore) {
  Prng prng(1);
  for (int i = 0; i < 20000; ++i) {
    double score = RandomScore(prng);
    if (prng.Chance(0.2)) score = std::ldexp(score, static_cast<int>(prng.Between(-1000, 1000)));
    char scratch[8];
    Entry entry = Entry::Make("member", ScoreValue(score, scratch));
    ASSERT_EQ(std::bit_cast<uint64_t>(ScoreOf(entry)), std::bit_cast<uint64_t>(score));
    entry.Free();
  }
}

using Order = std::set<std::pair<double, std::string>>;

void ExpectSame(SortedSet& set, const Order& order) {
  ASSERT_EQ(set.size(), order.size());
  auto at = set.order().First();
  size_t rank = 0;
  for (const auto& [score, member] : order) {
    ASSERT_TRUE(static_cast<bool>(at));
    ASSERT_EQ((*at).key(), member);
    ASSERT_EQ(ScoreOf(*at), score);
    ASSERT_EQ(set.Rank(member), rank);
    ASSERT_EQ(*set.order().At(rank), *at);
    ++at;
    ++rank;
  }
  ASSERT_FALSE(static_cast<bool>(at));
  auto back = set.order().Last();
  for (auto one = order.rbegin(); one != order.rend(); ++one, --back) {
    ASSERT_EQ((*back).key(), one->second);
  }
  ASSERT_FALSE(static_cast<bool>(back));
}

TEST(SortedSet, BehavesLikeTwoMaps) {
  Prng prng(2);
  for (int round = 0; round < 6; ++round) {
    SortedSet set(kSecret);
    std::map<std::string, double> scores;
    Order order;
    for (int phase = 0; phase < 6; ++phase) {
      const double put_share = phase % 2 == 0 ? 0.8 : 0.25;
      for (int step = 0; step < 2500; ++step) {
        const std::string member = "m" + std::to_string(prng.Below(4000));
        const auto known = scores.find(member);
        if (prng.Chance(put_share)) {
          const bool nudge = known != scores.end() && prng.Chance(0.3);
          const double score = nudge ? known->second + 1e-6 : RandomScore(prng);
          const auto change = set.Put(member, score);
          ASSERT_EQ(change == SortedSet::Change::kAdded, known == scores.end());
          if (known != scores.end()) order.erase({known->second, member});
          scores[member] = score;
          order.emplace(score, member);
        } else {
          ASSERT_EQ(set.Erase(member), known != scores.end());
          if (known == scores.end()) continue;
          order.erase({known->second, member});
          scores.erase(known);
        }
      }
      set.CheckInvariants();
      ExpectSame(set, order);
    }
  }
}

TEST(SortedSet, FindsTheBeginOfRanges) {
  Prng prng(3);
  SortedSet set(kSecret);
  Order order;
  for (int i = 0; i < 5000; ++i) {
    const double score = std::floor(RandomScore(prng));
    const std::string member = std::to_string(prng.Next());
    set.Put(member, score);
    order.emplace(score, member);
  }
  for (int i = 0; i < 500; ++i) {
    const double score = std::floor(RandomScore(prng));
    for (const bool inclusive : {true, false}) {
      const auto found = set.FirstFrom(SortedSet::ScoreBound{score, inclusive});
      size_t rank = 0;
      for (const auto& [other, member] : order) {
        if (inclusive ? other >= score : other > score) break;
        ++rank;
      }
      ASSERT_EQ(found.rank, rank);
      ASSERT_EQ(found.at, set.order().At(rank));
    }
  }
}

TEST(SortedSet, FindsTheBeginOfRangesOfMembers) {
  Prng prng(4);
  SortedSet set(kSecret);
  std::set<std::string> members;
  for (int i = 0; i < 3000; ++i) {
    const std::string member = std::to_string(prng.Below(100000));
    set.Put(member, 1);
    members.insert(member);
  }
  for (int i = 0; i < 500; ++i) {
    const std::string bound = std::to_string(prng.Below(100000));
    for (const bool inclusive : {true, false}) {
      const auto expected = inclusive ? members.lower_bound(bound) : members.upper_bound(bound);
      const auto found = set.FirstFrom(SortedSet::MemberBound{bound, inclusive});
      ASSERT_EQ(static_cast<bool>(found.at), expected != members.end());
      if (found.at) {
        ASSERT_EQ((*found.at).key(), *expected);
      }
    }
  }
}

TEST(SortedSet, ErasesRangesAndAscendingInsertsPackLeaves) {
  SortedSet set(kSecret);
  Order order;
  for (int i = 0; i < 20000; ++i) {
    const std::string member = "m" + std::to_string(i);
    set.Put(member, i);
    order.emplace(i, member);
  }
  set.CheckInvariants();
  EXPECT_LT(static_cast<double>(set.order().heap_bytes()) / 20000, 10.5);
  const auto first = std::next(order.begin(), 5000);
  order.erase(first, std::next(first, 9000));
  EXPECT_EQ(set.EraseRange(5000, 9000), 9000u);
  set.CheckInvariants();
  ExpectSame(set, order);
  EXPECT_EQ(set.EraseRange(10990, 100), 10u);
  EXPECT_EQ(set.EraseRange(0, 1u << 30), 10990u);
  set.CheckInvariants();
  EXPECT_TRUE(set.empty());
  EXPECT_LT(set.heap_bytes(), 512u);
}

TEST(SortedSet, ErasesRangesOfAnySizeAnywhere) {
  Prng prng(9);
  for (const size_t longest : {3u, 40u, 300u, 3000u}) {
    SortedSet set(kSecret);
    Order order;
    for (int i = 0; i < 20000; ++i) {
      const std::string member = "m" + std::to_string(i);
      const auto score = static_cast<double>(prng.Below(500));
      set.Put(member, score);
      order.emplace(score, member);
    }
    for (int round = 0; !order.empty(); ++round) {
      const size_t rank = prng.Below(order.size() + 1);
      const size_t count = std::min<size_t>(prng.Below(longest) + 1, order.size() - rank);
      const auto first = std::next(order.begin(), static_cast<ptrdiff_t>(rank));
      order.erase(first, std::next(first, static_cast<ptrdiff_t>(count)));
      ASSERT_EQ(set.EraseRange(rank, count), count);
      if (round % 16 == 0) set.CheckInvariants();
      if (order.size() < 10) break;
    }
    set.CheckInvariants();
    ExpectSame(set, order);
  }
}

TEST(SortedSet, FreesInSlices) {
  SortedSet set(kSecret);
  for (int i = 0; i < 30000; ++i) set.Put(std::to_string(i * 7919 % 30000), i * 0.5);
  int slices = 1;
  while (!set.FreeSome(100)) ++slices;
  EXPECT_GT(slices, 300);
  set.CheckInvariants();
  set.Put("again", 1);
  EXPECT_EQ(set.Score("again"), 1.0);
}

}  // namespace
}  // namespace rha::node::structs
