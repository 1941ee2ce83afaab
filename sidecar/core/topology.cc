#include "sidecar/core/topology.h"

#include "sidecar/core/down.h"
#include "sidecar/core/handover.h"
#include "sidecar/core/links.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"

namespace rha::sidecar::core {
namespace {

// Starts the pings of a link anew: nothing is held against it that happened before.
void ForgiveLink(Link& link, LogicalTime now) {
  link.unanswered_since = kNever;
  link.last_ok = now;
  link.last_reply = now;
}

// An attempt from before, perhaps into a cut that has healed, must not last until the time is over
// in which it may be silent: whoever made it primary has just reached it.
void RedialLink(Context& c, Node& node) {
  if (node.link.connected || !node.link.dialing) return;
  node.link.dialing = false;
  node.link.dialed_at = kLongAgo;
  c.Do(DisconnectNode{node.id});
}

void TellSwitch(Context& c, const Group& group, const Address& old) {
  if (group.Primary()->address.empty()) return;  // told once the member is found
  const Address address = Shown(c.s, group.Primary()->address);
  const Address from = old.empty() ? Address{"0.0.0.0", 0} : old;
  c.PlainEvent("+switch-master",
               group.config.name + " " + from.host + " " + std::to_string(from.port) + " " +
                   address.host + " " + std::to_string(address.port),
               &group);
}

void RestoreEpochs(Context& c, Group& group, const PersistedGroup& saved) {
  group.config_epoch = saved.config_epoch;
  group.config_leader = saved.config_leader;
  if (!Mutated(Mutant::kVotesForgotten)) {
    group.leader_epoch = saved.leader_epoch;
    group.leader_id = saved.leader_id;
  }
  group.lineage = saved.lineage;
  // Of a file that somebody edited, or that a stock sentinel wrote.
  c.s.current_epoch = std::max({c.s.current_epoch, saved.config_epoch, saved.leader_epoch});
}

}  // namespace

Group& AddGroup(Context& c, const GroupConfig& config, const PersistedGroup* persisted) {
  Group& group = c.s.groups[config.name];
  group.config = config;
  group.created = c.now;
  group.primary_since = c.now;
  group.mode().Populate(c, group, persisted);
  if (persisted != nullptr) RestoreEpochs(c, group, *persisted);
  c.GroupEvent("+monitor", group, "quorum " + std::to_string(config.quorum));
  if (group.mode().fixed) return group;
  for (const auto& [id, node] : group.nodes) {
    if (id != group.primary) c.NodeEvent("+slave", group, node);
  }
  return group;
}

void RemoveGroup(Context& c, const std::string& name) {
  auto it = c.s.groups.find(name);
  if (it == c.s.groups.end()) return;
  c.GroupEvent("-monitor", it->second);
  EndHandover(c, it->second);
  while (!it->second.views.empty()) LeaveGroup(c, it->second, it->second.views.begin()->first);
  while (!it->second.nodes.empty()) RemoveNode(c, it->second, it->second.nodes.begin()->first);
  c.s.groups.erase(it);
  c.NeedPersist();
}

void ResetGroup(Context& c, Group& group) {
  EndHandover(c, group);
  group.failover.reset();
  for (auto& [id, node] : group.nodes) {
    node.promoted = false;
    node.reconf = ReconfStage::kNone;
  }
  group.odown = false;
  group.attempt_at = kNever;
  for (auto& [id, view] : group.views) view.says_down = false;
  if (!group.mode().fixed) {
    while (!group.views.empty()) LeaveGroup(c, group, group.views.begin()->first);
    for (auto it = group.nodes.begin(); it != group.nodes.end();) {
      const NodeId id = (it++)->first;
      if (id != group.primary) RemoveNode(c, group, id);
    }
  }
  if (Node* primary = group.Primary()) {
    primary->sdown = false;
    ForgiveLink(primary->link, c.now);
    primary->info_refresh = kLongAgo;
    primary->info_sent = kLongAgo;
  }
  c.GroupEvent("+reset-master", group);
  c.NeedPersist();
}

Node& AddNode(Context& c, Group& group, const Address& address) {
  const NodeId id{c.s.next_node++};
  Node& node = group.nodes[id];
  node.id = id;
  node.address = address;
  node.created = c.now;
  node.role_reported_at = c.now;
  node.link.last_ok = c.now;
  node.link.last_reply = c.now;
  return node;
}

namespace {

// Pods that change their address leave a replica behind each time, until SENTINEL RESET.
bool ForgetLongestDown(Context& c, Group& group) {
  const Node* longest = nullptr;
  for (const auto& [id, node] : group.nodes) {
    const bool gone = id != group.primary && node.sdown && !node.link.connected && !node.promoted;
    if (gone && (longest == nullptr || node.sdown_since < longest->sdown_since)) longest = &node;
  }
  if (longest == nullptr) return false;
  c.Warn("replica " + ToString(longest->address) + " of " + group.config.name +
         " is forgotten: it has been down for longest, and there are " +
         std::to_string(kNodesPerGroupMax) + " nodes at most");
  RemoveNode(c, group, longest->id);
  return true;
}

}  // namespace

bool MakeRoomForNode(Context& c, Group& group, const Address& address) {
  if (group.mode().fixed || address.empty() || address.port == 0) return false;
  if (!IsUsableHost(c.s, address.host)) return false;
  return group.nodes.size() < kNodesPerGroupMax || ForgetLongestDown(c, group);
}

void RemoveNode(Context& c, Group& group, NodeId id) {
  if (group.nodes.erase(id) > 0) c.Do(DisconnectNode{id});
}

Node* FindNodeByAddress(const State& state, Group& group, const Address& address) {
  if (address.empty()) return nullptr;
  for (auto& [id, node] : group.nodes) {
    if (SameAddress(state, node.address, address)) return &node;
  }
  return nullptr;
}

Node* OwnNode(Group& group) {
  for (auto& [id, node] : group.nodes) {
    if (node.local) return &node;
  }
  return nullptr;
}

const Node* OwnNode(const Group& group) { return OwnNode(const_cast<Group&>(group)); }

Group* FindGroupByPrimary(State& state, const Address& address) {
  for (auto& [name, group] : state.groups) {
    const Node* primary = group.Primary();
    if (primary != nullptr && SameAddress(state, primary->address, address)) return &group;
  }
  return nullptr;
}

Group* GroupOfNode(State& state, NodeId id) {
  for (auto& [name, group] : state.groups) {
    if (group.nodes.count(id) > 0) return &group;
  }
  return nullptr;
}

Peer& AddPeer(Context& c, const std::string& run_id, const Address& address) {
  const PeerId id{c.s.next_peer++};
  Peer& peer = c.s.peers[id];
  peer.id = id;
  peer.run_id = run_id;
  peer.address = address;
  peer.created = c.now;
  peer.link.last_ok = c.now;
  peer.link.last_reply = c.now;
  return peer;
}

void LeaveGroup(Context& c, Group& group, PeerId id) {
  group.views.erase(id);
  for (const auto& [name, other] : c.s.groups) {
    if (other.views.count(id) > 0) return;
  }
  if (c.s.peers.erase(id) > 0) c.Do(DisconnectPeer{id});
}

Peer* FindPeerByRunId(State& state, std::string_view run_id) {
  for (auto& [id, peer] : state.peers) {
    if (peer.run_id == run_id) return &peer;
  }
  return nullptr;
}

const Member* FindMember(const Group& group, std::string_view name) {
  for (const Member& member : group.members) {
    if (member.config.name == name) return &member;
  }
  return nullptr;
}

Member* MemberOf(Group& group, const Peer& peer) {
  // Peers are shared: a member of one group may be heard of in another, too.
  return group.members.empty() || peer.member < 0 ? nullptr : &group.members[peer.member];
}

const Member* MemberOf(const Group& group, const Peer& peer) {
  return MemberOf(const_cast<Group&>(group), peer);
}

void SetMemberHost(Context& c, Group& group, Member& member, const std::string& ip) {
  member.resolved_at = c.now;
  const auto move = [&](Address& address, Link& link) {
    if (address.host == ip) return false;
    if (Mutated(Mutant::kAddressFrozen) && !address.host.empty()) return false;
    address.host = ip;
    link.connected = false;
    link.dialing = false;
    link.dialed_at = kLongAgo;
    return true;
  };
  if (Node* node = group.FindNode(member.node); node != nullptr && !node->local) {
    const Address old = node->address;
    if (move(node->address, node->link)) {
      c.Do(DisconnectNode{node->id});
      if (node->id == group.primary) TellSwitch(c, group, old);
    }
  }
  if (auto it = c.s.peers.find(member.peer); it != c.s.peers.end()) {
    if (move(it->second.address, it->second.link)) c.Do(DisconnectPeer{it->first});
  }
}

void SwitchPrimary(Context& c, Group& group, const NewPrimary& to) {
  const Address old_address = PrimaryAddressOrZero(c.s, group);
  const NodeId old_primary = group.primary;
  const bool moved = old_primary != to.node;
  // It had lost its role and was given it again: what was said of it before is as old.
  const bool elected_again =
      !moved && group.mode().roles_carry_epochs && to.epoch > group.config_epoch;
  if (to.informer != nullptr && moved) c.PeerEvent("+config-update-from", group, *to.informer);

  group.config_epoch = to.epoch;
  group.config_leader = to.leader;
  c.NeedPersist();
  if (!moved && !elected_again) return;

  group.primary = to.node;
  group.primary_since = c.now;
  group.primary_run_id = group.Primary()->info.run_id;
  group.no_primary_since = kNever;
  group.odown = false;
  group.attempt_at = kNever;
  group.lost_elections = group.in_vain = 0;
  for (auto& [id, view] : group.views) {
    view.says_down = false;
    view.hearing = {};
    view.asked_at = kLongAgo;
  }
  for (auto& [id, node] : group.nodes) {
    node.wrong_primary_since = kNever;
    AskInfo(c, node);  // who follows the new primary already?
  }
  Node& primary = *group.Primary();
  primary.sdown = false;
  primary.certainly_dead = false;
  primary.death_noticed = false;
  primary.refused_since = kNever;
  ForgiveLink(primary.link, c.now);
  RedialLink(c, primary);

  if (!moved) return;
  TellSwitch(c, group, old_address);
  for (auto& [id, node] : group.nodes) {
    node.role_told = Role::kUnknown;
    node.process_told = false;
    if (id != group.primary && !node.address.empty()) c.NodeEvent("+slave", group, node);
  }
  // Whoever watches replicas by events has heard of it as primary only.
  const Node* old = group.FindNode(old_primary);
  if (old != nullptr && !old->address.empty() && old->sdown && Unreachable(c, group, *old)) {
    c.NodeEvent("+sdown", group, *old);
  }
}

}  // namespace rha::sidecar::core
