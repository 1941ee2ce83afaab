// A primary that hands its role over: FAILOVER, and the pause of its clients' writes, as Redis'
// servers and ours know them.
#include <utility>

#include "tests/sim/cluster.h"

namespace rha::sim {

using sidecar::core::AskToHandOver;
using sidecar::core::Event;
using sidecar::core::HandoverReply;
using sidecar::core::HandoverStep;

std::optional<Event> Cluster::TakeRequest(int pod, SimNode& node, const AskToHandOver& request,
                                          uint64_t epoch) {
  const bool failover =
      request.step == HandoverStep::kHandOver || request.step == HandoverStep::kAbort;
  HandoverReply reply{request.node, request.step, true, ""};
  if (failover ? !node.KnowsFailover() : !node.KnowsPause()) {
    reply.error = "NOPERM not allowed";
  } else if (request.step == HandoverStep::kHandOver) {
    const int target = HostOfIp(request.to.host);
    if (node.handover != SimNode::Handover::kNone) {
      reply.error = "ERR FAILOVER already in progress.";
    } else if (!node.primary() || target < 0 || !pods_[target].node->ReplicatesFrom(node)) {
      reply.error = "ERR FAILOVER target HOST and PORT is not a replica.";
    } else {
      BeginHandover(node, request, epoch);
    }
  } else if (request.step == HandoverStep::kAbort) {
    GiveUpHandover(node);
  } else {
    const bool pause = request.step == HandoverStep::kPause;
    Trace("node pod-" + std::to_string(node.host()) +
          (pause ? " holds writes back for pod-" : " goes on, says pod-") + std::to_string(pod));
    node.pause_until = pause ? queue_.now() + request.limit : LogicalTime{};
    ReleaseHeld(node.host());
  }
  reply.ok = reply.error.empty();
  return reply;
}

void Cluster::BeginHandover(SimNode& node, const AskToHandOver& request, uint64_t epoch) {
  Trace("node pod-" + std::to_string(node.host()) + " is to hand over to " + request.to.host);
  node.handover = SimNode::Handover::kWaits;
  node.handover_to = HostOfIp(request.to.host);
  node.handover_epoch = epoch;
  node.handover_until = queue_.now() + request.limit;
}

// Once the target has every byte this node follows it, and asks it to lead until it does.
void Cluster::StepHandover(SimNode& node) {
  using Handover = SimNode::Handover;
  if (!node.alive() || node.paused || node.handover == Handover::kNone) return;
  SimNode& target = *pods_[node.handover_to].node;
  const bool reached =
      target.alive() && !target.paused && network_.BothWays(node.host(), target.host());
  if (node.handover == Handover::kWaits) {
    TakeArrived(target.host());
    if (reached && target.ReplicatesFrom(node) && target.copy().position == node.copy().position) {
      OnDeposed(node);
      node.Follow(Ip(target.host()), 6379, queue_.now());
      node.handover = Handover::kInProgress;
    } else if (queue_.now() >= node.handover_until) {
      node.handover = Handover::kNone;
      return Trace("node pod-" + std::to_string(node.host()) + " does not hand over in time");
    }
    return;
  }
  if (!reached || target.loading(queue_.now())) return;
  // It has a role, or data, of its own by now.
  if (target.primary() || !histories_.Holds(target.copy().position, node.copy().position)) {
    return GiveUpHandover(node);
  }
  Trace("node pod-" + std::to_string(node.host()) + " has handed over to pod-" +
        std::to_string(target.host()));
  OnPromotion(node.host(), target);
  last_promotion_ = queue_.now();
  target.BecomePrimary(unique_++, node.handover_epoch, queue_.now());
  node.handover = Handover::kNone;
}

// It leads again, if it has been a replica for the sake of it.
void Cluster::GiveUpHandover(SimNode& node) {
  const bool follows =
      std::exchange(node.handover, SimNode::Handover::kNone) == SimNode::Handover::kInProgress;
  if (!follows) return;
  Trace("node pod-" + std::to_string(node.host()) + " leads again");
  node.BecomePrimary(unique_++, node.reign(), queue_.now());
}

void Cluster::ReleaseHeld(int host) {
  SimNode& node = *pods_[host].node;
  if (node.paused || node.HoldsWrites(queue_.now())) return;
  // Who leads no more sends its clients away.
  if (std::exchange(node.write_waits, false) && node.primary()) WriteAt(node);
  for (Pod& p : pods_) {
    for (auto& [id, conn] : p.nodes) {
      if (conn.host != host || conn.held.empty()) continue;
      for (Task& work : std::exchange(conn.held, {})) AtNode(host, conn.life, std::move(work));
    }
  }
}

}  // namespace rha::sim
