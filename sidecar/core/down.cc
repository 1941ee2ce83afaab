#include "sidecar/core/down.h"

#include <algorithm>

#include "sidecar/core/election.h"
#include "sidecar/core/extension.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/topology.h"
#include "sidecar/core/witness.h"

namespace rha::sidecar::core {
namespace {

bool PrimaryLostItsRole(const Context& c, const Group& group, const Node& node) {
  // What it said before it was made primary is no evidence, nor is a reply that was on its way.
  // (Later than that it may be the process that came after the promoted one.)
  const bool same_process = !node.info.run_id.empty() && node.info.run_id == group.primary_run_id;
  const LogicalTime news_since = group.primary_since + (same_process ? kPromotionNews : Millis{0});
  const bool old_news = node.info_refresh <= news_since;
  if (node.role_reported != Role::kReplica) return false;
  if (old_news && !Mutated(Mutant::kInfoFromBeforeSwitch)) return false;
  return group.mode().HasLostItsRole(c, group, node);
}

bool LooksDown(const Context& c, const Group& group, const Node& node) {
  if (Unreachable(c, group, node)) return true;
  if (node.id != group.primary) return false;
  if (PrimaryLostItsRole(c, group, node)) return true;
  return group.config.reboot_down_after > Millis{0} && node.rebooted &&
         node.loading_since != kNever &&
         c.now - node.loading_since > group.config.reboot_down_after;
}

void TellPeers(Context& c, Group& group) {
  for (const auto& [id, view] : group.views) SendBeat(c, group, id);
  AskWhetherDown(c, group);
}

}  // namespace

bool Unreachable(const Context& c, const Group& group, const Node& node) {
  return node.certainly_dead || IsMute(node.link, group.config.down_after, c.now);
}

void UpdateNodeDown(Context& c, Group& group, Node& node) {
  if (node.address.empty() && !node.local && node.id != group.primary) return;
  const bool down = LooksDown(c, group, node);
  if (down == node.sdown) return;
  if (down && c.s.tilt && !node.certainly_dead) return;
  node.sdown = down;
  if (down) node.sdown_since = c.now;
  if (!down) node.script_kill_sent = false;
  c.NodeEvent(down ? "+sdown" : "-sdown", group, node);
  if (node.id != group.primary && !down) NewCandidate(c, group);
  if (node.id != group.primary) return;
  // Also when it is up again: with a word that was taken back the next one makes no quorum.
  TellPeers(c, group);
  if (!down) return;
  // The candidates' offsets stand still now: have them before a replica is chosen.
  for (auto& [id, other] : group.nodes) AskInfo(c, other);
}

namespace {

// All replicas that can be asked have lost the primary since its host refuses this sidecar.
bool ReplicasConfirm(const State& state, const Group& group, const Node& primary) {
  bool confirmed = false;
  for (const auto& [id, node] : group.nodes) {
    if (id == primary.id || !node.link.connected || node.sdown) continue;
    const Millis lost_ago{1000 * node.info.primary_link_down_seconds};
    const bool lost = node.info.role == Role::kReplica && !node.info.primary_link_up &&
                      SameAddress(state, node.info.primary, primary.address) &&
                      node.info.primary_link_down_seconds >= 0 &&
                      lost_ago <= node.info_refresh - primary.refused_since + kLostTogether;
    if (node.info_refresh > primary.refused_since && lost) {
      confirmed = true;
    } else if (!Mutated(Mutant::kVetoIgnored)) {
      return false;
    }
  }
  return confirmed;
}

}  // namespace

bool RefusalIsOpen(const Context& c, const Group& group) {
  const Node* primary = group.Primary();
  return group.mode().judges_refusals && c.s.refused_is_down && !c.s.tilt && primary != nullptr &&
         primary->refused_since != kNever && !primary->certainly_dead;
}

void JudgeRefusal(Context& c, Group& group) {
  if (!RefusalIsOpen(c, group)) return;
  Node* primary = group.Primary();
  const bool confirmed = primary->refused_again && ReplicasConfirm(c.s, group, *primary);
  if (!confirmed && !Mutated(Mutant::kRefusedIsDead)) return;
  primary->certainly_dead = true;
  c.Note("the process of " + ToString(primary->address) +
         " has ended: its host refuses connections, and its replicas have lost it");
}

void UpdatePeersDown(Context& c) {
  for (auto& [id, peer] : c.s.peers) {
    const Group* named = nullptr;
    Millis down_after = kDownAfterDefault;
    for (const auto& [name, group] : c.s.groups) {
      if (group.views.count(id) == 0) continue;
      if (named == nullptr) named = &group;
      down_after = std::min(down_after, group.config.down_after);
    }
    if (named == nullptr) continue;
    const bool down = IsMute(peer.link, down_after, c.now);
    if (down == peer.sdown || (down && c.s.tilt)) continue;
    peer.sdown = down;
    if (down) peer.sdown_since = c.now;
    c.PeerEvent(down ? "+sdown" : "-sdown", *named, peer);
  }
}

int DownVotes(const Context& c, const Group& group) {
  int votes = 1;
  for (const auto& [id, view] : group.views) {
    if (view.says_down && c.now - view.says_down_at <= kAskReplyValid) ++votes;
  }
  return votes;
}

void UpdateObjectivelyDown(Context& c, Group& group) {
  const Node* primary = group.Primary();
  const int votes = DownVotes(c, group);
  const bool down = primary != nullptr && primary->sdown && votes >= group.config.quorum &&
                    !SomebodyHears(c, group);
  if (down == group.odown) return;
  group.odown = down;
  if (down) {
    group.odown_since = c.now;
    c.GroupEvent("+odown", group,
                 "#quorum " + std::to_string(votes) + "/" + std::to_string(group.config.quorum));
  } else {
    c.GroupEvent("-odown", group);
  }
}

void AskWhetherDown(Context& c, Group& group) {
  const Node* primary = group.Primary();
  if (primary == nullptr || !primary->sdown || group.failover || c.s.tilt) return;
  for (auto& [id, view] : group.views) {
    const Peer& peer = c.s.peers.at(id);
    if (view.says_down && c.now - view.says_down_at > kAskReplyValid) view.says_down = false;
    // Ours say it in every beat.
    if (group.mode().peers_are_ours || !peer.link.connected) continue;
    if (!c.Elapsed(view.asked_at, c.s.periods.ask)) continue;
    view.asked_at = c.now;
    c.Do(AskPeer{.peer = id,
                 .group = group.config.name,
                 .primary = Resolved(c.s, primary->address),
                 .epoch = c.s.current_epoch,
                 .candidate = "*"});
  }
}

}  // namespace rha::sidecar::core
