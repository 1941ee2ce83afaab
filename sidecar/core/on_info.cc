#include <tuple>
#include <utility>

#include "sidecar/core/copies.h"
#include "sidecar/core/down.h"
#include "sidecar/core/election.h"
#include "sidecar/core/failover.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/handover.h"
#include "sidecar/core/lineage.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

void NoteIdentity(Context& c, Group& group, Node& node, const Info& info) {
  if (info.run_id.empty()) return;
  const bool told = std::exchange(node.process_told, true);
  if (info.run_id == node.info.run_id) {
    node.began_as_primary = node.began_as_primary && info.role == Role::kPrimary;
    return;
  }
  node.process_since = c.now;
  node.began_as_primary = info.role == Role::kPrimary;
  if (node.info.run_id.empty()) return;
  node.rebooted = true;
  if (told) c.NodeEvent("+reboot", group, node);
}

void NoteRole(Context& c, Group& group, Node& node, const Info& info) {
  if (info.role == Role::kUnknown) return;
  if (std::exchange(node.role_reported, info.role) != info.role) node.role_reported_at = c.now;
  const Role expected = node.id == group.primary ? Role::kPrimary : Role::kReplica;
  const Role told = std::exchange(node.role_told, info.role);
  if (info.role == (told == Role::kUnknown ? expected : told)) return;
  c.NodeEvent(
      info.role == expected ? "+role-change" : "-role-change", group, node,
      std::string("new reported role is ") + (info.role == Role::kPrimary ? "master" : "slave"));
}

// The primary says who its replicas are, to a group that takes in whom it hears of.
void DiscoverReplicas(Context& c, Group& group, const Node& primary) {
  if (primary.id != group.primary || primary.info.role != Role::kPrimary) return;
  for (const InfoReplica& replica : primary.info.replicas) {
    if (FindNodeByAddress(c.s, group, replica.address) != nullptr) continue;
    if (!MakeRoomForNode(c, group, replica.address)) continue;
    Node& node = AddNode(c, group, replica.address);
    c.NodeEvent("+slave", group, node);
    c.NeedPersist();
    DialNode(c, group, node);
  }
}

// The node obeys an election this sidecar has not heard of, perhaps because the winner died before
// it could tell: the promotion it had ordered stands, and everyone will hear of it. Orders reach a
// node from members only.
void LearnFromRole(Context& c, Group& group, const Node& node) {
  const Info& info = node.info;
  const auto order = OrderOf(group, info);
  if (!order || !SeeEpoch(c, group, *order)) return;
  if (info.role != Role::kPrimary || info.undecided) return;
  if (!group.mode().IsVoter(c.s, group, info.role_leader) || !ObeysLater(group, info)) return;
  SwitchPrimary(c, group, {.node = node.id, .epoch = *order, .leader = info.role_leader});
  SpreadNews(c, group);
}

bool AwaitedPromotion(const Group& group, const Node& node, LogicalTime now) {
  if (!group.failover || node.info.role != Role::kPrimary || node.info.undecided) return false;
  if (HandedOverTo(group, node)) return true;
  const auto* stage = std::get_if<WaitPromotion>(&group.failover->stage);
  // One that led before, and was never demoted, calls itself primary without the order, too.
  const auto order = OrderOf(group, node.info);
  const bool obeyed = !order || *order >= group.failover->epoch;
  return obeyed && stage != nullptr && stage->node == node.id && now <= PauseEnds(group);
}

}  // namespace

void OnInfo(Context& c, const InfoReply& event) {
  Group* group = GroupOfNode(c.s, event.node);
  if (group == nullptr) return;
  Node& node = *group->FindNode(event.node);
  Info info = ParseInfo(event.text);
  NoteIdentity(c, *group, node, info);
  NoteRole(c, *group, node, info);
  const bool news = node.local && (info.run_id != node.info.run_id || info.role != node.info.role ||
                                   info.undecided != node.info.undecided ||
                                   node.info_refresh == kLongAgo || node.certainly_dead);
  // What is waited for because of an order begins anew with a new one.
  if (std::tie(info.role_epoch, info.role_leader) !=
      std::tie(node.info.role_epoch, node.info.role_leader)) {
    node.wrong_primary_since = node.promised_since = kNever;
  }
  if (info.sentinel && !node.info.sentinel) {
    c.Warn(ToString(node.address) + " is a Sentinel, not a server to be watched");
  }
  node.info = std::move(info);
  node.info_pending = false;
  node.info_refresh = c.now;
  node.certainly_dead = false;
  node.death_noticed = false;
  NoteHandoverInfo(node);
  if (AwaitedPromotion(*group, node, c.now)) OnPromoted(c, *group, node);
  LearnFromRole(c, *group, node);
  NotePromise(*group, node, c.now);
  UpdateHistory(c, *group, node);
  DiscoverReplicas(c, *group, node);
  UpdateReconfStage(c, *group, node);
  JudgeRefusal(c, *group);
  // Everyone should see at once that the own node died, came back or changed its role.
  if (news) {
    for (const auto& [id, view] : group->views) SendBeat(c, *group, id);
  }
  Evaluate(c, *group);
}

void OnReconfigureDone(Context& c, const ReconfigureDone& event) {
  Group* group = GroupOfNode(c.s, event.node);
  if (group == nullptr) return;
  Node& node = *group->FindNode(event.node);
  if (event.error.starts_with("STALEEPOCH")) {
    Yield(c, *group, ToString(node.address) + " obeys a later leader");
    return AskInfo(c, node);
  }
  // An order that gives up a hand-over first is refused whole by who knows no FAILOVER or may not.
  const bool hands_over = event.error.find("while failing over") != std::string::npos;
  const bool gives_up = std::exchange(node.refuses_orders, hands_over);
  if (!event.ok && (hands_over || gives_up) && node.reconf == ReconfStage::kSent) {
    node.reconf = ReconfStage::kNone;
  }
  node.busy_for_orders = event.error.starts_with("BUSY");
  if (node.busy_for_orders && node.reconf == ReconfStage::kSent) node.reconf = ReconfStage::kNone;
  if (!event.ok) {
    c.Warn("reconfiguring " + ToString(node.address) + " failed: " + event.error);
    return;
  }
  OnObeyed(c, node);
  AskInfo(c, node);
}

}  // namespace rha::sidecar::core
