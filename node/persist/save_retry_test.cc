#include "node/persist/save_retry.h"

#include <gtest/gtest.h>

namespace rha::node::persist {
namespace {

TEST(SaveRetry, ASaveThatFailsAgainAndAgainIsTriedMoreRarelyUpToOnceAMinute) {
  SaveRetry retry;
  MonoTime now{};
  EXPECT_TRUE(retry.MayTry(now));
  for (const int pause_s : {5, 10, 20, 40, 60, 60}) {
    retry.OnFailed(now);
    now += std::chrono::seconds(pause_s);
    EXPECT_FALSE(retry.MayTry(now)) << pause_s;
    now += Millis(1);
    EXPECT_TRUE(retry.MayTry(now)) << pause_s;
  }
}

TEST(SaveRetry, ASaveThatSucceedsBeginsAnew) {
  SaveRetry retry;
  MonoTime now{};
  retry.OnFailed(now);
  retry.OnFailed(now);
  retry.OnSucceeded();
  EXPECT_TRUE(retry.MayTry(now));
  retry.OnFailed(now);
  EXPECT_TRUE(retry.MayTry(now + std::chrono::seconds(6)));
}

}  // namespace
}  // namespace rha::node::persist
