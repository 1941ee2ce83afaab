#include "sidecar/core/failover.h"

#include "sidecar/core/copies.h"
#include "sidecar/core/down.h"
#include "sidecar/core/election.h"
#include "sidecar/core/handover.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/pick_replica.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

void Enter(Context& c, Group& group, FailoverStage stage) {
  group.failover->stage = std::move(stage);
  group.failover->stage_since = c.now;
}

void Abort(Context& c, Group& group, std::string_view channel, Millis retry = Millis{0}) {
  EndHandover(c, group);
  c.GroupEvent(channel, group);
  for (auto& [id, node] : group.nodes) {
    node.promoted = false;
    node.reconf = ReconfStage::kNone;
  }
  group.failover.reset();
  HoldBack(c, group);
  if (retry > Millis{0}) group.no_attempt_before = c.now + retry;
}

// Somebody else was elected for a later epoch, or has already switched, perhaps for an earlier one:
// the primary this attempt was to replace is replaced. Leave the field to them.
bool Superseded(const Group& group) {
  if (Mutated(Mutant::kNotSuperseded)) return false;
  const Failover& failover = *group.failover;
  const bool elected_again =
      group.mode().roles_carry_epochs && group.config_epoch != failover.old_epoch;
  const bool replaced = group.primary != failover.old_primary || elected_again;
  // A vote for somebody else since then takes back nothing that the primary has agreed to.
  const bool outvoted = group.leader_epoch > failover.epoch && !HandsOver(group);
  return replaced || outvoted || group.config_epoch >= failover.epoch;
}

// The primary answers again, and nothing was changed for its sake yet. (Redis goes on.)
bool NoLongerNeeded(const Context& c, const Group& group) {
  const Failover& failover = *group.failover;
  const bool asked_for = failover.forced || failover.bootstrap || MemberIsBarred(group, c.now);
  const bool waits = std::holds_alternative<WaitStart>(failover.stage);
  const bool chooses = std::holds_alternative<SelectReplica>(failover.stage) ||
                       std::holds_alternative<SendPromotion>(failover.stage);
  const Node* primary = group.Primary();
  const bool leads = primary != nullptr && !primary->sdown && primary->leads();
  return !asked_for && leads && (waits || (chooses && !group.mode().seals_copies));
}

// Each Run… does one stage; true: the next stage may be tried at once.
bool RunWaitStart(Context& c, Group& group) {
  auto& stage = std::get<WaitStart>(group.failover->stage);
  const LogicalTime since = stage.asked() ? stage.asked_at : group.failover->started;
  const bool timeout = c.now - since > ElectionTimeout(c, group);
  if (stage.asked() && Elected(c, group)) {
    c.GroupEvent("+elected-leader", group);
    group.lost_elections = 0;
  } else if (stage.asked() && CannotWin(c, group)) {
    const Millis most = kSplitRetryMax * Patience(group);
    const Millis retry{c.s.prng.Between(kSplitRetryMin.count(), most.count())};
    const bool split = !OtherElected(group);
    ++group.lost_elections;
    Abort(c, group, "-failover-abort-not-elected", split ? retry : Millis{0});
    return false;
  } else if (timeout && group.failover->forced && !group.mode().majority_rules) {
    // Redis' SENTINEL FAILOVER asks nobody; here it asks first, and goes on alone if it must.
    c.Warn("forced failover of " + group.config.name + " goes on without a majority of votes");
  } else if (timeout) {
    ++group.lost_elections;
    Abort(c, group, "-failover-abort-not-elected");
    return false;
  } else {
    AskForVotes(c, group, /*again=*/true);
    return false;
  }
  if (c.s.crash_after_election) c.Do(CrashProcess{});
  Enter(c, group, SealCopies{});
  c.GroupEvent("+failover-state-select-slave", group);
  return true;
}

bool RunSealCopies(Context& c, Group& group) {
  if (AwaitsSeals(c, group)) return false;
  if (TakesWritesStill(c, group)) {
    c.Warn("the primary of " + group.config.name + " is busy with a script");
    Abort(c, group, "-failover-abort-hand-over-refused");
    return false;
  }
  Enter(c, group, SelectReplica{});
  return true;
}

// The node's offset is not final: no INFO since the election, or it still reads what the dead
// primary had sent. Whoever is chosen before that may lack what a sibling holds, which then has to
// start over.
bool OffsetMayGrow(const State& state, const Group& group, const Node& node) {
  if (node.info_refresh == kLongAgo || node.info_refresh < group.failover->stage_since) return true;
  const Node* primary = group.Primary();
  return primary != nullptr && primary->certainly_dead && node.info.role == Role::kReplica &&
         node.info.primary_link_up && SameAddress(state, node.info.primary, primary->address);
}

// True: worth waiting for newer INFO of a node that could be chosen; asks for it.
bool AwaitsInfo(Context& c, Group& group) {
  const LogicalTime until = group.failover->stage_since + kSelectWait;
  if (c.now >= until || Mutated(Mutant::kNoFreshInfo)) return false;
  bool awaits = false;
  for (auto& [id, node] : group.nodes) {
    // A primary that lost its role speaks, though it counts as down; another leader may have given
    // it back a moment ago.
    if (!node.link.connected || !(id == group.primary ? node.info.undecided : !node.sdown))
      continue;
    if (!node.info_pending && !OffsetMayGrow(c.s, group, node)) continue;
    awaits = true;
    if (node.info_sent < group.failover->stage_since || c.Elapsed(node.info_sent, kSelectPoll)) {
      AskInfo(c, node);
    }
  }
  if (awaits) c.WakeBy(std::min(until, c.now + kSelectPoll));
  return awaits;
}

bool RunSelectReplica(Context& c, Group& group) {
  if (AwaitsInfo(c, group)) return false;
  const Pick pick = PickReplica(c.s, group, c.now, group.failover->given_up);
  if (pick.result != PickResult::kChosen) {
    Abort(c, group, "-failover-abort-no-good-slave", RetryInVain(c.s, group));
    return false;
  }
  Node& node = *group.FindNode(pick.node);
  node.promoted = true;
  group.failover->chosen_run_id = node.info.run_id;
  c.NodeEvent("+selected-slave", group, node);
  Enter(c, group, SendPromotion{.node = node.id, .since = c.now});
  c.NodeEvent("+failover-state-send-slaveof-noone", group, node);
  return true;
}

// INFO over the present link says which process is there. One that restarted since then may
// be empty and must be chosen again.
enum class Process : uint8_t { kChosen, kOther, kNotKnown };
Process ProcessAt(const Group& group, const Node& node) {
  if (!node.link.connected || node.info_refresh < node.link.connected_at) return Process::kNotKnown;
  if (Mutated(Mutant::kAnyProcessPromoted)) return Process::kChosen;
  return node.info.run_id == group.failover->chosen_run_id ? Process::kChosen : Process::kOther;
}

void Promote(Context& c, Group& group, Node& node) {
  SendPromote(c, group, node);
  Enter(c, group, WaitPromotion{.node = node.id, .since = c.now});
  c.NodeEvent("+failover-state-wait-promotion", group, node);
}

bool RunSendPromotion(Context& c, Group& group) {
  Node& node = *group.FindNode(std::get<SendPromotion>(group.failover->stage).node);
  const Process process = ProcessAt(group, node);
  if (process != Process::kChosen) {
    const Millis limit = group.mode().reach_limit.value_or(group.config.failover_timeout);
    if (process == Process::kOther || c.now - group.failover->stage_since > limit) {
      Abort(c, group, "-failover-abort-slave-timeout");
    }
    return false;
  }
  if (MayHandOver(group)) {
    const HandOver begun = BeginHandover(c, group, node);
    Enter(c, group, begun);
    c.NodeEvent("+failover-state-hand-over", group, node);
    return false;
  }
  if (group.failover->coordinated && !group.mode().seals_copies) {
    Abort(c, group, "-failover-abort-hand-over-refused");
    return false;
  }
  Promote(c, group, node);
  return false;
}

void Refused(Context& c, Group& group, const HandOver& stage) {
  const bool answers = stage.answered_at != kNever;
  const std::string other = answers ? "it is no primary" : "it does not answer";
  const std::string why = stage.refusals > 1 ? stage.refusal : other;
  c.Warn("the primary of " + group.config.name + " does not hand over: " + why);
  // To replace who only runs a script loses writes.
  const bool busy = group.Primary()->busy_since != kNever || stage.refusal.starts_with("BUSY");
  if (group.failover->coordinated || busy) {
    return Abort(c, group, "-failover-abort-hand-over-refused");
  }
  c.GroupEvent("-failover-hand-over-refused", group, "#" + why);
  group.failover->as_it_is = true;
  ForceHandover(*group.Primary());
  Enter(c, group, SendPromotion{.node = stage.node, .since = c.now});
}

bool RunHandOver(Context& c, Group& group) {
  const HandOver stage = std::get<HandOver>(group.failover->stage);
  switch (WatchHandover(c, group)) {
    case Handover::kWaits:
      return false;
    case Handover::kRefused:
      Refused(c, group, stage);
      return true;
    case Handover::kTimeOver:
      Abort(c, group, "-failover-abort-slave-timeout");
      return false;
    case Handover::kDone:
      OnPromoted(c, group, *group.FindNode(stage.node));
      return false;
    case Handover::kDrained:
      Promote(c, group, *group.FindNode(stage.node));
      return false;
  }
  return false;
}

bool RunWaitPromotion(Context& c, Group& group) {
  Node& node = *group.FindNode(std::get<WaitPromotion>(group.failover->stage).node);
  const Mode& mode = group.mode();
  const Millis timeout = group.config.failover_timeout;
  const Millis limit = std::min(timeout, mode.promotion_limit.value_or(timeout));
  // Not sdown: an old primary that is given its role again counts as down until it has it.
  const Process process = ProcessAt(group, node);
  const bool lost = (node.sdown && Mutated(Mutant::kSdownEndsPromotion)) ||
                    process == Process::kOther ||
                    (mode.gives_up_early && Unreachable(c, group, node));
  if (lost || c.now - group.failover->stage_since > limit || c.now > PauseEnds(group)) {
    Abort(c, group, "-failover-abort-slave-timeout");
  } else if ((mode.roles_carry_epochs || node.busy_for_orders) && process == Process::kChosen &&
             c.Elapsed(node.reconfigured_at, kReconfRetry)) {
    SendPromote(c, group, node);
  }
  return false;
}

bool NeedsReconf(const Group& group, const Node& node) {
  return node.id != group.primary && node.reconf != ReconfStage::kDone && !node.sdown &&
         node.link.connected && !node.address.empty();
}

void StartReconf(Context& c, Group& group, Node& node, std::string_view channel) {
  SendFollow(c, group, node);
  node.reconf = ReconfStage::kSent;
  node.reconf_at = c.now;
  c.NodeEvent(channel, group, node);
}

// A failover that somebody asked for replaces a primary that lives. What it takes until it follows,
// nobody will have: it does not wait for its turn.
bool GoesFirst(const Group& group, const Node& node) {
  return node.leads() || (!group.mode().seals_copies && node.id == group.failover->old_primary);
}

// `in_flight`: how many are at it already.
void StartReconfs(Context& c, Group& group, int in_flight, bool timeout) {
  for (const bool old_primaries : {true, false}) {
    for (auto& [id, node] : group.nodes) {
      const bool waits = NeedsReconf(group, node) && node.reconf == ReconfStage::kNone;
      if (!waits || GoesFirst(group, node) != old_primaries || StillHandsOver(c, node)) continue;
      if (timeout) {
        StartReconf(c, group, node, "+slave-reconf-sent-be");
      } else if (old_primaries || in_flight < group.config.parallel_syncs) {
        StartReconf(c, group, node, "+slave-reconf-sent");
        ++in_flight;
      }
    }
  }
}

bool RunReconfReplicas(Context& c, Group& group) {
  int in_flight = 0;
  bool all_done = true;
  for (auto& [id, node] : group.nodes) {
    if (!NeedsReconf(group, node)) continue;
    if (node.reconf == ReconfStage::kSent && c.now - node.reconf_at > c.s.periods.reconf_timeout) {
      c.NodeEvent("-slave-reconf-sent-timeout", group, node);
      node.reconf = ReconfStage::kDone;
      continue;
    }
    all_done = false;
    if (node.reconf != ReconfStage::kNone) ++in_flight;
  }
  const bool timeout = c.now - group.failover->stage_since > group.config.failover_timeout;
  // The new primary is gone already: nobody can follow it, and the next failover must not wait.
  if (group.odown) all_done = true;
  if (timeout && !all_done) c.GroupEvent("+failover-end-for-timeout", group);
  if (!all_done) StartReconfs(c, group, in_flight, timeout);
  if (!all_done && !timeout) return false;
  Enter(c, group, UpdateConfig{.node = group.primary});
  return true;
}

bool RunUpdateConfig(Context& c, Group& group) {
  c.GroupEvent("+failover-end", group);
  for (auto& [id, node] : group.nodes) {
    node.promoted = false;
    node.reconf = ReconfStage::kNone;
  }
  group.failover.reset();
  c.NeedPersist();
  SpreadNews(c, group);
  return false;
}

bool BeforePromotion(const Group& group) {
  return !std::holds_alternative<ReconfReplicas>(group.failover->stage) &&
         !std::holds_alternative<UpdateConfig>(group.failover->stage);
}

bool RunStage(Context& c, Group& group) {
  const bool before_promotion = BeforePromotion(group);
  if (before_promotion && Superseded(group)) {
    Abort(c, group, "-failover-abort-not-elected");
    return false;
  }
  if (NoLongerNeeded(c, group)) {
    Abort(c, group, "-failover-abort-primary-answers");
    return false;
  }
  if (!before_promotion && group.config_epoch > group.failover->epoch) {
    // A later leader took over; the replicas are theirs to re-point.
    Enter(c, group, UpdateConfig{.node = group.primary});
    return RunUpdateConfig(c, group);
  }
  struct Runner {
    Context& c;
    Group& group;
    bool operator()(const WaitStart&) { return RunWaitStart(c, group); }
    bool operator()(const SealCopies&) { return RunSealCopies(c, group); }
    bool operator()(const SelectReplica&) { return RunSelectReplica(c, group); }
    bool operator()(const SendPromotion&) { return RunSendPromotion(c, group); }
    bool operator()(const HandOver&) { return RunHandOver(c, group); }
    bool operator()(const WaitPromotion&) { return RunWaitPromotion(c, group); }
    bool operator()(const ReconfReplicas&) { return RunReconfReplicas(c, group); }
    bool operator()(const UpdateConfig&) { return RunUpdateConfig(c, group); }
  };
  // A copy: the stage changes under the visitor.
  const FailoverStage stage = group.failover->stage;
  return std::visit(Runner{c, group}, stage);
}

}  // namespace

void AdvanceFailover(Context& c, Group& group) {
  while (group.failover && RunStage(c, group)) {
  }
}

void SendPromote(Context& c, const Group& group, Node& node) {
  node.reconfigured_at = c.now;
  c.Do(Reconfigure{.node = node.id,
                   .copies = CopiesWanted(group),
                   .epoch = group.failover->epoch,
                   .leader = c.s.my_id});
}

void CorrectCopies(Context& c, const Group& group, Node& primary) {
  primary.reconfigured_at = c.now;
  c.Do(Reconfigure{.node = primary.id,
                   .copies = CopiesWanted(group),
                   .again = true,
                   .epoch = group.config_epoch,
                   .leader = group.config_leader});
}

void SendFollow(Context& c, const Group& group, Node& node) {
  node.reconfigured_at = c.now;
  c.Do(Reconfigure{.node = node.id,
                   .primary = Shown(c.s, group.Primary()->address),
                   .copies = CopiesWanted(group),
                   .ends_handover = node.refuses_orders,
                   .epoch = group.config_epoch,
                   .leader = group.config_leader});
}

void Yield(Context& c, Group& group, std::string_view why) {
  if (!group.failover) return;
  c.Warn("the failover of epoch " + std::to_string(group.failover->epoch) +
         " is given up: " + std::string(why));
  if (BeforePromotion(group)) return Abort(c, group, "-failover-abort-not-elected");
  Enter(c, group, UpdateConfig{.node = group.primary});
  RunUpdateConfig(c, group);
}

void OnPromoted(Context& c, Group& group, Node& node) {
  const Epoch epoch = group.failover->epoch;
  if (Superseded(group)) return Abort(c, group, "-failover-abort-not-elected");
  c.NodeEvent("+promoted-slave", group, node);
  if (c.s.crash_after_promotion) c.Do(CrashProcess{});
  // By its order it writes its configuration too, and its clients look again.
  if (HandedOverTo(group, node)) SendPromote(c, group, node);
  Enter(c, group, ReconfReplicas{.node = node.id, .since = c.now});
  c.GroupEvent("+failover-state-reconf-slaves", group);
  SwitchPrimary(c, group, {.node = node.id, .epoch = epoch, .leader = c.s.my_id});
  SpreadNews(c, group);
  AdvanceFailover(c, group);
}

void UpdateReconfStage(Context& c, Group& group, Node& node) {
  if (!group.failover || node.id == group.primary || group.Primary() == nullptr) return;
  const bool follows = node.info.role == Role::kReplica && !node.info.undecided &&
                       SameAddress(c.s, node.info.primary, group.Primary()->address);
  if (node.reconf == ReconfStage::kSent && follows) {
    node.reconf = ReconfStage::kInProgress;
    c.NodeEvent("+slave-reconf-inprog", group, node);
  }
  if (node.reconf == ReconfStage::kInProgress && follows && node.info.primary_link_up) {
    node.reconf = ReconfStage::kDone;
    c.NodeEvent("+slave-reconf-done", group, node);
  }
}

}  // namespace rha::sidecar::core
