// LATENCY: what took long lately, by kind of event. One sample a second of each, the worst of it.
// Nothing is kept while no threshold is set.
// Thread rule: the engine's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

namespace rha::node::dispatch {

enum class LatencyEvent : uint8_t {
  kCommand,        // other than fast ones
  kFastCommand,    // of constant or logarithmic time, as its row says
  kExpireCycle,    // a slice of the sweep
  kEvictionCycle,  // what one command waited for room
};
constexpr std::string_view kLatencyEventNames[] = {"command", "fast-command", "expire-cycle",
                                                   "eviction-cycle"};
constexpr size_t kLatencyEvents = std::size(kLatencyEventNames);

struct LatencySample {
  int64_t unix_s;
  int64_t ms;
};

struct LatencySeries {
  std::deque<LatencySample> samples;  // oldest first; none: nothing happened
  int64_t worst_ms = 0;               // of all, also those that are no longer kept
};

class LatencyMonitor {
 public:
  // latency-monitor-threshold; 0: off.
  void set_threshold_ms(int64_t ms) { threshold_ms_ = ms; }
  int64_t threshold_ms() const { return threshold_ms_; }
  bool Concerns(int64_t duration_us) const {
    return threshold_ms_ > 0 && duration_us / 1000 >= threshold_ms_;
  }
  void Add(LatencyEvent event, int64_t unix_us, int64_t duration_us);
  // Adds it if it took long enough.
  void Watch(LatencyEvent event, int64_t start_us, int64_t end_us) {
    if (Concerns(end_us - start_us)) Add(event, end_us, end_us - start_us);
  }
  const LatencySeries& of(LatencyEvent event) const { return series_[static_cast<size_t>(event)]; }
  void Reset(LatencyEvent event) { series_[static_cast<size_t>(event)] = {}; }

 private:
  int64_t threshold_ms_ = 0;
  std::array<LatencySeries, kLatencyEvents> series_;
};

}  // namespace rha::node::dispatch
