// What `redisha bench` measures, and how it is shown. Pure; any thread.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/view/latencies.h"

namespace rha::cli {

// Of some time, all clients together. Only commands that were answered have a latency.
struct BenchTally {
  Latencies writes, reads;
  std::map<std::string, int64_t> errors;  // by what was answered: "READONLY", "no answer"

  void Add(const BenchTally& other);
  int64_t failed() const;
};

struct BenchReport {
  int clients = 0;
  int value_bytes = 0;
  int reads_percent = 0;
  bool forwarded = false;  // the pods were reached through kubectl port-forward
  double seconds = 0;
  std::string primary_before, primary_after;  // pods
  BenchTally total;
  // The longest time in which no client's write was acknowledged.
  double silence_seconds = 0;
  int64_t checked = 0,
          missing = 0;  // acknowledged values that were read again; that were not there
  struct Event {
    double at_seconds = 0;
    std::string what;
  };
  std::vector<Event> events;
};

std::string BenchHeading(const BenchReport& report);
// One line under the heading: what happened in one second.
std::string BenchSecond(int second, const BenchTally& tally);
std::string BenchSummary(const BenchReport& report);
nlohmann::json BenchJson(const BenchReport& report);

}  // namespace rha::cli
