// The process_* metrics that client libraries of other languages bring: prometheus-cpp has none.
// Reads /proc/self at the time of the page. Any thread.
#pragma once

#include <optional>
#include <string_view>

namespace rha::metrics {

class Page;

void CollectProcess(Page& page);

// The parts of /proc/self/stat that the metrics need; pure, for tests.
struct ProcessStat {
  double cpu_ticks = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
  double start_ticks = 0;  // since boot
  int threads = 0;
};
std::optional<ProcessStat> ParseProcessStat(std::string_view line);

}  // namespace rha::metrics
