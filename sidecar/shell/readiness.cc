#include "sidecar/shell/readiness.h"

namespace rha::sidecar::shell {
namespace {

const core::Node* OwnNode(const core::Group& group) {
  for (const auto& [id, node] : group.nodes) {
    if (node.local) return &node;
  }
  return nullptr;
}

void ExplainNode(const core::Group& group, const core::Node& own, std::vector<std::string>* why) {
  if (!own.link.connected) {
    why->push_back(own.certainly_dead ? "the process of the own node is not there"
                                      : "the own node is not connected");
    return;
  }
  if (own.sdown) why->push_back("the own node does not answer");
  if (own.info.loading) why->push_back("the own node loads its data");
  if (own.info.undecided) why->push_back("no role has been assigned to the own node yet");
  const bool should_be_primary = group.primary == own.id;
  if (own.role_reported == core::Role::kPrimary && !should_be_primary && !own.info.undecided) {
    why->push_back("the own node calls itself primary, but another one was agreed on");
  }
  if (own.role_reported == core::Role::kReplica && should_be_primary) {
    why->push_back("the own node is the agreed primary, but is still a replica");
  }
  if (own.role_reported == core::Role::kReplica && !own.info.primary_link_up) {
    why->push_back("the own node's link to the primary is down");
  }
}

}  // namespace

http::Health Readiness(const View& view) {
  http::Health health;
  const core::State& state = view.machine.state();
  if (view.machine.OwnNodeReady(view.now)) {
    health.summary = "no own node";
    for (const auto& [name, group] : state.groups) {
      const core::Node* own = OwnNode(group);
      if (own) health.summary = group.primary == own->id ? "primary" : "replica in sync";
    }
    return health;
  }
  for (const auto& [name, group] : state.groups) {
    const core::Node* own = OwnNode(group);
    if (!own) continue;
    if (!group.Primary()) health.failing.push_back("no primary is known yet");
    if (!view.machine.HasMajority(group, view.now)) {
      health.failing.push_back("no majority of the members is heard");
    }
    ExplainNode(group, *own, &health.failing);
  }
  if (health.failing.empty()) health.failing.push_back("the own node is not ready");
  return health;
}

}  // namespace rha::sidecar::shell
