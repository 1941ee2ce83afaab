#include "sidecar/core/handover.h"

#include <algorithm>
#include <utility>

#include "sidecar/core/handlers.h"
#include "sidecar/core/links.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

// Other sentinels' hellos wait as writes do, and their pings behind those: less than they take for
// a death.
Millis LimitOf(const Group& group, HandoverStep step) {
  const Millis most = std::min(kHandoverMost, group.config.failover_timeout);
  const Millis limit =
      std::clamp(group.config.down_after / 2, std::min(kHandoverLeast, most), most);
  const bool slow_acks = step == HandoverStep::kHandOver && !group.Primary()->info.ours;
  return slow_acks ? std::max(limit, std::min(kHandoverAcks, most)) : limit;
}

// As the primary calls its replica.
Address CalledByPrimary(const State& state, const Group& group, const Node& node) {
  for (const InfoReplica& replica : group.Primary()->info.replicas) {
    if (SameAddress(state, replica.address, node.address)) return replica.address;
  }
  return node.address;
}

void Ask(Context& c, Group& group, const Node& node, HandoverStep step) {
  Node& primary = *group.Primary();
  const Millis limit = LimitOf(group, step);
  primary.held_until = c.now + limit * 2;
  primary.paused = step == HandoverStep::kPause;
  c.Do(AskToHandOver{.node = primary.id,
                     .step = step,
                     .to = CalledByPrimary(c.s, group, node),
                     .limit = primary.paused ? limit * 2 : limit});
}

void Release(Node& primary) {
  primary.held_until = kLongAgo;
  primary.paused = false;
}

void Poll(Context& c, Node& node) {
  if (!node.info_pending && c.Elapsed(node.info_sent, kSelectPoll)) AskInfo(c, node);
}

// An earlier INFO of the same millisecond may be from before the answer.
bool Heard(const Node& primary, const HandOver& stage) {
  return primary.link.connected && primary.info_refresh > stage.answered_at;
}

// The replica has every byte of what the primary had when its writes were held back; unless that
// one leads no more, by somebody else's order, or is about to.
Handover WatchPause(const Context& c, const Group& group, const HandOver& stage,
                    const Node& primary, const Node& node) {
  if (Mutated(Mutant::kUndrained)) return Handover::kDrained;
  const bool heard = Heard(primary, stage);
  if (heard && primary.info.failing_over) return Handover::kTimeOver;
  if (heard && primary.info.role != Role::kPrimary) return Handover::kRefused;
  const bool reads = node.info.role == Role::kReplica && node.info.primary_link_up;
  if (heard && reads && node.info.Offset() >= primary.info.Offset()) return Handover::kDrained;
  const bool over = c.now - group.failover->stage_since > LimitOf(group, stage.step);
  return over ? Handover::kTimeOver : Handover::kWaits;
}

// The primary's own word that it follows the chosen one means that this one leads, whether or not
// it can be asked. Or it has given up, and leads again.
Handover WatchFailover(const Context& c, const Group& group, const HandOver& stage,
                       const Node& primary, const Node& node) {
  if (Heard(primary, stage) && !primary.info.failing_over) {
    if (primary.info.role == Role::kPrimary) return Handover::kTimeOver;
    if (SameAddress(c.s, primary.info.primary, node.address)) return Handover::kDone;
  }
  const bool over = c.now - group.failover->stage_since > LimitOf(group, stage.step) * 2;
  return over ? Handover::kTimeOver : Handover::kWaits;
}

}  // namespace

bool PrimaryInReach(const Group& group) {
  const Node* primary = group.Primary();
  return primary != nullptr && primary->link.connected && !primary->sdown;
}

bool MayHandOver(const Group& group) {
  if (group.mode().seals_copies) return false;
  if (!group.failover->forced || group.failover->as_it_is) return false;
  return PrimaryInReach(group) && !Mutated(Mutant::kPlannedByForce);
}

HandOver BeginHandover(Context& c, Group& group, const Node& node) {
  HandOver stage{.node = node.id};
  if (!group.Primary()->info.ours) stage.step = HandoverStep::kPause;
  Ask(c, group, node, stage.step);
  return stage;
}

Handover WatchHandover(Context& c, Group& group) {
  const auto& stage = std::get<HandOver>(group.failover->stage);
  Node& primary = *group.Primary();
  Node& node = *group.FindNode(stage.node);
  if (stage.refusals > 1 || primary.sdown) return Handover::kRefused;
  c.WakeBy(c.now + kSelectPoll);
  if (stage.answered_at == kNever) {
    const Millis limit = std::min(kHandoverAnswer, LimitOf(group, stage.step));
    const bool over = c.now - group.failover->stage_since > limit;
    return over ? Handover::kRefused : Handover::kWaits;
  }
  Poll(c, primary);
  Poll(c, node);
  return stage.step == HandoverStep::kHandOver ? WatchFailover(c, group, stage, primary, node)
                                               : WatchPause(c, group, stage, primary, node);
}

bool HandsOver(const Group& group) {
  const auto* stage = std::get_if<HandOver>(&group.failover->stage);
  const Node* primary = group.FindNode(group.failover->old_primary);
  return (stage != nullptr && stage->answered_at != kNever) ||
         (primary != nullptr && primary->paused);
}

bool HandedOverTo(const Group& group, const Node& node) {
  const auto* stage = std::get_if<HandOver>(&group.failover->stage);
  return stage != nullptr && stage->node == node.id && stage->step == HandoverStep::kHandOver &&
         node.info.run_id == group.failover->chosen_run_id;
}

void EndHandover(Context& c, Group& group) {
  Node* primary = group.failover ? group.FindNode(group.failover->old_primary) : nullptr;
  if (primary == nullptr || primary->held_until == kLongAgo) return;
  const bool paused = std::exchange(primary->paused, false);
  const bool outvoted = group.leader_epoch > group.failover->epoch;
  // Somebody else leads by now, and may count on the writes' being held back.
  if (group.primary != primary->id || (paused && outvoted)) return;
  c.Do(AskToHandOver{.node = primary->id,
                     .step = paused ? HandoverStep::kUnpause : HandoverStep::kAbort});
  primary->held_until = kLongAgo;
}

void ForceHandover(Node& primary) {
  if (primary.paused || primary.held_until == kLongAgo) return;
  primary.held_until = kLongAgo;
  primary.refuses_orders = true;  // in case it obeys what it was asked after all
}

bool StillHandsOver(Context& c, Node& node) {
  if (node.paused || c.now >= node.held_until) return false;
  Poll(c, node);
  c.WakeBy(std::min(node.held_until, c.now + kSelectPoll));
  return true;
}

void OnObeyed(Context& c, Node& node) {
  if (!node.paused) return;
  // Whoever was held back is told now that this is a replica.
  c.Do(AskToHandOver{.node = node.id, .step = HandoverStep::kUnpause});
  Release(node);
}

void NoteHandoverInfo(Node& node) {
  const bool done = node.info.role == Role::kReplica && !node.info.failing_over;
  if (done && !node.paused) node.held_until = kLongAgo;
}

LogicalTime PauseEnds(const Group& group) {
  const Node* primary = group.FindNode(group.failover->old_primary);
  if (primary == nullptr || !primary->paused || primary->sdown) return kNever;
  return primary->held_until - LimitOf(group, HandoverStep::kPause) / 2;
}

void OnHandoverReply(Context& c, const HandoverReply& event) {
  Group* group = GroupOfNode(c.s, event.node);
  if (group == nullptr || !group->failover) return;
  auto* stage = std::get_if<HandOver>(&group->failover->stage);
  if (stage == nullptr || event.node != group->primary || stage->step != event.step) return;
  if (stage->answered_at != kNever || stage->refusals > 1) return;
  if (event.ok) {
    stage->answered_at = c.now;
    return Evaluate(c, *group);
  }
  stage->refusal += (stage->refusal.empty() ? "" : "; ") + event.error;
  Release(*group->Primary());
  if (++stage->refusals == 1) {
    const bool paused = stage->step == HandoverStep::kPause;
    stage->step = paused ? HandoverStep::kHandOver : HandoverStep::kPause;
    group->failover->stage_since = c.now;
    Ask(c, *group, *group->FindNode(stage->node), stage->step);
  }
  Evaluate(c, *group);
}

}  // namespace rha::sidecar::core
