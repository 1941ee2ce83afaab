// The redis_sentinel_* families (prometheus-redis-exporter's names, from the machine's state) and
// our own redisha_sentinel_*, some of them counted from the events the machine publishes.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/metrics/registry.h"
#include "sidecar/shell/render.h"
#include "sidecar/shell/role_labeler.h"

namespace rha::sidecar::shell {

// Pure.
void CollectSentinel(const View& view, metrics::Page& page);
void CollectLabels(const LabelStats& stats, metrics::Page& page);

// Counts what happened. Thread rule: OnEvent on the loop's thread; the registry's own rule
// otherwise.
class EventMetrics {
 public:
  explicit EventMetrics(metrics::Registry& registry);
  void OnEvent(std::string_view channel, std::string_view payload, core::LogicalTime now);

 private:
  metrics::Counter elections_, elections_won_, failovers_, failovers_led_, primary_downs_;
  metrics::Histogram duration_;
  // Group → when this sidecar first noticed that its primary is gone.
  std::map<std::string, core::LogicalTime, std::less<>> down_since_;
};

}  // namespace rha::sidecar::shell
