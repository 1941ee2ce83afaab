#include "node/persist/aof_schedule.h"

#include <gtest/gtest.h>

namespace rha::node::persist {
namespace {

TEST(AofGrowthLimit, AsksForARewriteWhenTheFileHasGrownByThePercentage) {
  const AofGrowthLimit limit{.percent = 100, .min_bytes = 1000};
  EXPECT_FALSE(limit.Exceeded(100, 1000));
  EXPECT_TRUE(limit.Exceeded(100, 1001));
  EXPECT_FALSE(limit.Exceeded(1000, 1999));
  EXPECT_TRUE(limit.Exceeded(1000, 2000));
  EXPECT_TRUE(limit.Exceeded(0, 2000));
  EXPECT_FALSE((AofGrowthLimit{.percent = 0, .min_bytes = 0}).Exceeded(1, 1'000'000));
}

TEST(AofRetry, ThreeFailuresPutTheNextOneOffLongerAndLonger) {
  AofRetry retry;
  EXPECT_TRUE(retry.MayTry(1000, false));
  for (int i = 0; i < 2; ++i) retry.OnFailed(1000);
  EXPECT_TRUE(retry.MayTry(1000, false));
  retry.OnFailed(1000);
  EXPECT_FALSE(retry.MayTry(1059, false));
  EXPECT_TRUE(retry.MayTry(1060, false));
  retry.OnFailed(2000);
  EXPECT_EQ(retry.PauseS(false), 120);
  for (int i = 0; i < 100; ++i) retry.OnFailed(2000);
  EXPECT_EQ(retry.PauseS(false), 3600);
  retry.OnSucceeded();
  EXPECT_TRUE(retry.MayTry(2000, false));
}

TEST(AofRetry, WhileNothingOnTheDiskIsTheDatasetItIsTriedAgainSoon) {
  AofRetry retry;
  EXPECT_TRUE(retry.MayTry(0, true));
  retry.OnFailed(1000);
  EXPECT_FALSE(retry.MayTry(1000, true));
  EXPECT_TRUE(retry.MayTry(1001, true));
  for (int i = 0; i < 100; ++i) retry.OnFailed(1000);
  EXPECT_TRUE(retry.MayTry(1030, true));
}

}  // namespace
}  // namespace rha::node::persist
