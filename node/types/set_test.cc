#include "node/types/set.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "node/types/draft.h"

namespace rha::node::types {
namespace {

using Model = std::set<std::string>;

Model All(const SetView& set) {
  Model all;
  set.ForEach([&](std::string_view member) { EXPECT_TRUE(all.emplace(member).second) << member; });
  return all;
}

class SetTest : public testing::Test {
 protected:
  Set set() { return draft_.As<Set>(); }
  Form form() const { return FormOf(draft_.entry()); }
  void FillInts(int members) {
    for (int i = 0; i < members; ++i) set().Add(std::to_string(i));
  }

  FormLimits limits_;
  structs::HashSecret secret_ = structs::HashSecret::FromSeed(1);
  Draft draft_{Form::kSetInts, limits_, secret_};
  Prng prng_{7};
};

TEST_F(SetTest, BehavesLikeASet) {
  // Mixed members: a table at once; integers alone: below and above the limit.
  for (const double words : {0.3, 0.0}) {
    for (const int64_t ints_max : {0, 20, 512}) {
      limits_.set_max_intset_entries = ints_max;
      Draft draft(Form::kSetInts, limits_, secret_);
      Model model;
      for (int step = 0; step < 20000; ++step) {
        const std::string member = (prng_.Chance(words) ? "0" : "") +
                                   std::to_string(static_cast<int64_t>(prng_.Below(60)) << 28);
        Set set = draft.As<Set>();
        if (prng_.Chance(0.6)) {
          ASSERT_EQ(set.Add(member), model.insert(member).second);
        } else {
          ASSERT_EQ(set.Erase(member), model.erase(member) == 1);
        }
        ASSERT_EQ(set.Contains(member), model.contains(member));
        ASSERT_EQ(set.size(), model.size());
        ASSERT_EQ(draft.empty(), model.empty());
        if (step % 100 == 0) {
          ASSERT_EQ(All(set), model);
        }
      }
      const bool ints = words == 0 && ints_max == 512;
      EXPECT_EQ(FormOf(draft.entry()), ints ? Form::kSetInts : Form::kSetTable);
    }
  }
}

TEST_F(SetTest, BecomesATableByCountOrByAWordAndStaysOne) {
  FillInts(512);
  EXPECT_FALSE(set().Add("0"));
  EXPECT_EQ(form(), Form::kSetInts);
  EXPECT_TRUE(set().Add("512"));
  EXPECT_EQ(form(), Form::kSetTable);
  EXPECT_EQ(set().size(), 513u);
  for (int i = 0; i < 512; ++i) EXPECT_TRUE(set().Erase(std::to_string(i)));
  EXPECT_EQ(form(), Form::kSetTable);

  Draft other(Form::kSetInts, limits_, secret_);
  for (const char* member : {"1", "-2", "03"}) other.As<Set>().Add(member);
  EXPECT_EQ(FormOf(other.entry()), Form::kSetTable);
  EXPECT_EQ(All(other.As<Set>()), (Model{"1", "-2", "03"}));
}

TEST_F(SetTest, NothingIsErasedFromAFreshOne) {
  EXPECT_FALSE(set().Erase("1"));
  EXPECT_FALSE(set().Erase("x"));
  EXPECT_EQ(set().size(), 0u);
  EXPECT_TRUE(draft_.empty());
}

TEST_F(SetTest, AdoptsIntsOfAFile) {
  structs::IntSet few, many;
  for (int i = 0; i < 1000; ++i) {
    if (i < 10) few.Insert(i);
    many.Insert(i);
  }
  set().AdoptInts(std::move(few));
  EXPECT_EQ(set().ints()->size(), 10u);
  Draft other(Form::kSetInts, limits_, secret_);
  other.As<Set>().AdoptInts(std::move(many));
  EXPECT_EQ(FormOf(other.entry()), Form::kSetTable);
  EXPECT_EQ(other.As<Set>().size(), 1000u);
}

TEST_F(SetTest, ScanSeesEveryMemberOnce) {
  for (const int members : {10, 5000}) {
    FillInts(members);
    std::multiset<std::string> seen;
    uint64_t cursor = 0;
    do {
      cursor = set().Scan(cursor, [&](std::string_view member) { seen.emplace(member); });
    } while (cursor != 0);
    const Model all = All(set());
    EXPECT_EQ(seen, (std::multiset<std::string>(all.begin(), all.end())));
  }
}

TEST_F(SetTest, RandomMembersAreFair) {
  constexpr int kRounds = 20000;
  for (const int64_t ints_max : {512, 0}) {
    limits_.set_max_intset_entries = ints_max;
    Draft draft(Form::kSetInts, limits_, secret_);
    for (int i = 0; i < 12; ++i) draft.As<Set>().Add(std::to_string(i));
    for (const size_t count : {1u, 3u, 9u}) {  // drawn one by one, or selected in a walk
      std::map<std::string, int> single, sampled;
      for (int round = 0; round < kRounds; ++round) {
        structs::DecimalText scratch;
        ++single[std::string(draft.As<Set>().Random(prng_, scratch))];
        draft.As<Set>().Sample(count, prng_,
                               [&](std::string_view member) { ++sampled[std::string(member)]; });
      }
      for (int i = 0; i < 12; ++i) {
        const double expected = kRounds / 12.0;
        EXPECT_NEAR(single[std::to_string(i)], expected, expected / 8);
        EXPECT_NEAR(sampled[std::to_string(i)], expected * static_cast<double>(count),
                    expected * static_cast<double>(count) / 8);
      }
    }
  }
}

TEST_F(SetTest, CopiesAreDeep) {
  FillInts(10);
  for (const char* word : {"11", "word"}) {
    Value copy = Value::CopyOf(draft_.entry());
    const size_t before = set().size();
    set().Add(word);
    EXPECT_EQ(static_cast<LargeValue*>(copy.view().pointer)->size(), before);
  }
}

TEST_F(SetTest, TakesLittle) {
  for (int i = 0; i < 10000; ++i) set().Add("m" + std::to_string(100000000 + i));  // 10 bytes
  EXPECT_LE(static_cast<double>(LargeBytes(draft_.entry())) / 10000, 27.5);
}

}  // namespace
}  // namespace rha::node::types
