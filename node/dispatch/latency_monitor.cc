#include "node/dispatch/latency_monitor.h"

#include <algorithm>

#include "node/dispatch/limits.h"

namespace rha::node::dispatch {

void LatencyMonitor::Add(LatencyEvent event, int64_t unix_us, int64_t duration_us) {
  LatencySeries& series = series_[static_cast<size_t>(event)];
  const LatencySample sample{unix_us / 1'000'000, duration_us / 1000};
  series.worst_ms = std::max(series.worst_ms, sample.ms);
  if (!series.samples.empty() && series.samples.back().unix_s == sample.unix_s) {
    series.samples.back().ms = std::max(series.samples.back().ms, sample.ms);
    return;
  }
  series.samples.push_back(sample);
  if (series.samples.size() > kLatencySamplesMax) series.samples.pop_front();
}

}  // namespace rha::node::dispatch
