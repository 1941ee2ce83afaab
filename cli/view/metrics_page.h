// A page of metrics in Prometheus' text format, for the few figures that the CLI shows, and what a
// pod of a RedisHA says of itself by them. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rha::cli {

class MetricsPage {
 public:
  // Lines that are no samples are passed over.
  static MetricsPage Parse(std::string_view text);

  // Of the first sample of that name.
  std::optional<double> Value(std::string_view name) const;
  // A label of the first sample of that name; "" without.
  std::string Label(std::string_view name, std::string_view label) const;

 private:
  struct Sample {
    std::map<std::string, std::string, std::less<>> labels;
    double value = 0;
  };
  std::map<std::string, std::vector<Sample>, std::less<>> samples_;
};

// The words of one pod: its node's, and its sentinel's view of the group.
struct PodFacts {
  std::string problem;  // why it could not be asked; the rest is empty then
  bool node_up = false;
  std::string role;  // master or slave, by the node itself
  std::string version;
  int64_t offset = 0;
  bool link_up = false;             // of a replica
  bool syncing = false;             // of a replica: a snapshot is on its way
  std::string follows;              // of a replica: the address
  std::optional<int64_t> priority;  // of a replica; 0: never promoted
  bool hears_majority = false;
  std::string primary;  // host:port that its sentinel names; "" for none
  int64_t epoch = 0;
  int64_t strangers = 0;
  bool state_write_failing = false;
  bool cold_start_waiting = false;
};
PodFacts FactsOf(const MetricsPage& page);

}  // namespace rha::cli
