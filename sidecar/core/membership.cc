#include "sidecar/core/membership.h"

#include <tuple>

#include "sidecar/core/links.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

bool LeadsNow(const PeerView& view, LogicalTime now) {
  return view.belief.leading_epoch > 0 && view.beat_at != kLongAgo &&
         now - view.beat_at <= kLeaderSilence;
}

bool OwnNodeIsPrimary(const Group& group) {
  const Node* own = OwnNode(group);
  return own != nullptr && own->id == group.primary;
}

}  // namespace

int MajorityOf(const Group& group) {
  const int voters = group.mode().VoterCount(group);
  if (voters == 2 && Mutated(Mutant::kLoneMajority)) return 1;
  return voters / 2 + 1;
}

bool Speaks(const PeerView& view, LogicalTime now) {
  return view.beat_at != kLongAgo && now - view.beat_at <= kLease;
}

bool Hears(const State& state, PeerId id, LogicalTime now) {
  auto it = state.peers.find(id);
  return it != state.peers.end() && it->second.last_heard != kLongAgo &&
         now - it->second.last_heard <= kLease;
}

bool HearsMajority(const State& state, const Group& group, LogicalTime now) {
  if (!group.mode().majority_rules) return true;
  if (state.woke_at != kLongAgo && now - state.woke_at < kBacklogRead) return false;
  int heard = 1;
  for (const auto& [id, view] : group.views) {
    heard += Speaks(view, now) && Silence(state.peers.at(id).link, now) <= kLease ? 1 : 0;
  }
  return heard >= MajorityOf(group);
}

bool HearsVoters(const State& state, const Group& group, LogicalTime now) {
  if (!group.mode().majority_rules) return true;
  int voters = 1;
  for (const auto& [id, view] : group.views) {
    if (state.peers.at(id).may_vote && Speaks(view, now)) ++voters;
  }
  return voters >= MajorityOf(group);
}

bool MajorityAgrees(const Group& group, LogicalTime now) {
  const Node* primary = group.Primary();
  if (primary == nullptr || primary->member < 0) return false;
  const std::string& name = group.members[primary->member].config.name;
  int agreeing = 1;
  for (const auto& [id, view] : group.views) {
    if (Speaks(view, now) && view.belief.primary_member == name &&
        view.belief.config_epoch == group.config_epoch) {
      ++agreeing;
    }
  }
  return agreeing >= MajorityOf(group);
}

bool OtherLeads(const Group& group, LogicalTime now) {
  for (const auto& [id, view] : group.views) {
    if (LeadsNow(view, now) && view.belief.leading_epoch > group.config_epoch &&
        view.belief.leading_epoch >= group.leader_epoch) {
      return true;
    }
  }
  return false;
}

bool OtherRepoints(const Group& group, LogicalTime now) {
  for (const auto& [id, view] : group.views) {
    if (LeadsNow(view, now) && view.belief.leading_epoch == group.config_epoch) return true;
  }
  return false;
}

std::optional<Epoch> OrderOf(const Group& group, const Info& info) {
  return group.mode().roles_carry_epochs ? info.role_epoch : std::nullopt;
}

bool ObeysLater(const Group& group, const Info& info) {
  const auto order = OrderOf(group, info);
  return order &&
         std::tie(*order, info.role_leader) > std::tie(group.config_epoch, group.config_leader);
}

void LearnEpoch(Context& c, Group& group) {
  if (c.s.may_vote || !group.mode().votes_need_memory) return;
  if (Mutated(Mutant::kAmnesiacVotes)) {
    c.s.may_vote = true;
    return c.NeedPersist();
  }
  int with_memory = 0;
  int without_memory = 0;
  Epoch highest = c.s.current_epoch;
  for (const Member& member : group.members) {
    auto it = c.s.peers.find(member.peer);
    if (it == c.s.peers.end() || !it->second.beat_seen || !Hears(c.s, member.peer, c.now)) continue;
    ++(it->second.may_vote ? with_memory : without_memory);
    highest = std::max(highest, it->second.current_epoch);
  }
  const int heard = with_memory + without_memory;
  const int majority = MajorityOf(group);
  const Millis age = c.now - c.s.started;
  const bool everyone = heard + 1 == group.mode().VoterCount(group);
  const bool all_new = with_memory == 0 && heard + 1 >= majority && age >= kBootstrapGrace;
  const bool waited = heard + 1 >= majority && age >= kAmnesiaWait;
  // Who is missing may be a candidate it has voted for: by now that election is won, and known to
  // somebody it hears, or over.
  const bool remembered = with_memory >= majority && age >= kBootstrapGrace;
  if (!remembered && !everyone && !all_new && !waited) return;
  // Who waited instead of asking everyone must not repeat an epoch it has voted in and forgotten.
  const bool skip = waited && with_memory < majority && !everyone && !all_new;
  c.s.current_epoch = highest + (skip ? kAmnesiaEpochSkip : 0);
  // In the newest of them, too, it may have voted: the vote of that one is spent.
  group.leader_epoch = std::max(group.leader_epoch, c.s.current_epoch);
  c.s.may_vote = true;
  c.NeedPersist();
  for (const auto& [id, view] : group.views) SendBeat(c, group, id);
  c.Note("may vote after epoch " + std::to_string(c.s.current_epoch) + ": heard " +
         std::to_string(with_memory) + " members with memory and " +
         std::to_string(without_memory) + " without");
}

void WatchForPrimary(Context& c, Group& group) {
  const bool missing = group.primary == kNoNode && HearsMajority(c.s, group, c.now);
  if (!missing) {
    group.no_primary_since = kNever;
  } else if (group.no_primary_since == kNever) {
    group.no_primary_since = c.now;
  }
}

int Rank(const State& state, const Group& group, LogicalTime now) {
  int rank = 0;
  for (const auto& [id, view] : group.views) {
    const Peer& peer = state.peers.at(id);
    if (!peer.extended || !peer.link.connected || !Hears(state, id, now)) continue;
    // The sidecar beside the old primary comes last: its whole pod may be on the way out.
    const Member* member = MemberOf(group, peer);
    const bool beside_primary = member != nullptr && member->node == group.primary;
    if (beside_primary || (group.mode().votes_need_memory && !peer.may_vote)) continue;
    if (peer.run_id < state.my_id || OwnNodeIsPrimary(group)) ++rank;
  }
  return rank;
}

}  // namespace rha::sidecar::core
