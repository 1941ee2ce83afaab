// The redis_sentinel_* families (prometheus-redis-exporter's names, from the machine's state) and
// our own redisha_sentinel_*, some of them counted from the events the machine publishes.
#pragma once

#include <map>
#include <optional>
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
  // `silence`: how long the primary of the event's group has not answered well.
  void OnEvent(std::string_view channel, std::string_view payload, core::LogicalTime now,
               Millis silence);
  // From a change of the own node's role to the pod's label that says so. Any thread.
  void OnRouted(Millis took);

 private:
  // Of a group; unset: it did not happen, or is over.
  struct Times {
    std::optional<core::LogicalTime> lost;  // when this sidecar first noticed it
    std::optional<core::LogicalTime> stood, elected;
  };
  void OnSwitch(std::string_view payload, Times& times, core::LogicalTime now);

  metrics::Counter elections_, elections_won_, failovers_, failovers_led_, primary_downs_, votes_;
  metrics::Histogram duration_, detect_, elect_, promote_, route_;
  std::map<std::string, Times, std::less<>> times_;
};

// The group whose primary an event is about; empty: of none.
std::string_view GroupOfEvent(std::string_view channel, std::string_view payload);

}  // namespace rha::sidecar::shell
