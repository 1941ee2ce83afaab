#include "node/keyspace/eviction.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "node/keyspace/db.h"

namespace rha::node::keyspace {
namespace {

using From = EvictionPolicy::From;
using First = EvictionPolicy::First;
using Outcome = Evictor::Outcome;

constexpr int64_t kStartMs = 1'700'000'000'000;

class EvictionTest : public testing::Test {
 protected:
  EvictionTest() { keyspace_.set_now_ms(kStartMs); }

  void Use(From from, First first, size_t samples = 5) {
    keyspace_.set_eviction({.from = from, .first = first, .samples = samples});
  }
  void Put(int number, int64_t expire_at_ms = kNoExpiry, int db = 0) {
    keyspace_.db(db).Put(std::to_string(number), "v", expire_at_ms, events::kSet);
  }
  bool Has(int number) { return keyspace_.db(0).Exists(std::to_string(number)); }
  // How many of the keys low..high-1 are there.
  int Count(int low, int high) {
    int count = 0;
    for (int i = low; i < high; ++i) count += Has(i) ? 1 : 0;
    return count;
  }
  void Evict(int keys) {
    for (int i = 0; i < keys;) {
      const Outcome outcome = keyspace_.EvictOne();
      ASSERT_NE(outcome, Outcome::kNothing);
      if (outcome == Outcome::kEvicted) ++i;
    }
  }
  void AdvanceSeconds(int64_t seconds) {
    keyspace_.set_now_ms(keyspace_.now_ms() + seconds * 1000);
  }
  // Rounds of the sweep, which settles ages and lets frequencies decay.
  void Sweep() {
    for (int i = 0; i < 3; ++i) keyspace_.SweepSlice(1, [] { return 0; });
  }

  Keyspace keyspace_{2};
};

TEST_F(EvictionTest, NothingGoesWithoutAPolicy) {
  Put(1);
  EXPECT_EQ(keyspace_.EvictOne(), Outcome::kNothing);
  EXPECT_TRUE(Has(1));
}

TEST_F(EvictionTest, AnEmptyKeyspaceHasNothingToEvict) {
  Use(From::kAll, First::kLeastRecent);
  EXPECT_EQ(keyspace_.EvictOne(), Outcome::kNothing);
  EXPECT_EQ(keyspace_.stats().evicted_keys, 0u);
}

TEST_F(EvictionTest, TheLongestUnusedGoFirst) {
  Use(From::kAll, First::kLeastRecent);
  for (int i = 0; i < 1000; ++i) Put(i);
  AdvanceSeconds(30);
  for (int i = 500; i < 1000; ++i) keyspace_.db(0).Read(std::to_string(i));
  AdvanceSeconds(1);
  Evict(400);
  EXPECT_EQ(Count(0, 500), 100);
  EXPECT_EQ(Count(500, 1000), 500);
  EXPECT_EQ(keyspace_.stats().evicted_keys, 400u);
}

TEST_F(EvictionTest, ExchangingThePolicyKeepsWhatIsKnownOfKeys) {
  Use(From::kAll, First::kLeastRecent);
  Put(1);
  AdvanceSeconds(49);
  Use(From::kAll, First::kLeastFrequent);
  EXPECT_EQ(keyspace_.db(0).UseFrequency("1"), Frequency::kFirst) << "as a new key";
  Use(From::kAll, First::kLeastRecent);
  EXPECT_EQ(keyspace_.db(0).IdleSeconds("1"), 49) << "not looked at meanwhile: nothing is lost";
  for (int minute = 0; minute < 3; ++minute) {
    AdvanceSeconds(60);
    Sweep();
  }
  Use(From::kAll, First::kLeastFrequent);
  EXPECT_EQ(keyspace_.db(0).UseFrequency("1"), Frequency::kFirst - 3) << "unused for 3 minutes";
  keyspace_.db(0).Read("1");
  Use(From::kAll, First::kLeastRecent);
  EXPECT_EQ(keyspace_.db(0).IdleSeconds("1"), 0);
  AdvanceSeconds(7);
  Put(2);
  EXPECT_EQ(keyspace_.db(0).IdleSeconds("1"), 7) << "since the exchange, whenever it is looked at";
  Sweep();
  EXPECT_EQ(keyspace_.db(0).IdleSeconds("1"), 7);
}

TEST_F(EvictionTest, AFloodAfterAnExchangeOfThePolicyKeepsNoUnusedKeys) {
  for (const auto& [before, after] : {std::pair(First::kLeastRecent, First::kLeastFrequent),
                                      std::pair(First::kLeastFrequent, First::kLeastRecent)}) {
    keyspace_.Flush(-1);
    Use(From::kAll, before);
    for (int i = 0; i < 1000; ++i) Put(i);
    for (int minute = 0; minute < 2; ++minute) {
      AdvanceSeconds(60);
      Sweep();
    }
    Use(From::kAll, after);
    for (int round = 0; round < 20; ++round) {
      AdvanceSeconds(1);
      for (int i = 0; i < 100; ++i) keyspace_.db(0).Read(std::to_string(i));
    }
    for (int i = 1000; i < 1900; ++i) Put(i);
    Evict(900);
    EXPECT_GT(Count(0, 100), 85) << "chance would leave 53";
    EXPECT_LT(Count(100, 1000), 90) << "chance would leave 474";
  }
}

TEST_F(EvictionTest, AKeyThatWasUsedSinceItWasChosenStays) {
  Use(From::kAll, First::kLeastRecent, 64);
  for (int i = 0; i < 16; ++i) Put(i);
  AdvanceSeconds(10);
  Evict(1);  // the others are in the pool now
  int kept = 0;
  while (!Has(kept)) ++kept;
  AdvanceSeconds(1);
  keyspace_.db(0).Read(std::to_string(kept));
  Evict(14);
  EXPECT_TRUE(Has(kept));
}

TEST_F(EvictionTest, OnlyKeysWithAnExpiryAreVolatile) {
  Use(From::kVolatile, First::kLeastRecent);
  for (int i = 0; i < 300; ++i) Put(i, i < 30 ? kStartMs + 1'000'000 : kNoExpiry);
  Evict(30);
  EXPECT_EQ(Count(0, 30), 0);
  EXPECT_EQ(Count(30, 300), 270);
  EXPECT_EQ(keyspace_.EvictOne(), Outcome::kNothing);
}

TEST_F(EvictionTest, FewVolatileKeysAmongManyAreFoundInBoundedSteps) {
  Use(From::kVolatile, First::kSoonestExpiry);
  constexpr int kKeys = 60'000;
  for (int i = 0; i < kKeys; ++i) Put(i);
  Put(kKeys, kStartMs + 5000);
  int calls = 1;
  while (keyspace_.EvictOne() == Outcome::kSearching) ++calls;
  EXPECT_FALSE(Has(kKeys));
  EXPECT_LT(calls, 20);
}

TEST_F(EvictionTest, TheSoonestToExpireGoFirst) {
  Use(From::kVolatile, First::kSoonestExpiry, 20);
  for (int i = 0; i < 1000; ++i) Put(i, kStartMs + 1000 * (i + 1));
  Evict(100);
  EXPECT_GE(Count(500, 1000), 495);
}

TEST_F(EvictionTest, TheLeastFrequentlyUsedGoFirst) {
  Use(From::kAll, First::kLeastFrequent);
  for (int i = 0; i < 400; ++i) Put(i);
  for (int use = 0; use < 50; ++use) {
    for (int i = 0; i < 100; ++i) keyspace_.db(0).Read(std::to_string(i));
  }
  Evict(300);
  EXPECT_EQ(Count(0, 100), 100);
}

TEST_F(EvictionTest, RandomEvictionTakesFromEverywhere) {
  Use(From::kAll, First::kRandom);
  for (int i = 0; i < 1000; ++i) Put(i);
  Evict(500);
  EXPECT_GT(Count(0, 500), 150);
  EXPECT_GT(Count(500, 1000), 150);
}

TEST_F(EvictionTest, EveryDatabaseIsSearched) {
  Use(From::kAll, First::kLeastRecent);
  Put(1, kNoExpiry, 1);
  AdvanceSeconds(5);
  Put(2, kNoExpiry, 0);
  Evict(1);
  EXPECT_EQ(keyspace_.db(1).size(), 0u);
  EXPECT_TRUE(Has(2));
}

TEST_F(EvictionTest, FrequencyBeginsAtFiveAndGrowsWithUse) {
  Use(From::kAll, First::kLeastFrequent);
  Put(1);
  EXPECT_EQ(keyspace_.db(0).UseFrequency("1"), Frequency::kFirst);
  keyspace_.db(0).Read("1");
  EXPECT_EQ(keyspace_.db(0).UseFrequency("1"), Frequency::kFirst + 1);
  for (int i = 0; i < 20'000; ++i) keyspace_.db(0).Read("1");
  EXPECT_GT(keyspace_.db(0).UseFrequency("1"), 30);
  EXPECT_LT(keyspace_.db(0).UseFrequency("1"), 120);
}

TEST_F(EvictionTest, FrequencySinksByOneAMinute) {
  Use(From::kAll, First::kLeastFrequent);
  Put(1);
  Sweep();
  AdvanceSeconds(120);
  Sweep();
  EXPECT_EQ(keyspace_.db(0).UseFrequency("1"), Frequency::kFirst - 2);
  AdvanceSeconds(6000);
  Sweep();
  EXPECT_EQ(keyspace_.db(0).UseFrequency("1"), 0);
}

TEST(DecayClockTest, CountsWholeStepsAndKeepsTheRest) {
  DecayClock clock;
  EXPECT_EQ(clock.Due(600, 3), 0);
  EXPECT_EQ(clock.Due(900, 3), 1);
  EXPECT_EQ(clock.Due(960, 3), 1);
  EXPECT_EQ(clock.Due(960, 3), 0);
  EXPECT_EQ(clock.Due(9600, 0), 0);
  EXPECT_EQ(clock.Due(9660, 1), 1);
  EXPECT_EQ(clock.Due(60, 1), 0);
}

}  // namespace
}  // namespace rha::node::keyspace
