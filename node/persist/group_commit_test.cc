#include "node/persist/group_commit.h"

#include <gtest/gtest.h>

namespace rha::node::persist {
namespace {

using Duration = GroupCommit::Duration;
constexpr Duration kLong{1000};

TEST(GroupCommit, ALongSyncIsWorthWaitingForThoseWhomTheLastOneAnswered) {
  GroupCommit group;
  EXPECT_EQ(group.Patience(), Duration(0));
  group.OnSynced(24, kLong);
  EXPECT_EQ(group.wanted(), 21u);
  EXPECT_EQ(group.Patience(), kLong / 2);
}

TEST(GroupCommit, WhoWritesAloneIsWaitedForWithHisNextWriteOnly) {
  GroupCommit group;
  group.OnSynced(1, kLong);
  EXPECT_EQ(group.wanted(), 1u);
}

TEST(GroupCommit, AShortSyncWaitsForNobody) {
  GroupCommit group;
  group.OnSynced(24, GroupCommit::kShortSync - Duration(1));
  EXPECT_EQ(group.Patience(), Duration(0));
}

TEST(GroupCommit, ADiskThatIsSlowNowAndThenIsNoSlowOne) {
  GroupCommit group;
  for (int i = 0; i < 1000; ++i) group.OnSynced(24, i % 4 == 0 ? Duration(5000) : Duration(300));
  EXPECT_EQ(group.Patience(), Duration(0));
  for (int i = 0; i < 1000; ++i) group.OnSynced(24, i % 4 == 0 ? Duration(300) : kLong);
  EXPECT_GE(group.Patience(), kLong * 3 / 8);
}

TEST(GroupCommit, AfterASyncThatCoveredNoChangeNobodyIsExpected) {
  GroupCommit group;
  group.OnSynced(0, kLong);
  EXPECT_EQ(group.Patience(), Duration(0));
}

TEST(GroupCommit, ADiskThatTakesForEverIsNotWaitedForAsLong) {
  GroupCommit group;
  group.OnSynced(24, Duration(1'000'000));
  EXPECT_EQ(group.Patience(), GroupCommit::kPatienceMax);
}

TEST(GroupCommit, WaitsInVainBecomeRareAndOneThatPaysMakesThemUsualAgain) {
  GroupCommit group;
  int syncs = 0, waits = 0;
  for (; syncs < 1000; ++syncs) {
    group.OnSynced(24, kLong);
    if (group.Patience() == Duration(0)) continue;
    ++waits;
    group.OnWaited(false);
  }
  EXPECT_LE(waits, 7 + syncs / GroupCommit::kSkippedMax);
  for (int i = 0; i <= GroupCommit::kSkippedMax; ++i) {
    group.OnSynced(24, kLong);
    if (group.Patience() > Duration(0)) group.OnWaited(true);
  }
  for (int i = 0; i < 10; ++i) {
    group.OnSynced(24, kLong);
    EXPECT_GT(group.Patience(), Duration(0));
  }
}

}  // namespace
}  // namespace rha::node::persist
