#include "sidecar/core/down.h"
#include "sidecar/core/election.h"
#include "sidecar/core/extension.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/links.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

std::string Described(const Group& group, const Node& node) {
  const std::string where = ToString(node.address);
  if (node.member < 0) return "node " + where;
  return "node " + group.members[node.member].config.name + " at " + where;
}

// Where a link was open a connection is refused, or no longer; the replicas are asked each time.
void NoteRefusal(Context& c, Group& group, Node& node, DownReason reason) {
  if (reason == DownReason::kClosed) return;  // it is dialled again
  const bool refused = reason == DownReason::kRefused && node.link.connected_at != kLongAgo;
  if (!refused) node.refused_since = kNever;
  if (refused && node.refused_since == kNever) node.refused_since = c.now;
  node.refused_again = refused && c.now - node.refused_since >= kRefusedAgain;
  if (!refused || node.id != group.primary || !RefusalIsOpen(c, group)) return;
  for (auto& [id, other] : group.nodes) AskInfo(c, other);
}

// The process beside us is gone. Everyone else is told before anything is decided.
void NoticeOwnDeath(Context& c, Group& group, Node& node) {
  if (node.certainly_dead) return;
  node.certainly_dead = true;
  const auto notice = EncodeDeath({c.s.my_id, group.config.name, node.info.run_id});
  for (const auto& [id, view] : group.views) {
    const Peer& peer = c.s.peers.at(id);
    if (peer.link.connected && !peer.extension_refused) c.Do(SendExtension{id, notice});
  }
  c.Note("the process of " + ToString(node.address) + " has ended");
}

}  // namespace

void JudgeDeath(Context& c, Group& group, Node& node) {
  if (!node.death_noticed || node.link.connected) return;
  node.death_noticed = false;
  node.certainly_dead = true;
  // The sidecar beside it said so: that is one voice for "down", this member's own is another.
  auto view =
      node.member < 0 ? group.views.end() : group.views.find(group.members[node.member].peer);
  if (view != group.views.end() && node.id == group.primary) {
    view->second.says_down = true;
    view->second.says_down_at = c.now;
  }
  c.Note("death of " + ToString(node.address) + " in group " + group.config.name +
         " confirmed by its closed link");
}

void OnNodeLink(Context& c, const NodeLinkUp& event) {
  Group* group = GroupOfNode(c.s, event.node);
  if (group == nullptr) return;
  Node& node = *group->FindNode(event.node);
  MarkUp(node.link, c.now);
  node.refused_since = kNever;
  node.refused_again = false;
  NoteStranger(c, &node.stranger, Described(*group, node), "");
  node.info_sent = kLongAgo;
  PingNode(c, node);  // first: INFO may be too long to be read
  AskInfo(c, node);
  if (node.id != group->primary) NewCandidate(c, *group);
  Evaluate(c, *group);
}

void OnNodeLink(Context& c, const NodeLinkDown& event) {
  Group* group = GroupOfNode(c.s, event.node);
  if (group == nullptr) return;
  Node& node = *group->FindNode(event.node);
  const bool was_connected = node.link.connected;
  MarkDown(node.link, c.now);
  node.busy_since = kNever;
  node.info_pending = false;
  NoteLinkDown(c, node.link, &node.stranger, Described(*group, node), event.reason, event.why);
  // A closed link may be CLIENT KILL as well as a death; dialling again tells which, at once.
  if (was_connected && event.reason == DownReason::kClosed) DialNode(c, *group, node);
  // Nobody listens on the local socket: the process does not run. A stopped or stuck one would
  // still accept.
  if (node.local && event.reason == DownReason::kRefused) NoticeOwnDeath(c, *group, node);
  NoteRefusal(c, *group, node, event.reason);
  JudgeDeath(c, *group, node);
  JudgeRefusal(c, *group);
  Evaluate(c, *group);
}

}  // namespace rha::sidecar::core
