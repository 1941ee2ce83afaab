#include "node/commands/server/latency_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rha::node::commands {
namespace {

using dispatch::LatencyEvent;
using dispatch::LatencyMonitor;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMilli = 1'000;

LatencyMonitor MonitorOf(int64_t threshold_ms) {
  LatencyMonitor monitor;
  monitor.set_threshold_ms(threshold_ms);
  return monitor;
}

TEST(LatencyMonitorTest, KeepsTheWorstOfEachSecond) {
  LatencyMonitor monitor = MonitorOf(10);
  const auto watch = [&](int64_t end_us, int64_t ms) {
    monitor.Watch(LatencyEvent::kCommand, end_us - ms * kMilli, end_us);
  };
  watch(5 * kSecond, 9);
  EXPECT_TRUE(monitor.of(LatencyEvent::kCommand).samples.empty());
  watch(5 * kSecond, 10);
  watch(5 * kSecond + kMilli, 30);
  watch(5 * kSecond + 2 * kMilli, 20);
  watch(7 * kSecond, 15);
  const auto& series = monitor.of(LatencyEvent::kCommand);
  ASSERT_EQ(series.samples.size(), 2u);
  EXPECT_EQ(series.samples[0].unix_s, 5);
  EXPECT_EQ(series.samples[0].ms, 30);
  EXPECT_EQ(series.samples[1].ms, 15);
  EXPECT_EQ(series.worst_ms, 30);
  EXPECT_TRUE(monitor.of(LatencyEvent::kFastCommand).samples.empty());
}

TEST(LatencyMonitorTest, KeepsTheLast160AndForgetsNoWorst) {
  LatencyMonitor monitor = MonitorOf(1);
  for (int64_t i = 0; i < 200; ++i) {
    monitor.Add(LatencyEvent::kCommand, (i + 1) * kSecond, (i == 0 ? 500 : i + 1) * kMilli);
  }
  const auto& series = monitor.of(LatencyEvent::kCommand);
  ASSERT_EQ(series.samples.size(), 160u);
  EXPECT_EQ(series.samples.front().unix_s, 41);
  EXPECT_EQ(series.worst_ms, 500);
}

TEST(LatencyGraphTest, DrawsAColumnForEachSample) {
  LatencyMonitor monitor = MonitorOf(1);
  monitor.Add(LatencyEvent::kCommand, 10 * kSecond, 10 * kMilli);
  monitor.Add(LatencyEvent::kCommand, 100 * kSecond, 20 * kMilli);
  monitor.Add(LatencyEvent::kCommand, 131 * kSecond, 40 * kMilli);
  EXPECT_EQ(LatencyGraph("command", monitor.of(LatencyEvent::kCommand), 140),
            "command - high 40 ms, low 10 ms (all time high 40 ms)\n" + std::string(80, '-') +
                "\n"
                "  #\n"
                "  |\n"
                " o|\n"
                "_||\n"
                "   \n"
                "249\n"
                "m0s\n"
                " s \n");
}

TEST(LatencyDoctorTest, SaysWhatToDoAboutWhatHappened) {
  LatencyMonitor monitor = MonitorOf(0);
  EXPECT_THAT(LatencyDoctor(monitor, 10'000, 1), StartsWith("I'm sorry, Dave"));
  monitor.set_threshold_ms(5);
  EXPECT_THAT(LatencyDoctor(monitor, 10'000, 1), StartsWith("Dave, no latency spike"));
  monitor.Add(LatencyEvent::kCommand, 10 * kSecond, 10 * kMilli);
  monitor.Add(LatencyEvent::kCommand, 12 * kSecond, 20 * kMilli);
  const std::string report = LatencyDoctor(monitor, 10'000, 14);
  EXPECT_THAT(report, HasSubstr("1. command: 2 latency spikes (average 15ms, mean deviation 5ms, "
                                "period 2.00 sec). Worst all time event 20ms.\n"));
  EXPECT_THAT(report, HasSubstr("CONFIG SET slowlog-log-slower-than 5000"));
  EXPECT_THAT(LatencyDoctor(monitor, 1'000, 14), Not(HasSubstr("slowlog-log-slower-than")));
}

}  // namespace
}  // namespace rha::node::commands
