#include <utility>

#include "sidecar/core/handlers.h"
#include "sidecar/core/links.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

// sentinelPingReplyCallback(): an instance that loads its data or has no primary is alive.
bool Acceptable(PingResult result) {
  return result == PingResult::kPong || result == PingResult::kLoading ||
         result == PingResult::kMasterDown;
}

// Who says that a script keeps it busy is alive, for a while: a short down-after would replace it,
// and lose what it had not replicated, for a script that ends of itself.
bool NoteBusy(Context& c, const Group& group, Node& node, PingResult result) {
  if (result != PingResult::kBusy) {
    if (std::exchange(node.busy_since, kNever) != kNever) {
      c.Note(ToString(node.address) + " is no longer busy");
    }
    return false;
  }
  if (node.busy_since == kNever) {
    node.busy_since = c.now;
    c.Note(ToString(node.address) + " says that it is busy with a script");
  }
  if (Mutated(Mutant::kBusyIsDown)) return false;
  return c.now - node.busy_since < kBusyPatience - group.config.down_after ||
         Mutated(Mutant::kBusyForEver);
}

bool Acceptable(const Group& group, PingResult result) {
  const bool full = result == PingResult::kMisconf && !Mutated(Mutant::kMisconfIsDown);
  return Acceptable(result) || (full && group.mode().full_volume_is_alive);
}

}  // namespace

void OnPingReply(Context& c, const NodePingReply& event) {
  Group* group = GroupOfNode(c.s, event.node);
  if (group == nullptr) return;
  Node& node = *group->FindNode(event.node);
  const bool busy = NoteBusy(c, *group, node, event.result);
  const bool acceptable = busy || Acceptable(*group, event.result);
  MarkReply(node.link, acceptable, c.now);
  if (event.result == PingResult::kLoading) {
    if (node.loading_since == kNever) node.loading_since = c.now;
  } else if (acceptable) {
    node.loading_since = kNever;
    if (event.result == PingResult::kPong) node.rebooted = false;
    node.death_noticed = false;  // who answers is not dead, whatever a notice said
  }
  if (event.result == PingResult::kBusy && node.sdown && !node.script_kill_sent) {
    node.script_kill_sent = true;
    c.Do(SendScriptKill{node.id});
  }
  if (node.sdown) Evaluate(c, *group);
}

void OnPingReply(Context& c, const PeerPingReply& event) {
  auto it = c.s.peers.find(event.peer);
  if (it == c.s.peers.end()) return;
  MarkReply(it->second.link, Acceptable(event.result), c.now);
  it->second.last_heard = c.now;
}

}  // namespace rha::sidecar::core
