#include "node/dispatch/latency_histogram.h"

#include <gmock/gmock.h>

namespace rha::node::dispatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(LatencyHistogram, NothingIsKnownWithoutCalls) {
  const LatencyHistogram none;
  EXPECT_EQ(none.PercentileUs(99), 0);
  EXPECT_THAT(none.PowersOfTwo(), IsEmpty());
}

TEST(LatencyHistogram, BoundsThatAddNothingAreLeftOut) {
  LatencyHistogram calls;
  for (const int64_t us : {0, 0, 1, 3, 32, 33, 1000}) calls.Record(us);
  EXPECT_EQ(calls.calls(), 7u);
  EXPECT_THAT(calls.PowersOfTwo(),
              ElementsAre(Pair(1, 2u), Pair(2, 3u), Pair(4, 4u), Pair(64, 6u), Pair(1024, 7u)));
}

TEST(LatencyHistogram, APercentileIsAtMostASixteenthTooHigh) {
  for (int64_t us = 0; us < 1'000'000; us = us * 9 / 8 + 1) {
    LatencyHistogram calls;
    calls.Record(us);
    const int64_t shown = calls.PercentileUs(50);
    EXPECT_GT(shown, us);
    EXPECT_LE(static_cast<double>(shown), static_cast<double>(us + 1) * 17 / 16);
  }
}

TEST(LatencyHistogram, PercentilesFollowTheOrderOfTheCalls) {
  LatencyHistogram calls;
  for (int i = 0; i < 98; ++i) calls.Record(2);
  calls.Record(10);
  calls.Record(15);
  EXPECT_EQ(calls.PercentileUs(50), 3);
  EXPECT_EQ(calls.PercentileUs(98), 3);
  EXPECT_EQ(calls.PercentileUs(99), 11);
  EXPECT_EQ(calls.PercentileUs(100), 16);
}

TEST(LatencyHistogram, ALongStopIsInTheLastBucket) {
  LatencyHistogram calls;
  calls.Record(INT64_MAX);
  EXPECT_THAT(calls.PowersOfTwo(), ElementsAre(Pair(1 << 20, 1u)));
}

}  // namespace
}  // namespace rha::node::dispatch
