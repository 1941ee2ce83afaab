#include "cli/view/bench_text.h"

#include <fmt/format.h>

#include "cli/view/text.h"

namespace rha::cli {
namespace {

std::string Millis(int64_t us) { return fmt::format("{:.2f}", static_cast<double>(us) / 1000); }

std::string PerSecond(int64_t count, double seconds) {
  return fmt::format("{:.0f}", seconds > 0 ? static_cast<double>(count) / seconds : 0);
}

std::vector<std::string> Row(const std::string& what, const Latencies& latencies, double seconds) {
  return {what,
          std::to_string(latencies.count()),
          PerSecond(latencies.count(), seconds),
          Millis(latencies.Percentile(50)),
          Millis(latencies.Percentile(99)),
          Millis(latencies.Percentile(99.9)),
          Millis(latencies.max_us())};
}

std::string Kept(const BenchReport& report) {
  if (report.checked == 0) return "no acknowledged value could be read again\n";
  if (report.missing == 0) {
    return fmt::format("all {} acknowledged values that were read again are there\n",
                       report.checked);
  }
  return fmt::format("{} of {} acknowledged values are missing or older\n", report.missing,
                     report.checked);
}

nlohmann::json Figures(const Latencies& latencies, double seconds) {
  return {{"count", latencies.count()},
          {"perSecond", seconds > 0 ? static_cast<double>(latencies.count()) / seconds : 0},
          {"microseconds",
           {{"p50", latencies.Percentile(50)},
            {"p99", latencies.Percentile(99)},
            {"p999", latencies.Percentile(99.9)},
            {"max", latencies.max_us()}}}};
}

}  // namespace

void BenchTally::Add(const BenchTally& other) {
  writes.Add(other.writes);
  reads.Add(other.reads);
  for (const auto& [what, count] : other.errors) errors[what] += count;
}

int64_t BenchTally::failed() const {
  int64_t sum = 0;
  for (const auto& [what, count] : errors) sum += count;
  return sum;
}

std::string BenchHeading(const BenchReport& report) {
  return fmt::format(
      "{} is primary; {} clients, each sends a command when the one before is answered; {} % "
      "reads, "
      "values of {} bytes\n{}"
      "  second   writes/s    p50 ms    p99 ms    max ms    reads/s    p50 ms    p99 ms   failed\n",
      report.primary_before, report.clients, report.reads_percent, report.value_bytes,
      report.forwarded
          ? "(through kubectl port-forward: every figure contains that way, which a client in "
            "the cluster does not go)\n"
          : "");
}

std::string BenchSecond(int second, const BenchTally& tally) {
  return fmt::format("  {:>6} {:>10} {:>9} {:>9} {:>9} {:>10} {:>9} {:>9} {:>8}\n", second,
                     tally.writes.count(), Millis(tally.writes.Percentile(50)),
                     Millis(tally.writes.Percentile(99)), Millis(tally.writes.max_us()),
                     tally.reads.count(), Millis(tally.reads.Percentile(50)),
                     Millis(tally.reads.Percentile(99)), tally.failed());
}

std::string BenchSummary(const BenchReport& report) {
  std::string text =
      "\n" + Table({{"", "COUNT", "PER SECOND", "P50 MS", "P99 MS", "P99.9 MS", "MAX MS"},
                    Row("writes", report.total.writes, report.seconds),
                    Row("reads", report.total.reads, report.seconds)});
  text += "\n";
  if (report.primary_after != report.primary_before) {
    text += "the primary was " + report.primary_before + " and is " + report.primary_after + "\n";
  }
  text += fmt::format("longest time without an acknowledged write: {:.0f} ms\n",
                      report.silence_seconds * 1000);
  for (const auto& [what, count] : report.total.errors) {
    text += fmt::format("{} commands failed: {}\n", count, what);
  }
  return text + Kept(report);
}

nlohmann::json BenchJson(const BenchReport& report) {
  nlohmann::json events = nlohmann::json::array();
  for (const auto& event : report.events) {
    events.push_back({{"atSeconds", event.at_seconds}, {"what", event.what}});
  }
  return {{"clients", report.clients},
          {"valueBytes", report.value_bytes},
          {"readsPercent", report.reads_percent},
          {"throughPortForward", report.forwarded},
          {"seconds", report.seconds},
          {"primaryBefore", report.primary_before},
          {"primaryAfter", report.primary_after},
          {"writes", Figures(report.total.writes, report.seconds)},
          {"reads", Figures(report.total.reads, report.seconds)},
          {"failed", report.total.errors},
          {"longestWithoutAcknowledgedWriteSeconds", report.silence_seconds},
          {"acknowledgedValues", {{"readAgain", report.checked}, {"missing", report.missing}}},
          {"events", events}};
}

}  // namespace rha::cli
