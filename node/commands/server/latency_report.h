// What LATENCY GRAPH and LATENCY DOCTOR say about samples. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "node/dispatch/latency_monitor.h"

namespace rha::node::commands {

// Four rows of characters, a column for each sample, below it how long ago it was.
std::string LatencyGraph(std::string_view event, const dispatch::LatencySeries& series,
                         int64_t now_s);
// `slowlog_threshold_us`: negative: off.
std::string LatencyDoctor(const dispatch::LatencyMonitor& monitor, int64_t slowlog_threshold_us,
                          int64_t now_s);

}  // namespace rha::node::commands
