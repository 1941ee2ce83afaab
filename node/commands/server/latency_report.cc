#include "node/commands/server/latency_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <span>
#include <vector>

namespace rha::node::commands {
namespace {

using dispatch::kLatencyEvents;
using dispatch::LatencyEvent;
using dispatch::LatencyMonitor;
using dispatch::LatencySample;
using dispatch::LatencySeries;

constexpr size_t kGraphColumns = 80;
constexpr int kGraphRows = 4;
constexpr std::string_view kLevels = "_o#";  // of one row, from low to high
constexpr int kLevelsPerRow = static_cast<int>(kLevels.size());

std::string Ago(int64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 24 * 3600) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / (24 * 3600)) + "d";
}

struct Extent {
  int64_t low = 0, high = 0;
};

Extent ExtentOf(const LatencySeries& series) {
  const auto [low, high] = std::minmax_element(
      series.samples.begin(), series.samples.end(),
      [](const LatencySample& a, const LatencySample& b) { return a.ms < b.ms; });
  return {low->ms, high->ms};
}

// How high a sample stands among all levels of all rows.
int LevelOf(int64_t ms, Extent extent) {
  const double range =
      extent.high == extent.low ? 1 : static_cast<double>(extent.high - extent.low);
  constexpr int kAll = kGraphRows * kLevelsPerRow;
  const int level = static_cast<int>(static_cast<double>(ms - extent.low) * kAll / range);
  return std::clamp(level, 0, kAll - 1);
}

// The part of a graph that fits the width.
std::string Columns(std::span<const LatencySample> samples, Extent extent, int64_t now_s) {
  std::string text;
  for (int row = kGraphRows - 1; row >= 0; --row) {
    for (const LatencySample& sample : samples) {
      const int level = LevelOf(sample.ms, extent) - row * kLevelsPerRow;
      text += level < 0 ? ' ' : level >= kLevelsPerRow ? '|' : kLevels[static_cast<size_t>(level)];
    }
    text += '\n';
  }
  text.append(samples.size(), ' ');
  text += '\n';
  std::vector<std::string> labels;
  size_t longest = 0;
  for (const LatencySample& sample : samples) {
    labels.push_back(Ago(now_s - sample.unix_s));
    longest = std::max(longest, labels.back().size());
  }
  for (size_t i = 0; i < longest; ++i) {
    for (const std::string& label : labels) text += i < label.size() ? label[i] : ' ';
    text += '\n';
  }
  return text;
}

struct Spikes {
  size_t count;
  int64_t mean_ms, mean_deviation_ms;
  double period_s;
};

Spikes SpikesOf(const LatencySeries& series, int64_t now_s) {
  const auto count = static_cast<int64_t>(series.samples.size());
  int64_t sum = 0, deviation = 0;
  for (const LatencySample& sample : series.samples) sum += sample.ms;
  const int64_t mean = sum / count;
  for (const LatencySample& sample : series.samples) deviation += std::abs(mean - sample.ms);
  const int64_t span_s = std::max<int64_t>(1, now_s - series.samples.front().unix_s);
  return {series.samples.size(), mean, deviation / count,
          static_cast<double>(span_s) / static_cast<double>(count)};
}

void AdviseOnCommands(const LatencyMonitor& monitor, int64_t slowlog_threshold_us,
                      std::string* report) {
  const int64_t wanted_us = monitor.threshold_ms() * 1000;
  if (slowlog_threshold_us < 0) {
    *report += fmt::format(
        "- There are latency issues with potentially slow commands you are using. Try to enable "
        "the Slow Log Redis feature using the command 'CONFIG SET slowlog-log-slower-than {}'. If "
        "the Slow log is disabled Redis is not able to log slow commands execution for you.\n",
        wanted_us);
  } else if (slowlog_threshold_us / 1000 > monitor.threshold_ms()) {
    *report += fmt::format(
        "- Your current Slow Log configuration only logs events that are slower than your "
        "configured latency monitor threshold. Please use 'CONFIG SET slowlog-log-slower-than "
        "{}'.\n",
        wanted_us);
  }
  *report +=
      "- Check your Slow Log to understand what are the commands you are running which are too "
      "slow to execute. Please check https://redis.io/commands/slowlog for more information.\n";
}

void Advise(const LatencyMonitor& monitor, int64_t slowlog_threshold_us, std::string* report) {
  *report += "\nI have a few advices for you:\n\n";
  const auto happened = [&](LatencyEvent event) { return !monitor.of(event).samples.empty(); };
  if (happened(LatencyEvent::kCommand)) AdviseOnCommands(monitor, slowlog_threshold_us, report);
  if (happened(LatencyEvent::kFastCommand) || happened(LatencyEvent::kExpireCycle)) {
    *report +=
        "- The system is slow to execute code that does little and makes no system calls. This "
        "usually means that the process gets no CPU time for long periods. You should try to:\n"
        "  1) Lower the system load, or raise the CPU request and limit of the pod.\n"
        "  2) Check if you have a \"noisy neighbour\" problem.\n"
        "  3) Check with 'redis-cli --intrinsic-latency 100' what is the intrinsic latency in "
        "your system.\n";
  }
  if (happened(LatencyEvent::kEvictionCycle)) {
    *report +=
        "- Sudden changes to the 'maxmemory' setting via 'CONFIG SET', or large values written at "
        "once (the STORE forms of set, sorted set and SORT commands, RESTORE), create sudden "
        "memory pressure, and commands wait while keys are evicted. A lower "
        "'maxmemory-eviction-tenacity' makes each wait shorter.\n";
  }
}

}  // namespace

std::string LatencyGraph(std::string_view event, const LatencySeries& series, int64_t now_s) {
  const Extent extent = ExtentOf(series);
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n", event,
                                 extent.high, extent.low, series.worst_ms);
  text.append(kGraphColumns, '-');
  text += '\n';
  const std::vector<LatencySample> samples(series.samples.begin(), series.samples.end());
  for (size_t at = 0; at < samples.size(); at += kGraphColumns) {
    if (at != 0) text += '\n';
    const size_t count = std::min(kGraphColumns, samples.size() - at);
    text += Columns(std::span(samples).subspan(at, count), extent, now_s);
  }
  return text;
}

std::string LatencyDoctor(const LatencyMonitor& monitor, int64_t slowlog_threshold_us,
                          int64_t now_s) {
  std::string report;
  int number = 0;
  for (size_t i = 0; i < kLatencyEvents; ++i) {
    const LatencySeries& series = monitor.of(static_cast<LatencyEvent>(i));
    if (series.samples.empty()) continue;
    if (++number == 1) {
      report +=
          "Dave, I have observed latency spikes in this Redis instance. You don't mind talking "
          "about it, do you Dave?\n\n";
    }
    const Spikes spikes = SpikesOf(series, now_s);
    fmt::format_to(std::back_inserter(report),
                   "{}. {}: {} latency spikes (average {}ms, mean deviation {}ms, period {:.2f} "
                   "sec). Worst all time event {}ms.\n",
                   number, dispatch::kLatencyEventNames[i], spikes.count, spikes.mean_ms,
                   spikes.mean_deviation_ms, spikes.period_s, series.worst_ms);
  }
  if (number != 0) {
    Advise(monitor, slowlog_threshold_us, &report);
  } else if (monitor.threshold_ms() == 0) {
    report =
        "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. "
        "You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable "
        "it. If we weren't in a deep space mission I'd suggest to take a look at "
        "https://redis.io/topics/latency-monitor.\n";
  } else {
    report =
        "Dave, no latency spike was observed during the lifetime of this Redis instance, not in "
        "the slightest bit. I honestly think you ought to sit down calmly, take a stress pill, and "
        "think things over.\n";
  }
  return report;
}

}  // namespace rha::node::commands
