#include <algorithm>

#include "sidecar/core/down.h"
#include "sidecar/core/election.h"
#include "sidecar/core/failover.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/healing.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"

namespace rha::sidecar::core {
namespace {

// Long enough for the others to have found another leader: what this one was about to do is theirs.
void StopLeading(Context& c) {
  for (auto& [name, group] : c.s.groups) {
    if (group.mode().gives_up_early) Yield(c, group, "this sidecar was stopped meanwhile");
  }
}

// A shorter gap between Steps is no great part of the time after which somebody counts as down, or
// no more than a tick that comes a little late.
Millis LateAfter(const State& state) {
  Millis late = kLateTick;
  for (const auto& [name, group] : state.groups) {
    late = std::min(late, group.config.down_after / 2);
  }
  return std::max(late, kTickPeriod * 3 / 2);
}

}  // namespace

// This process was late (stopped, starved of CPU): silence of others during the gap proves nothing.
// Redis' TILT, with one difference: the pings start anew instead of 30 s of looking away.
void NoticeLateness(Context& c) {
  const Millis gap = c.now - c.s.last_step;
  if (Mutated(Mutant::kLatenessIgnored)) return;
  const Millis late = gap > LateAfter(c.s) ? gap : gap - kTickPeriod * 3 / 2;
  if (late > Millis{0}) {
    // Of each gap what was too much is no silence of others; what they were silent before is.
    const auto forgive = [&](Link& link) {
      if (link.unanswered_since != kNever) {
        link.unanswered_since = std::min(c.now, link.unanswered_since + late);
      }
      if (link.last_ok != kLongAgo) link.last_ok = std::min(c.now, link.last_ok + late);
    };
    for (auto& [name, group] : c.s.groups) {
      for (auto& [id, node] : group.nodes) forgive(node.link);
    }
    for (auto& [id, peer] : c.s.peers) forgive(peer.link);
  }
  if (gap > kLease) c.s.woke_at = c.now;
  if (gap > kLeaderSilence && !Mutated(Mutant::kLeadsAfterPause)) StopLeading(c);
  if (gap > c.s.periods.tilt_trigger) {
    if (!c.s.tilt) ++c.s.total_tilt;
    c.s.tilt = true;
    c.s.tilt_since = c.now;
    c.PlainEvent("+tilt", "#tilt mode entered");
  } else if (c.s.tilt && c.now - c.s.tilt_since > c.s.periods.tilt) {
    c.s.tilt = false;
    c.PlainEvent("-tilt", "#tilt mode exited");
  }
}

void Evaluate(Context& c, Group& group) {
  for (auto& [id, node] : group.nodes) UpdateNodeDown(c, group, node);
  AskWhetherDown(c, group);
  UpdateObjectivelyDown(c, group);
  LearnEpoch(c, group);
  WatchForPrimary(c, group);
  ConsiderCandidacy(c, group);
  AdvanceFailover(c, group);
  HealNodes(c, group);
  UpdateLabel(c, group);
}

void OnTick(Context& c) {
  KeepNames(c);
  KeepPeerLinks(c);
  UpdatePeersDown(c);
  for (auto& [name, group] : c.s.groups) {
    KeepGroupLinks(c, group);
    Evaluate(c, group);
  }
  if (c.now >= c.s.persist_retry_at) {
    c.s.persist_retry_at = kNever;
    c.NeedPersist();
  }
}

}  // namespace rha::sidecar::core
