#include "sidecar/core/election.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/core/copies.h"
#include "sidecar/core/down.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/pick_replica.h"
#include "sidecar/core/topology.h"
#include "sidecar/core/witness.h"

namespace rha::sidecar::core {
namespace {

bool AllPeersExtended(const State& state, const Group& group) {
  for (const auto& [id, view] : group.views) {
    if (!state.peers.at(id).extended) return false;
  }
  return true;
}

bool IsExtended(State& state, const std::string& run_id) {
  const Peer* peer = FindPeerByRunId(state, run_id);
  return peer != nullptr && peer->extended;
}

bool WantsFailover(const Context& c, const Group& group) {
  if (group.failover || c.s.tilt || !c.s.may_vote || c.s.stopping) return false;
  const bool bootstrap = group.primary == kNoNode && group.no_primary_since != kNever;
  if (!group.odown && !bootstrap && !MemberIsBarred(group, c.now)) return false;
  if (group.no_attempt_before != kLongAgo && c.now < group.no_attempt_before) return false;
  if (!HearsVoters(c.s, group, c.now) || OtherLeads(group, c.now)) return false;
  return true;
}

// Epochs are not burnt while there is nobody to promote. (Redis' Sentinel tries and says so.)
bool SomebodyToPromote(Context& c, Group& group) {
  if (!group.mode().waits_for_copies) return true;
  Pick pick = PickReplica(c.s, group, c.now);
  const bool news =
      pick.wait.reason != group.wait.reason || pick.wait.members != group.wait.members;
  group.wait = std::move(pick.wait);
  if (group.wait.until != kNever) c.WakeBy(group.wait.until);
  if (news && group.wait.reason != WaitReason::kNone) {
    c.Warn("no primary of " + group.config.name + " yet: waiting for " +
           DescribeWaitUntil(group, group.wait, c.now) + " (" + DescribeCopies(group, c.now) + ")");
  }
  return pick.result == PickResult::kChosen;
}

// Where a majority rules it must see the failure, not only the quorum: nobody helps to replace a
// primary that looks well to him, unless a user asked for that. He is asked again when his beats
// say otherwise.
bool SeesNoReason(Context& c, const Group& group, Epoch epoch, const std::string& candidate) {
  if (Mutated(Mutant::kVoteAgainstHealthy)) return false;
  const Node* primary = group.Primary();
  if (!group.mode().majority_rules || candidate == c.s.my_id) return false;
  if (primary == nullptr || (primary->sdown && !SomebodyHears(c, group))) return false;
  if (MemberIsBarred(group, c.now)) return false;
  for (const auto& [id, view] : group.views) {
    if (c.s.peers.at(id).run_id != candidate) continue;
    // A primary that is sealed has no role, and counts as well only because of this very candidate.
    const bool leads = view.belief.leading_epoch == epoch;
    return !(leads && (view.belief.forced || primary->info.sealed));
  }
  return true;
}

// The own vote was overtaken: this attempt cannot win any more.
void GiveUpIfOutvoted(Context& c, Group& group) {
  if (!group.failover || !std::holds_alternative<WaitStart>(group.failover->stage)) return;
  if (group.failover->epoch >= group.leader_epoch) return;
  c.GroupEvent("-failover-abort-not-elected", group);
  group.failover.reset();
}

// So many elections have there been by the word of a majority: who missed them all (it is new, or
// has lost its file) catches up. 0: no majority has said.
Epoch EpochOfAMajority(const State& state, const Group& group) {
  std::vector<Epoch> told;
  for (const auto& [id, view] : group.views) told.push_back(state.peers.at(id).current_epoch);
  const auto majority = static_cast<size_t>(MajorityOf(group));
  if (told.size() < majority) return 0;
  std::sort(told.begin(), told.end(), std::greater<>());
  return std::min(told[majority - 1], kEpochCatchUpMax);
}

}  // namespace

bool SeeEpoch(Context& c, const Group& group, Epoch epoch) {
  if (epoch <= c.s.current_epoch) return true;
  const Epoch known = std::max(c.s.current_epoch, EpochOfAMajority(c.s, group));
  const bool near = epoch <= known || epoch - known <= kEpochJumpMax;
  const bool plausible = near && epoch <= kEpochOnWireMax;
  if (!plausible && !Mutated(Mutant::kHelloBelieved)) {
    if (c.Elapsed(c.s.implausible_noted, kImplausibleNotePeriod)) {
      c.s.implausible_noted = c.now;
      c.Warn("epoch " + std::to_string(epoch) + " is ignored: it is too far above " +
             std::to_string(c.s.current_epoch) + " to come from an election");
    }
    return false;
  }
  c.s.current_epoch = epoch;
  c.NeedPersist();
  c.PlainEvent("+new-epoch", std::to_string(epoch), &group);
  return true;
}

VoteResult CastVote(Context& c, Group& group, Epoch epoch, const std::string& candidate) {
  const VoteResult before{group.leader_id.empty() ? "*" : group.leader_id, group.leader_epoch};
  if (!group.mode().IsVoter(c.s, group, candidate) || !SeeEpoch(c, group, epoch)) return before;
  if (!c.s.may_vote || group.leader_epoch >= epoch || c.s.current_epoch > epoch) return before;
  if (SeesNoReason(c, group, epoch, candidate)) return before;
  group.leader_id = candidate;
  group.leader_epoch = epoch;
  c.NeedPersist();
  c.PlainEvent("+vote-for-leader", candidate + " " + std::to_string(epoch), &group);
  if (candidate != c.s.my_id) {
    group.attempt_at = kNever;
    group.last_attempt = c.now;
    if (group.mode().peers_are_ours || IsExtended(c.s, candidate)) {
      HoldBack(c, group);
    } else {
      group.no_attempt_before = c.now + group.config.failover_timeout * 2;
    }
    GiveUpIfOutvoted(c, group);
  }
  return {group.leader_id, group.leader_epoch};
}

void HoldBack(Context& c, Group& group) {
  const Millis most = kRetryMin + (kRetryMax - kRetryMin) * Patience(group);
  group.no_attempt_before = c.now + Millis{c.s.prng.Between(kRetryMin.count(), most.count())};
}

int Patience(const Group& group) { return 1 << std::min(group.lost_elections, kPatienceDoublings); }

Millis RetryInVain(const State& state, Group& group) {
  const Millis redis = group.config.failover_timeout * 2;
  const Millis first = group.mode().nobody_retry;
  if (first == Millis{0}) return first;
  const int doublings = std::min(group.in_vain++, kInVainDoublings);
  if (!AllPeersExtended(state, group)) return redis;
  return std::min(first * (1 << doublings), std::max(first, redis));
}

void NewCandidate(Context& c, Group& group) {
  if (std::exchange(group.in_vain, 0) == 0) return;
  group.no_attempt_before = std::min(group.no_attempt_before, c.now + group.mode().nobody_retry);
}

void ConsiderCandidacy(Context& c, Group& group) {
  const bool wanted = WantsFailover(c, group);
  if (!wanted) group.wait = {};
  if (!wanted || !SomebodyToPromote(c, group)) {
    group.attempt_at = kNever;
    return;
  }
  if (group.attempt_at == kNever) {
    const int rank = Rank(c.s, group, c.now);
    const Millis jitter{rank == 0 ? 0 : c.s.prng.Between(0, kStaggerJitter.count())};
    group.attempt_at = c.now + kRankStagger * rank + jitter;
  }
  if (c.now < group.attempt_at) return c.WakeBy(group.attempt_at);
  group.attempt_at = kNever;
  StartFailover(c, group, /*forced=*/false);
}

void StartFailover(Context& c, Group& group, bool forced, std::vector<std::string> given_up) {
  if (!SeeEpoch(c, group, c.s.current_epoch + 1)) return;  // the last number there is
  group.failover = Failover{.epoch = c.s.current_epoch,
                            .started = c.now,
                            .stage_since = c.now,
                            .forced = forced,
                            .given_up = std::move(given_up),
                            .bootstrap = group.primary == kNoNode,
                            .old_primary = group.primary,
                            .old_epoch = group.config_epoch,
                            .stage = WaitStart{}};
  group.last_attempt = c.now;
  for (auto& [id, view] : group.views) view.asked_at = kLongAgo;
  c.GroupEvent("+try-failover", group);
  CastVote(c, group, c.s.current_epoch, c.s.my_id);
  c.s.after_persist.push_back({.seq = c.NextPersistSeq(),
                               .group = group.config.name,
                               .epoch = c.s.current_epoch,
                               .own_vote = true});
  // The others must know that a user wants it before they are asked.
  if (!forced) return;
  for (const auto& [id, view] : group.views) SendBeat(c, group, id);
}

void AskForVotes(Context& c, Group& group, bool again) {
  if (!group.failover) return;
  const auto* stage = std::get_if<WaitStart>(&group.failover->stage);
  if (stage == nullptr || !stage->asked()) return;
  for (auto& [id, view] : group.views) {
    const Peer& peer = c.s.peers.at(id);
    if (!peer.link.connected || view.leader_epoch >= group.failover->epoch) continue;
    if (again && !c.Elapsed(view.asked_at, kAskRetry)) continue;
    view.asked_at = c.now;
    c.Do(AskPeer{.peer = id,
                 .group = group.config.name,
                 .primary = PrimaryAddressOrZero(c.s, group),
                 .epoch = group.failover->epoch,
                 .candidate = c.s.my_id,
                 .extended = group.mode().peers_are_ours});
  }
}

int VotesForMe(const Context& c, const Group& group) {
  const Epoch epoch = group.failover->epoch;
  int votes = group.leader_epoch == epoch && group.leader_id == c.s.my_id ? 1 : 0;
  for (const auto& [id, view] : group.views) {
    if (view.leader_epoch == epoch && view.leader == c.s.my_id) ++votes;
  }
  return votes;
}

bool Elected(const Context& c, const Group& group) {
  const int votes = VotesForMe(c, group);
  if (Mutated(Mutant::kMajorityOfConnected)) {
    const auto connected = [&](const auto& view) {
      return c.s.peers.at(view.first).link.connected;
    };
    return votes > std::count_if(group.views.begin(), group.views.end(), connected) / 2;
  }
  return votes >= MajorityOf(group) && votes >= group.config.quorum;
}

bool CannotWin(const Context& c, const Group& group) {
  int lost = 0, away = 0;
  for (const auto& [id, view] : group.views) {
    const bool voted = view.leader_epoch >= group.failover->epoch;
    if (voted && view.leader != c.s.my_id) ++lost;
    if (!voted && c.s.peers.at(id).sdown) ++away;
  }
  // Two survivors that voted for themselves do not wait for the dead to decide. One whose link is
  // merely broken may have voted, and the other be about to promote somebody.
  const int reachable = group.mode().VoterCount(group) - lost - (lost > 0 ? away : 0);
  return reachable < MajorityOf(group);
}

bool OtherElected(const Group& group) {
  std::map<std::string_view, int> votes;
  for (const auto& [id, view] : group.views) {
    if (view.leader_epoch == group.failover->epoch) ++votes[view.leader];
  }
  return std::any_of(votes.begin(), votes.end(),
                     [&](const auto& count) { return count.second >= MajorityOf(group); });
}

Millis ElectionTimeout(const Context& c, const Group& group) {
  if (group.mode().peers_are_ours || AllPeersExtended(c.s, group)) {
    const Millis most = std::max(kElectionTimeout, c.s.periods.election_timeout);
    return std::min(kElectionTimeout * Patience(group), most);
  }
  return std::min(c.s.periods.election_timeout, group.config.failover_timeout);
}

}  // namespace rha::sidecar::core
