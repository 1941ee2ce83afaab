// What must hold in every run, whatever the faults:
//   - at most one leader is elected per epoch, and at most one node is promoted per epoch
//   - no member votes for two candidates in one epoch
//   - no empty node is promoted while another node still holds data
//   - a write that every node held at once is never lost, unless all of them lost their data
// and once the faults end: exactly one primary that everyone agrees on, and then no further
// failover.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/core/types.h"

namespace rha::sim {

using sidecar::core::Epoch;

class Checkers {
 public:
  void OnElected(int member, Epoch epoch);
  // Orders of two leaders that cross make the same node primary once. `crossed`: this one may have
  // been on its way when the newest was given.
  void OnPromotion(int target, Epoch epoch, bool crossed);
  void OnVote(int member, Epoch epoch, const std::string& candidate);
  // Its memory is gone and with it its own candidacies: a vote for itself that nobody else knew of
  // binds nobody any more. Its votes for others still do.
  void OnMemoryLost(int member, const std::string& id);
  void Fail(std::string what) {
    if (on_failure) on_failure(what);
    failures_.push_back(std::move(what));
  }
  // Told at once, so that a trace shows a failure where it happens.
  std::function<void(const std::string&)> on_failure;

  bool ok() const { return failures_.empty(); }
  const std::vector<std::string>& failures() const { return failures_; }
  int promotions() const { return promotions_; }

 private:
  std::map<Epoch, int> leaders_;
  std::map<Epoch, int> promoted_;
  std::map<std::pair<int, Epoch>, std::string> votes_;
  std::vector<std::string> failures_;
  int promotions_ = 0;
  int newest_ = -1;  // who was promoted last
};

}  // namespace rha::sim
