// The redis_* families of the own node, from what it answered to a scrape. Names, types and labels
// are those of prometheus-redis-exporter, so that existing dashboards and alerts work unchanged; a
// field the node does not print gives no metric. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rha::metrics {
class Page;
}

namespace rha::sidecar::shell {

// What one scrape of a node brought. Everything but `info` is optional: a node may not know the
// command.
struct NodeScrape {
  bool up = false;
  std::string error;  // why not up
  std::string info;   // INFO ALL
  std::map<std::string, std::string>
      config;  // maxclients, maxmemory, repl-backlog-size, io-threads
  std::optional<int64_t> slowlog_length;
  std::optional<int64_t> slowlog_last_id, slowlog_last_usec;
  struct LatencyEvent {
    int64_t unix_seconds = 0, last_ms = 0;
  };
  std::map<std::string, LatencyEvent> latency;
  struct Histogram {
    uint64_t calls = 0;
    std::vector<std::pair<double, uint64_t>> buckets;  // microseconds → calls up to it
  };
  std::map<std::string, Histogram> histograms;  // by command
  double duration_seconds = 0;
  int64_t unix_seconds = 0;  // wall time of the scrape
  uint64_t scrapes = 0, failures = 0;
};

void CollectNode(const NodeScrape& scrape, metrics::Page& page);

}  // namespace rha::sidecar::shell
