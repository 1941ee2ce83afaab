#include "node/repl/stream_pace.h"

#include <gtest/gtest.h>

namespace rha::node::repl {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

constexpr microseconds kAtOnce{0};

class StreamPaceTest : public testing::Test {
 protected:
  microseconds TakeAfter(MonoTime::duration pause) { return pace_.OnTaken(now_ += pause); }

  StreamPace pace_;
  MonoTime now_{hours(1)};
};

TEST_F(StreamPaceTest, WhatComesNowAndThenIsTakenAtOnce) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(TakeAfter(StreamPace::kSoon), kAtOnce);
}

TEST_F(StreamPaceTest, AStreamThatHardlyStopsIsTakenInBatches) {
  EXPECT_EQ(TakeAfter(hours(1)), kAtOnce);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(TakeAfter(microseconds(10)), StreamPace::kRest);
  // The rest itself and some work between two batches are no end of it.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(TakeAfter(StreamPace::kRest + microseconds(100)), StreamPace::kRest);
  }
  EXPECT_EQ(TakeAfter(StreamPace::kSoon), kAtOnce);
}

TEST_F(StreamPaceTest, WhileSomebodyWaitsForAnswersAllIsTakenAtOnce) {
  TakeAfter(microseconds(10));
  EXPECT_EQ(TakeAfter(microseconds(10)), StreamPace::kRest);
  pace_.OnAsked(now_);
  for (MonoTime::duration t{0}; t + microseconds(10) < StreamPace::kAskedFor;
       t += microseconds(10)) {
    ASSERT_EQ(TakeAfter(microseconds(10)), kAtOnce);
  }
  EXPECT_EQ(TakeAfter(microseconds(10)), StreamPace::kRest);
}

}  // namespace
}  // namespace rha::node::repl
