#include "node/dispatch/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>
#include <vector>

namespace rha::node::dispatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Words = std::vector<std::string_view>;

// The words that are keys; "?" behind them: the request does not hold what it says.
Words KeysOf(const KeySpecs& specs, const Words& words) {
  Words keys;
  const auto visit = [&](size_t at, uint16_t) {
    keys.push_back(words[at]);
    return true;
  };
  if (!VisitKeys(specs, words, visit)) keys.push_back("?");
  return keys;
}

bool Is(const KeyRange& range, int first, int last, int step) {
  return range.first == first && range.last == last && range.step == step;
}

TEST(KeysTest, RangesEndAtTheirLastWordOrWithTheRequest) {
  EXPECT_THAT(KeysOf(KeySpecs{At(1, kReads)}, {"get", "a"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf(KeySpecs{At(1, kReads)}, {"get"}), IsEmpty());
  EXPECT_THAT(KeysOf(KeySpecs{Keys(1, -1, kOverwrites, 2)}, {"mset", "a", "1", "b", "2"}),
              ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf(KeySpecs{Keys(1, -2, kTakes)}, {"blpop", "a", "b", "0"}),
              ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf(KeySpecs{Keys(1, -2, kTakes)}, {"blpop"}), IsEmpty());
}

TEST(KeysTest, ACountMustBeOneAndFit) {
  const KeySpecs specs = {At(1, kOverwrites), Counted(2, kReads)};
  EXPECT_THAT(KeysOf(specs, {"zunionstore", "d", "2", "a", "b", "weights"}),
              ElementsAre("d", "a", "b"));
  for (const char* count : {"3", "0", "-1", "x", "", "9223372036854775807"}) {
    EXPECT_THAT(KeysOf(specs, {"zunionstore", "d", count, "a", "b"}), ElementsAre("d", "?"))
        << count;
  }
}

TEST(KeysTest, KeysStandBehindAKeywordFoundFromEitherEnd) {
  const KeySpecs half = {Behind("STREAMS", 1, kReads, -1, 2)};
  EXPECT_THAT(KeysOf(half, {"xread", "block", "0", "streams", "a", "b", "0", "$"}),
              ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf(half, {"xread", "count", "1"}), IsEmpty());
  EXPECT_THAT(KeysOf(half, {"xread", "count", "1", "streams"}), IsEmpty());
  const KeySpecs one = {Behind("STORE", 5, kOverwrites)};
  EXPECT_THAT(KeysOf(one, {"georadius", "k", "1", "2", "3", "m", "store", "d"}), ElementsAre("d"));
}

TEST(KeysTest, OfAnOptionWithOneKeyTheLastOneCountsAndValuesAreNone) {
  const KeySpecs specs = {At(1, kReads), Behind("STORE", 5, kOverwrites),
                          Behind("STOREDIST", 5, kOverwrites)};
  EXPECT_THAT(KeysOf(specs, {"g", "store", "store", "1", "m"}), ElementsAre("store"));
  EXPECT_THAT(KeysOf(specs, {"g", "limit", "group", "1", "m", "store", "d", "Store", "e"}),
              ElementsAre("limit", "e"));
  EXPECT_THAT(KeysOf(specs, {"g", "k", "x", "1", "m", "store", "limit", "storedist", "e"}),
              ElementsAre("k", "limit", "e"));
  EXPECT_THAT(KeysOf(specs, {"g", "k", "x", "1", "m", "count", "1", "storedist", "store"}),
              ElementsAre("k", "store"));
}

TEST(KeysTest, MigrateNamesOneKeyOrAListOfThem) {
  const KeySpecs specs = {AtUnless(3, "KEYS", 6, kTakes), Listed("KEYS", 6, kTakes)};
  EXPECT_THAT(KeysOf(specs, {"migrate", "h", "1", "k", "0", "9"}), ElementsAre("k"));
  EXPECT_THAT(KeysOf(specs, {"migrate", "h", "1", "", "0", "9"}), ElementsAre(""));
  EXPECT_THAT(KeysOf(specs, {"migrate", "h", "1", "", "keys", "0", "copy", "KEYS", "a", "keys"}),
              ElementsAre("a", "keys"));
  // Neither a password nor a key is the option.
  EXPECT_THAT(KeysOf(specs, {"migrate", "h", "1", "", "0", "9", "auth", "keys", "keys", "a"}),
              ElementsAre("a"));
  EXPECT_THAT(KeysOf(specs, {"migrate", "h", "1", "", "0", "9", "keys", "a", "keys", "b"}),
              ElementsAre("a", "keys", "b"));
}

TEST(KeysTest, OfAnOptionTheLastOneCounts) {
  const KeySpecs specs = {At(1, kReads), Unknown(kReads), LastOption("STORE", kOverwrites)};
  EXPECT_THAT(KeysOf(specs, {"sort", "k"}), ElementsAre("k"));
  EXPECT_THAT(KeysOf(specs, {"sort", "k", "store", "d", "Store", "e"}), ElementsAre("k", "e"));
  EXPECT_THAT(KeysOf(specs, {"sort", "k", "store"}), ElementsAre("k"));
}

TEST(KeysTest, AVisitorEndsItsWalk) {
  const Words words = {"mget", "a", "b", "c"};
  int visits = 0;
  EXPECT_TRUE(VisitKeys(KeySpecs{Keys(1, -1, kReads)}, words,
                        [&](size_t, uint16_t) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
}

TEST(KeysTest, OldClientsAreToldOneRange) {
  EXPECT_TRUE(Is(RangeOf(KeySpecs{}), 0, 0, 0));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{At(1, kReads)}), 1, 1, 1));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{Keys(1, -1, kOverwrites, 2)}), 1, -1, 2));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{At(1, kTakes), At(2, kInserts)}), 1, 2, 1));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{At(1, kOverwrites), Keys(2, -1, kReads)}), 1, -1, 1));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{At(1, kOverwrites), Counted(2, kReads)}), 1, 1, 1));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{Counted(1, kReads)}), 0, 0, 0));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{At(1, kChannel)}), 0, 0, 0));
  EXPECT_TRUE(Is(RangeOf(KeySpecs{At(1, kShardChannel)}), 1, 1, 1));
}

static_assert(KeySpecsFault(KeySpecs{At(1, kReads)}, 1, false) == "first key may be missing");
static_assert(KeySpecsFault(KeySpecs{Keys(1, 2, kReads)}, 2, false) == "last key may be missing");
static_assert(KeySpecsFault(KeySpecs{Counted(1, kReads)}, 3, false) ==
              "keys that must be searched for are movable");
static_assert(KeySpecsFault(KeySpecs{Keys(1, -1, kReads)}, 2, false).empty());

}  // namespace
}  // namespace rha::node::dispatch
