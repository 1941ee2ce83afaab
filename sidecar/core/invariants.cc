#include "sidecar/core/invariants.h"

#include "common/base/check.h"
#include "sidecar/core/mode.h"

namespace rha::sidecar::core {
namespace {

void CheckFailover(const State& state, const Group& group) {
  int promoted = 0;
  for (const auto& [id, node] : group.nodes) promoted += node.promoted ? 1 : 0;
  RHA_CHECK(promoted <= 1);
  if (!group.failover) {
    RHA_CHECK(promoted == 0);
    return;
  }
  RHA_CHECK(state.may_vote);
  RHA_CHECK(group.failover->epoch <= state.current_epoch);
  if (std::holds_alternative<WaitStart>(group.failover->stage)) {
    RHA_CHECK(group.leader_epoch >= group.failover->epoch);
    RHA_CHECK(promoted == 0);
  }
}

void CheckMembers(const State& state, const Group& group) {
  for (size_t i = 0; i < group.members.size(); ++i) {
    const Member& member = group.members[i];
    const Node* node = group.FindNode(member.node);
    RHA_CHECK(node != nullptr && node->member == static_cast<int>(i));
    RHA_CHECK(node->local == (member.peer == kNoPeer));
    if (member.peer == kNoPeer) continue;
    auto peer = state.peers.find(member.peer);
    RHA_CHECK(peer != state.peers.end() && peer->second.member == static_cast<int>(i));
  }
}

}  // namespace

void CheckInvariants(const State& state) {
  for (const auto& [name, group] : state.groups) {
    RHA_CHECK(group.leader_epoch <= state.current_epoch);
    // What a stock peer says of epochs is not held against this process.
    RHA_CHECK(group.config_epoch <= state.current_epoch || !group.mode().peers_are_ours);
    RHA_CHECK(group.primary == kNoNode || group.Primary() != nullptr);
    RHA_CHECK(group.primary != kNoNode || group.mode().fixed);
    RHA_CHECK(!group.odown || (group.Primary() != nullptr && group.Primary()->sdown));
    for (const auto& [id, view] : group.views) RHA_CHECK(state.peers.count(id) == 1);
    CheckFailover(state, group);
    CheckMembers(state, group);
  }
}

}  // namespace rha::sidecar::core
