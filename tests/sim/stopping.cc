// Pods that are told to stop (SIGTERM to both containers at once, as a kubelet does): the node as
// its Process::Shutdown, the sidecar as App::PollStop.
#include <algorithm>

#include "tests/sim/cluster.h"

namespace rha::sim {

namespace {

constexpr Millis kNodePoll{100};           // Process::Cron
constexpr Millis kReplicaPatience{10000};  // shutdown-timeout
constexpr Millis kSidecarPoll{50};         // App's kStopPoll

}  // namespace

void Cluster::StopPod(int pod) {
  Trace("pod-" + std::to_string(pod) + " is told to stop");
  Disturb(pod);
  pods_[pod].stopped_at = queue_.now();
  pods_[pod].stopped_with = {};
  if (pods_[pod].node->alive()) {
    pods_[pod].node->stopping = true;
    PollNodeStop(pod, pods_[pod].node_life);
  }
  if (!pods_[pod].machine) return;
  Deliver(pod, sidecar::core::StopRequested{});
  PollSidecarStop(pod, pods_[pod].life);
}

bool Cluster::FollowersHaveAll(const SimNode& node) const {
  return std::all_of(pods_.begin(), pods_.end(), [&](const Pod& p) {
    return !p.node->ReplicatesFrom(node) ||
           histories_.Holds(p.node->copy().position, node.copy().position);
  });
}

void Cluster::PollNodeStop(int pod, uint64_t life) {
  Pod& p = pods_[pod];
  if (p.node_life != life || !p.node->alive()) return;
  SimNode& node = *p.node;
  const bool patient = node.primary() && queue_.now() - p.stopped_at < kReplicaPatience;
  if (node.paused || (patient && !FollowersHaveAll(node))) {
    queue_.After(kNodePoll, [this, pod, life] { PollNodeStop(pod, life); });
    return;
  }
  if (node.primary()) p.stopped_with = node.copy().position;
  node.SaveAtEnd(queue_.now());
  KillNode(pod);
}

void Cluster::PollSidecarStop(int pod, uint64_t life) {
  const Pod& p = pods_[pod];
  if (p.life != life || !p.machine) return;
  if (!p.paused && p.machine->SafeToStop(ClockOf(pod))) return KillSidecar(pod);
  queue_.After(kSidecarPoll, [this, pod, life] { PollSidecarStop(pod, life); });
}

}  // namespace rha::sim
