#include "sidecar/shell/render.h"

#include <algorithm>

#include "common/base/clock.h"
#include "sidecar/core/limits.h"
#include "sidecar/core/mode.h"

namespace rha::sidecar::shell {
namespace {

using core::LogicalTime;

std::string Number(int64_t value) { return std::to_string(value); }

// Milliseconds since `then`; 0 for what never was.
std::string Since(const View& view, LogicalTime then) {
  if (then == core::kLongAgo || then == core::kNever) return "0";
  return Number((view.now - then).count());
}

// The fields that every kind of instance begins with.
struct Common {
  std::string name;
  core::Address address;
  std::string run_id, flags;
  const core::Link* link;
  LogicalTime created;
  size_t pending = 0, refcount = 1;
  std::optional<std::string> failover_state;
  bool sdown = false, odown = false;
  LogicalTime sdown_since, odown_since;
  Millis down_after;
};

Fields CommonFields(const View& view, const Common& c) {
  const core::Link& link = *c.link;
  Fields fields = {
      {"name", c.name},
      {"ip", c.address.host},
      {"port", Number(c.address.port)},
      {"runid", c.run_id},
      {"flags", c.flags},
      {"link-pending-commands", Number(static_cast<int64_t>(c.pending))},
      {"link-refcount", Number(static_cast<int64_t>(c.refcount))},
  };
  if (c.failover_state) fields.emplace_back("failover-state", *c.failover_state);
  fields.emplace_back("last-ping-sent", Since(view, link.unanswered_since));
  fields.emplace_back("last-ok-ping-reply", Since(view, std::max(link.last_ok, c.created)));
  fields.emplace_back("last-ping-reply", Since(view, std::max(link.last_reply, c.created)));
  if (c.sdown) fields.emplace_back("s-down-time", Since(view, c.sdown_since));
  if (c.odown) fields.emplace_back("o-down-time", Since(view, c.odown_since));
  fields.emplace_back("down-after-milliseconds", Number(c.down_after.count()));
  return fields;
}

Common OfNode(const View& view, const core::Group& group, const core::Node& node, size_t pending) {
  const core::Address address = view.machine.Shown(node.address);
  return {.name = core::ToString(address),
          .address = address,
          .run_id = node.info.run_id,
          .flags = view.machine.NodeFlags(group, node),
          .link = &node.link,
          .created = node.created,
          .pending = pending,
          .failover_state = std::nullopt,
          .sdown = node.sdown,
          .sdown_since = node.sdown_since,
          .odown_since = group.odown_since,
          .down_after = group.config.down_after};
}

void AppendRole(const View& view, const core::Node& node, core::Role assumed, Fields* fields) {
  const core::Role role = node.role_told == core::Role::kUnknown ? assumed : node.role_told;
  fields->emplace_back("info-refresh", Since(view, node.info_refresh));
  fields->emplace_back("role-reported", role == core::Role::kPrimary ? "master" : "slave");
  fields->emplace_back("role-reported-time",
                       Since(view, std::max(node.role_reported_at, node.created)));
}

// Not of Redis: what is wrong with the one at that address, and that he is busy.
void AppendTrouble(const core::Link& link, const std::string& stranger, Fields* fields) {
  if (!stranger.empty()) fields->emplace_back("redisha-stranger", stranger);
  if (!link.error.empty()) fields->emplace_back("redisha-link-error", link.error);
}

void AppendTrouble(const View& view, const core::Node& node, Fields* fields) {
  AppendTrouble(node.link, node.stranger, fields);
  if (node.busy_since == core::kNever) return;
  fields->emplace_back("redisha-busy-time", Since(view, node.busy_since));
}

}  // namespace

Fields PrimaryFields(const View& view, const core::Group& group, size_t pending) {
  const core::Node& node = *group.Primary();
  Common common = OfNode(view, group, node, pending);
  common.name = group.config.name;
  common.odown = group.odown;
  common.failover_state = view.machine.FailoverState(group);
  Fields fields = CommonFields(view, common);
  AppendRole(view, node, core::Role::kPrimary, &fields);
  const auto replicas = view.machine.Replicas(group).size();
  const auto peers = view.machine.Peers(group).size();
  fields.emplace_back("config-epoch", Number(static_cast<int64_t>(group.config_epoch)));
  fields.emplace_back("num-slaves", Number(static_cast<int64_t>(replicas)));
  fields.emplace_back("num-other-sentinels", Number(static_cast<int64_t>(peers)));
  fields.emplace_back("quorum", Number(group.config.quorum));
  fields.emplace_back("failover-timeout", Number(group.config.failover_timeout.count()));
  fields.emplace_back("parallel-syncs", Number(group.config.parallel_syncs));
  if (!group.config.notification_script.empty()) {
    fields.emplace_back("notification-script", group.config.notification_script);
  }
  if (!group.config.client_reconfig_script.empty()) {
    fields.emplace_back("client-reconfig-script", group.config.client_reconfig_script);
  }
  if (group.mode().waits_for_copies) {
    fields.emplace_back("redisha-cold-start-wait", Number(group.config.cold_start_wait.count()));
    fields.emplace_back("redisha-durability", group.config.majority_first() ? "quorum" : "async");
    fields.emplace_back("redisha-waits-for", view.machine.WaitsForUntil(group, view.now));
  }
  AppendTrouble(view, node, &fields);
  return fields;
}

Fields ReplicaFields(const View& view, const core::Group& group, const core::Node& node,
                     size_t pending) {
  Fields fields = CommonFields(view, OfNode(view, group, node, pending));
  AppendRole(view, node, core::Role::kReplica, &fields);
  const core::Info& info = node.info;
  const int64_t down_ms = std::max<int64_t>(info.primary_link_down_seconds, 0) * 1000;
  fields.emplace_back("master-link-down-time", Number(down_ms));
  fields.emplace_back("master-link-status", info.primary_link_up ? "ok" : "err");
  fields.emplace_back("master-host",
                      info.primary.empty() ? "?" : view.machine.Shown(info.primary).host);
  fields.emplace_back("master-port", Number(info.primary.port));
  fields.emplace_back("slave-priority", Number(info.priority));
  fields.emplace_back("slave-repl-offset", Number(info.replica_offset));
  fields.emplace_back("replica-announced", info.announced ? "1" : "0");
  AppendTrouble(view, node, &fields);
  return fields;
}

Fields PeerFields(const View& view, const core::Group& group, const core::Peer& peer,
                  size_t pending) {
  const auto& groups = view.machine.state().groups;
  const auto sharing = std::count_if(groups.begin(), groups.end(),
                                     [&](const auto& g) { return g.second.views.count(peer.id); });
  Fields fields =
      CommonFields(view, {.name = peer.run_id,
                          .address = view.machine.Shown(peer.address),
                          .run_id = peer.run_id,
                          .flags = view.machine.PeerFlags(group, peer),
                          .link = &peer.link,
                          .created = peer.created,
                          .pending = pending,
                          .refcount = static_cast<size_t>(std::max<int64_t>(sharing, 1)),
                          .failover_state = std::nullopt,
                          .sdown = peer.sdown,
                          .sdown_since = peer.sdown_since,
                          .odown_since = core::kLongAgo,
                          .down_after = group.config.down_after});
  const auto said = group.views.find(peer.id);
  const bool voted = said != group.views.end() && !said->second.leader.empty();
  fields.emplace_back("last-hello-message",
                      Since(view, std::max(peer.last_hello_received, peer.created)));
  fields.emplace_back("voted-leader", voted ? said->second.leader : "?");
  fields.emplace_back("voted-leader-epoch",
                      voted ? Number(static_cast<int64_t>(said->second.leader_epoch)) : "0");
  AppendTrouble(peer.link, peer.stranger, &fields);
  return fields;
}

const char* GroupStatus(const core::Group& group) {
  if (group.odown) return "odown";
  const core::Node* primary = group.Primary();
  return primary && primary->sdown ? "sdown" : "ok";
}

std::string SentinelInfo(const View& view, size_t running_scripts, size_t scripts) {
  const core::State& state = view.machine.state();
  const int64_t tilt_seconds = state.tilt ? (view.now - state.tilt_since).count() / 1000 : -1;
  const int failures = (state.crash_after_election ? 1 : 0) + (state.crash_after_promotion ? 2 : 0);
  std::string lines;
  int count = 0;
  for (const auto& [name, group] : state.groups) {
    const std::string waits_for = view.machine.WaitsForUntil(group, view.now);
    if (!waits_for.empty()) lines += "redisha_waits:" + name + " for " + waits_for + "\r\n";
    const auto address = view.machine.PrimaryAddress(name, view.now);
    if (!address) continue;
    lines += "master" + Number(count++) + ":name=" + name + ",status=" + GroupStatus(group) +
             ",address=" + core::ToString(*address) +
             ",slaves=" + std::to_string(view.machine.Replicas(group).size()) +
             ",sentinels=" + std::to_string(view.machine.Peers(group).size() + 1) + "\r\n";
  }
  return "# Sentinel\r\nsentinel_masters:" + Number(count) +
         "\r\nsentinel_tilt:" + (state.tilt ? "1" : "0") +
         "\r\nsentinel_tilt_since_seconds:" + Number(tilt_seconds) +
         "\r\nsentinel_running_scripts:" + std::to_string(running_scripts) +
         "\r\nsentinel_scripts_queue_length:" + std::to_string(scripts) +
         "\r\nsentinel_simulate_failure_flags:" + Number(failures) + "\r\n" + lines;
}

}  // namespace rha::sidecar::shell
