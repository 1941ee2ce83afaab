// Runs LeaseElection against the server until told to stop.
//
// Run blocks its caller's thread; is_leader may be asked from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>

#include "common/k8s/api.h"
#include "common/k8s/lease.h"

namespace rha::k8s {

struct LeaderElectorOptions {
  ObjectKey lease;
  std::string identity;
  LeaseTimings timings;
};

class LeaderElector {
 public:
  // The transport of `api` must give up well before renew_deadline, or a leader that cannot reach
  // the server learns too late that it is none any more.
  LeaderElector(Api& api, const Clock& clock, LeaderElectorOptions options);

  // Calls on_started once when elected, and returns when leadership was lost or stop requested.
  // A leader that stops releases the lease.
  void Run(std::stop_token stop, const std::function<void()>& on_started);
  bool is_leader() const { return leader_; }

 private:
  Status Read();
  // At most one read and one write; returns how long to wait.
  Millis Tick();
  void Release();

  Api& api_;
  const Clock& clock_;
  const LeaderElectorOptions options_;
  LeaseElection election_;
  bool must_read_ = true;
  std::atomic<bool> leader_ = false;
};

}  // namespace rha::k8s
