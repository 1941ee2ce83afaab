#include "node/dispatch/tracked_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rha::node::dispatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TrackedKeysTest : public testing::Test {
 protected:
  void Add(std::string_view key, uint64_t id) {
    keys_.Add(key, id, [this](uint64_t each) { return !gone_.contains(each); });
  }

  structs::HashSecret secret_ = structs::HashSecret::FromSeed(1);
  keyspace::Reclaimer reclaimer_;
  TrackedKeys keys_{secret_, reclaimer_};
  std::set<uint64_t> gone_;
};

TEST_F(TrackedKeysTest, WhoHasReadAKeyIsTakenOnce) {
  Add("k", 7);
  Add("k", 7);
  EXPECT_EQ(keys_.items(), 1u);
  EXPECT_THAT(keys_.Take("k"), ElementsAre(7));
  EXPECT_THAT(keys_.Take("k"), IsEmpty());
  EXPECT_EQ(keys_.keys(), 0u);
  EXPECT_EQ(keys_.items(), 0u);
}

TEST_F(TrackedKeysTest, ManyReadersStandInOrderWhateverOrderTheyCameIn) {
  constexpr uint64_t kIds[] = {50, 3, uint64_t{1} << 40, 7, 3, 50};
  for (const uint64_t id : kIds) Add("k", id);
  EXPECT_EQ(keys_.items(), 4u);
  EXPECT_THAT(keys_.Take("k"), ElementsAre(3, 7, 50, 1ULL << 40));
  EXPECT_EQ(keys_.items(), 0u);
}

TEST_F(TrackedKeysTest, ReadersThatHaveGoneTakeNoMoreRoomThanThoseWhoAreThere) {
  for (uint64_t id = 1; id <= 100'000; ++id) {
    Add("hot", id);
    if (id > 10) gone_.insert(id - 10);
  }
  EXPECT_LT(keys_.items(), 64u);
  const TrackedKeys::Ids left = keys_.Take("hot");
  for (uint64_t id = 99'991; id <= 100'000; ++id) EXPECT_THAT(left, testing::Contains(id));
}

TEST_F(TrackedKeysTest, ClearedItIsEmptyAtOnceAndFreedLater) {
  for (int i = 0; i < 1000; ++i) Add("key:" + std::to_string(i), 1);
  EXPECT_GT(keys_.bytes(), 1000u * 16);
  keys_.Clear();
  EXPECT_EQ(keys_.keys() + keys_.items(), 0u);
  EXPECT_GT(reclaimer_.pending(), 0u);
  while (reclaimer_.Step(100)) {
  }
  EXPECT_EQ(reclaimer_.pending(), 0u);
}

TEST_F(TrackedKeysTest, AKeyOfSixteenBytesCostsLessThanFiftyBytes) {
  constexpr size_t kKeys = 100'000;
  for (size_t i = 0; i < kKeys; ++i) Add("key:" + std::to_string(100'000'000'000 + i), 12'345);
  EXPECT_EQ(keys_.keys(), kKeys);
  EXPECT_LT(keys_.bytes(), kKeys * 50);
}

}  // namespace
}  // namespace rha::node::dispatch
