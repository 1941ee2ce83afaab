#include "node/repl/apply_trouble.h"

#include <gtest/gtest.h>

namespace rha::node::repl {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class ApplyTroubleTest : public testing::Test {
 protected:
  ApplyTrouble::Next Fail(int64_t offset, bool torn = false) {
    const auto next = trouble_.OnFailed(offset, torn, now_);
    now_ += next.pause;
    return next;
  }
  // Of a command that fails each time; returns how long the pauses were together.
  MonoTime::duration FailUntilFullSync(int64_t offset) {
    const MonoTime begin = now_;
    while (!Fail(offset).full_sync) EXPECT_LT(now_ - begin, hours(24));
    return now_ - begin;
  }

  ApplyTrouble trouble_;
  MonoTime now_{hours(1)};
};

TEST_F(ApplyTroubleTest, TheSameBytesAreAskedForAfterGrowingPausesThenAllData) {
  for (const int pause_s : {1, 2, 4}) {
    const auto next = Fail(100);
    EXPECT_EQ(next.pause, seconds(pause_s));
    EXPECT_FALSE(next.full_sync);
  }
  EXPECT_TRUE(Fail(100).full_sync);
}

TEST_F(ApplyTroubleTest, ProgressBeginsTheCountAnew) {
  for (int64_t offset = 100; offset < 120; ++offset) {
    EXPECT_EQ(Fail(offset).pause, seconds(1));
    EXPECT_FALSE(Fail(offset).full_sync);
  }
}

TEST_F(ApplyTroubleTest, WhatFailsAgainAndAgainIsNoLoopOfFullSynchronisations) {
  EXPECT_LT(FailUntilFullSync(100), seconds(10));
  int64_t offset = 200;
  for (auto least = minutes(1); least < hours(1); least *= 2) {
    const auto took = FailUntilFullSync(offset++);
    EXPECT_GE(took, least);
    EXPECT_LE(took, least + ApplyTrouble::kPauseMax + seconds(2));
  }
  EXPECT_LE(FailUntilFullSync(offset), hours(1) + minutes(2));
}

TEST_F(ApplyTroubleTest, HalfATransactionIsReplacedAtOnceButNotAllTheTime) {
  auto next = Fail(100, true);
  EXPECT_TRUE(next.full_sync);
  EXPECT_EQ(next.pause, seconds(1));
  next = Fail(200, true);
  EXPECT_TRUE(next.full_sync);
  EXPECT_EQ(next.pause, minutes(1));
}

TEST_F(ApplyTroubleTest, AfterAQuietTimeItIsCuredAtOnce) {
  FailUntilFullSync(100);
  FailUntilFullSync(200);
  now_ += hours(3);
  EXPECT_LT(FailUntilFullSync(300), seconds(10));
  EXPECT_GE(FailUntilFullSync(400), minutes(1));
  EXPECT_GE(FailUntilFullSync(500), minutes(2));
}

}  // namespace
}  // namespace rha::node::repl
