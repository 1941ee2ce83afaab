// Who is there: groups, nodes and peers come, go and change address; a group's primary changes here
// and nowhere else.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

// Adds the group with whom it begins with (Mode::Populate) and says +monitor.
Group& AddGroup(Context& c, const GroupConfig& config, const PersistedGroup* persisted);
void RemoveGroup(Context& c, const std::string& name);
// SENTINEL RESET: forgets what was learned. A fixed group keeps its members.
void ResetGroup(Context& c, Group& group);

Node& AddNode(Context& c, Group& group, const Address& address);
// Somebody names this address: it can be a node's, and there is room for it. (Of those that are
// down the one that has been for longest is forgotten.)
bool MakeRoomForNode(Context& c, Group& group, const Address& address);
void RemoveNode(Context& c, Group& group, NodeId id);
Node* FindNodeByAddress(const State& state, Group& group, const Address& address);
Node* OwnNode(Group& group);
const Node* OwnNode(const Group& group);
// The group whose primary has this address, as stock peers name groups in vote requests.
Group* FindGroupByPrimary(State& state, const Address& address);
Group* GroupOfNode(State& state, NodeId id);

Peer& AddPeer(Context& c, const std::string& run_id, const Address& address);
// Leaves the group; removed altogether with its last group.
void LeaveGroup(Context& c, Group& group, PeerId id);
Peer* FindPeerByRunId(State& state, std::string_view run_id);
const Member* FindMember(const Group& group, std::string_view name);
// The member whose sidecar the peer is; nullptr in a classic group, which has none.
Member* MemberOf(Group& group, const Peer& peer);
const Member* MemberOf(const Group& group, const Peer& peer);

// A member was found at another IP: node and sidecar move together.
void SetMemberHost(Context& c, Group& group, Member& member, const std::string& ip);

struct NewPrimary {
  NodeId node;
  Epoch epoch = 0;
  std::string leader;              // who won the epoch; empty when a stock hello did not say
  const Peer* informer = nullptr;  // who told us; nullptr: this sidecar promoted it
};
// Adopts a primary of a higher (epoch, leader). All votes and doubts about the old one die here, so
// that the healthy new primary is not failed over on their account.
void SwitchPrimary(Context& c, Group& group, const NewPrimary& to);

}  // namespace rha::sidecar::core
