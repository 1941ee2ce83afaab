// Seeded runs: a profile of faults is drawn from the seed, done to a cluster, then everything is
// healed and the checkers speak.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/cluster.h"

namespace rha::sim {

struct Outcome {
  std::string profile;
  std::vector<std::string> failures;
  // Logical milliseconds from the death of the primary's process to the first write elsewhere.
  std::vector<int64_t> failover_ms;
  // From the end of all faults to agreement.
  int64_t convergence_ms = 0;
  int promotions = 0;
};

struct RunOptions {
  bool trace = false;
  std::string profile;  // empty: the seed's
  WorldFault world = WorldFault::kNone;
};
Outcome RunSeed(uint64_t seed, const RunOptions& options);

class Summary {
 public:
  void Add(const Outcome& outcome);
  std::string Text() const;

 private:
  std::map<std::string, std::vector<int64_t>> failover_ms_;
  std::map<std::string, std::vector<int64_t>> convergence_ms_;
  int promotions_ = 0;
};

}  // namespace rha::sim
