#include <tuple>

#include "sidecar/core/election.h"
#include "sidecar/core/extension.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/names.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

// The sender's pod may have a new address; name and id stay. This counts as DNS does: whoever is
// found there must still prove to be that member.
void FollowAddress(Context& c, Group& group, const Peer& peer, const Beat& beat) {
  Member* member = MemberOf(group, peer);
  if (member != nullptr && !beat.address.empty()) {
    SetMemberHost(c, group, *member, beat.address.host);
  }
}

// A primary of a higher (epoch, leader) replaces ours: two sidecars that won the same epoch, which
// only stock peers and lost votes can bring about, are told apart by the leader's id.
void AdoptConfig(Context& c, Group& group, const Peer& peer, const Beat& beat) {
  if (std::tie(beat.belief.config_epoch, beat.config_leader) <=
      std::tie(group.config_epoch, group.config_leader)) {
    return;
  }
  const NodeId node = group.mode().PrimaryOf(c, group, beat);
  if (node == kNoNode) return;
  SwitchPrimary(c, group,
                {.node = node,
                 .epoch = beat.belief.config_epoch,
                 .leader = beat.config_leader,
                 .informer = &peer});
}

void TakeBeat(Context& c, Group& group, PeerView& view, const Beat& beat) {
  view.beat_at = c.now;
  view.belief = beat.belief;
  view.node = beat.node;
  // "It is down" counts only for the primary, and the epoch, it was said of.
  const Node* primary = group.Primary();
  const bool same = primary != nullptr && beat.belief.config_epoch == group.config_epoch &&
                    (primary->member < 0 ? SameAddress(c.s, beat.primary, primary->address)
                                         : beat.belief.primary_member ==
                                               group.members[primary->member].config.name);
  view.hearing = same ? beat.hearing : Hearing{};
  const bool says_down = same && beat.says_down;
  // Who did not vote because the primary looked well may do so now.
  if (says_down && !view.says_down) view.asked_at = kLongAgo;
  if (same || view.says_down) {
    view.says_down = says_down;
    view.says_down_at = c.now;
  }
}

// Who misses the primary learns at once that it is heard here, and lately.
void TellWhoMissesIt(Context& c, Group& group, PeerId id) {
  const PeerView& view = group.views[id];
  const Node* primary = group.Primary();
  if (primary == nullptr || view.hearing.primary_silent_ms < 0 || primary->sdown) return;
  const Millis theirs{view.hearing.primary_silent_ms};
  const Millis limit = group.config.down_after / 2;
  if (theirs <= limit || Silence(primary->link, c.now) > limit) return;
  if (c.Elapsed(view.beat_sent, kHearingAnswer)) SendBeat(c, group, id);
}

void OnBeat(Context& c, const Beat& beat) {
  auto it = c.s.groups.find(beat.group);
  Peer* peer = FindPeerByRunId(c.s, beat.id);
  if (it == c.s.groups.end() || peer == nullptr) return;
  Group& group = it->second;
  auto view = group.views.find(peer->id);
  if (view == group.views.end()) return;
  peer->extended = true;
  peer->beat_seen = true;
  peer->may_vote = beat.may_vote;
  peer->current_epoch = beat.current_epoch;
  // An attempt to connect that fell into a cut goes on for a while after it has healed.
  const bool hangs = peer->link.dialing && c.Elapsed(peer->link.dialed_at, kReconnectPeriod);
  if (hangs && !Hears(c.s, peer->id, c.now)) RedialPeer(c, *peer);
  peer->last_heard = c.now;
  FollowAddress(c, group, *peer, beat);
  const bool newer = beat.current_epoch > c.s.current_epoch;
  // A member without memory still learns such an epoch, from a majority (LearnEpoch).
  if (!SeeEpoch(c, group, beat.current_epoch)) return Evaluate(c, group);
  if (newer) {
    // Somebody has opened an election this member has not been asked about yet.
    const Millis wait{c.s.prng.Between(kSplitRetryMin.count(), kSplitRetryMax.count())};
    group.no_attempt_before = std::max(group.no_attempt_before, c.now + wait);
  }
  AdoptConfig(c, group, *peer, beat);
  TakeBeat(c, group, view->second, beat);
  TellWhoMissesIt(c, group, peer->id);
  Evaluate(c, group);
}

// Believed from the sidecar beside the node only, and only once the own link to that node is gone
// too (JudgeDeath): a forged notice about a living node changes nothing.
void OnDeath(Context& c, const Death& death) {
  auto it = c.s.groups.find(death.group);
  const Peer* peer = FindPeerByRunId(c.s, death.id);
  if (it == c.s.groups.end() || peer == nullptr) return;
  Group& group = it->second;
  const Member* member = MemberOf(group, *peer);
  Node* node = member != nullptr ? group.FindNode(member->node) : nullptr;
  if (node == nullptr || node->certainly_dead) return;
  const bool other_process =
      !death.run_id.empty() && !node->info.run_id.empty() && death.run_id != node->info.run_id;
  if (other_process) return;
  node->death_noticed = true;
  node->death_noticed_at = c.now;
  PingNode(c, *node);
  JudgeDeath(c, group, *node);
  if (auto view = group.views.find(peer->id); view != group.views.end()) {
    view->second.node.alive = false;
  }
  Evaluate(c, group);
}

}  // namespace

void OnExtension(Context& c, const ExtensionReceived& event) {
  const auto beat = DecodeBeat(event.args);
  const auto death = DecodeDeath(event.args);
  if (!beat && !death) {
    return c.Do(Reply{event.request, ReplyError{"ERR Unknown REDISHA message"}});
  }
  const auto group = c.s.groups.find(beat ? beat->group : death->group);
  const std::string& sender = beat ? beat->id : death->id;
  if (group != c.s.groups.end() && !group->second.mode().Believes(sender, event.proven)) {
    return c.Do(Reply{event.request, ReplyError{kNotProven}});
  }
  c.Do(Reply{event.request, ReplyOk{}, /*promise=*/false});
  if (beat) OnBeat(c, *beat);
  if (death) OnDeath(c, *death);
}

void OnExtensionReply(Context& c, const ExtensionReply& event) {
  auto it = c.s.peers.find(event.peer);
  if (it == c.s.peers.end()) return;
  Peer& peer = it->second;
  peer.last_heard = c.now;
  peer.extension_refused = !event.ok;
  if (event.ok) peer.extended = true;
  if (!event.ok && peer.member < 0) peer.extended = false;
}

}  // namespace rha::sidecar::core
