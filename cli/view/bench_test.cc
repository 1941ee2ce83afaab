#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/view/bench_text.h"

namespace rha::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Latencies, NothingCountedIsZero) {
  const Latencies none;
  EXPECT_EQ(none.Percentile(50), 0);
  EXPECT_EQ(none.max_us(), 0);
}

TEST(Latencies, APercentileIsNeverTooLowAndAtMostThreePercentTooHigh) {
  for (const int64_t us : {0, 1, 31, 32, 33, 63, 64, 65, 1'000, 123'457, 5'000'000}) {
    Latencies latencies;
    latencies.Add(us);
    latencies.Add(us * 2);  // so that the largest does not bound it
    EXPECT_GE(latencies.Percentile(50), us);
    EXPECT_LE(latencies.Percentile(50), us + us / 32) << us;
    EXPECT_EQ(latencies.Percentile(100), us * 2);
  }
}

TEST(Latencies, PercentilesCountFromTheFastest) {
  Latencies fast, slow;
  for (int i = 0; i < 990; ++i) fast.Add(10);
  for (int i = 0; i < 10; ++i) slow.Add(1'000);
  fast.Add(slow);
  EXPECT_EQ(fast.count(), 1'000);
  EXPECT_EQ(fast.Percentile(50), 10);
  EXPECT_EQ(fast.Percentile(99), 10);
  EXPECT_EQ(fast.Percentile(99.9), 1'000);
}

TEST(Latencies, WhatLastsLongerThanAnyBucketIsStillKnown) {
  Latencies latencies;
  latencies.Add(int64_t{1} << 50);
  EXPECT_EQ(latencies.Percentile(50), int64_t{1} << 50);
}

BenchReport Report() {
  BenchReport report{.clients = 2,
                     .value_bytes = 64,
                     .reads_percent = 50,
                     .seconds = 2,
                     .primary_before = "cart-0",
                     .primary_after = "cart-1",
                     .silence_seconds = 0.042,
                     .checked = 200};
  report.total.writes.Add(100);
  report.total.errors["READONLY"] = 3;
  report.events.push_back({0.5, "cart-0 holds writes back"});
  return report;
}

TEST(BenchText, SaysWhatAMoveCost) {
  const std::string text = BenchSummary(Report());
  EXPECT_THAT(text, HasSubstr("the primary was cart-0 and is cart-1\n"));
  EXPECT_THAT(text, HasSubstr("longest time without an acknowledged write: 42 ms\n"));
  EXPECT_THAT(text, HasSubstr("3 commands failed: READONLY\n"));
  EXPECT_THAT(text, HasSubstr("all 200 acknowledged values that were read again are there\n"));
}

TEST(BenchText, SaysWhatIsMissing) {
  BenchReport report = Report();
  report.missing = 1;
  EXPECT_THAT(BenchSummary(report), HasSubstr("1 of 200 acknowledged values are missing"));
  report.checked = 0;
  EXPECT_THAT(BenchSummary(report), HasSubstr("no acknowledged value could be read again"));
}

TEST(BenchText, SaysThatAForwarderIsPartOfTheFigures) {
  BenchReport report = Report();
  EXPECT_THAT(BenchHeading(report), Not(HasSubstr("port-forward")));
  report.forwarded = true;
  EXPECT_THAT(BenchHeading(report), HasSubstr("port-forward"));
}

TEST(BenchText, JsonHasTheSameFigures) {
  const auto json = BenchJson(Report());
  EXPECT_EQ(json["writes"]["count"], 1);
  EXPECT_EQ(json["writes"]["perSecond"], 0.5);
  EXPECT_EQ(json["writes"]["microseconds"]["p99"], 100);
  EXPECT_EQ(json["failed"]["READONLY"], 3);
  EXPECT_EQ(json["acknowledgedValues"]["readAgain"], 200);
  EXPECT_EQ(json["events"][0]["what"], "cart-0 holds writes back");
}

}  // namespace
}  // namespace rha::cli
