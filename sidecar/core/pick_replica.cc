#include "sidecar/core/pick_replica.h"

#include <vector>

#include "sidecar/core/membership.h"
#include "sidecar/core/mutants.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

const PeerView* ViewOfMember(const State& state, const Group& group, const Node& node,
                             LogicalTime now) {
  if (node.member < 0) return nullptr;
  const PeerId peer = group.members[node.member].peer;
  auto it = group.views.find(peer);
  if (it == group.views.end() || !Hears(state, peer, now)) return nullptr;
  const bool fresh = it->second.beat_at != kLongAgo && now - it->second.beat_at <= kLease;
  return fresh ? &it->second : nullptr;
}

bool InfoFresh(const Node& node, LogicalTime now, Millis validity) {
  return node.info_refresh != kLongAgo && now - node.info_refresh <= validity;
}

// Can be told to become primary, and would serve at once. What an earlier process said over an
// earlier link does not count: this one may be empty.
bool Reachable(const Node& node, LogicalTime now) {
  return node.link.connected && node.info_refresh >= node.link.connected_at &&
         !node.certainly_dead && !node.sdown &&
         (!node.info.loading || Mutated(Mutant::kLoadingPromoted)) &&
         node.info.role != Role::kUnknown && InfoFresh(node, now, kInfoFresh);
}

// The state of this member's node is known right now, alive or certainly not.
bool Known(const State& state, const Group& group, const Node& node, LogicalTime now) {
  if (node.link.connected && !node.sdown && InfoFresh(node, now, kInfoFresh)) return true;
  const PeerView* view = ViewOfMember(state, group, node, now);
  return view != nullptr && view->node_alive;
}

struct Candidate {
  const Node* node;
  History history;
};

bool Better(const Candidate& a, const Candidate& b) {
  if (Mutated(Mutant::kPriorityFirst)) return a.node->member < b.node->member;
  if (MoreHistory(a.history, b.history)) return true;
  if (MoreHistory(b.history, a.history)) return false;
  return std::tuple(a.node->info.priority, a.node->member) <
         std::tuple(b.node->info.priority, b.node->member);
}

// sentinelSelectSlave(): filters, then priority, offset, run id.
Pick PickClassic(const Group& group, LogicalTime now) {
  const Node* primary = group.Primary();
  const bool primary_down = primary != nullptr && primary->sdown;
  Millis down_time_max = group.config.down_after * 10;
  if (primary_down) down_time_max += now - primary->sdown_since;
  const Millis info_validity = primary_down ? kPingPeriod * 5 : kInfoPeriod * 3;

  const Node* best = nullptr;
  const auto key = [](const Node& node) {
    const std::string& run_id = node.info.run_id;
    return std::tuple(node.info.priority, -node.info.Offset(), run_id.empty(), run_id);
  };
  for (const auto& [id, node] : group.nodes) {
    if (id == group.primary || node.sdown || !node.link.connected) continue;
    if (node.info.role != Role::kReplica || node.info.priority == 0) continue;
    if (now - node.link.last_ok > kPingPeriod * 5 || !InfoFresh(node, now, info_validity)) continue;
    const int64_t down_seconds = std::max<int64_t>(node.info.primary_link_down_seconds, 0);
    if (!node.info.primary_link_up && std::chrono::seconds(down_seconds) > down_time_max) continue;
    if (best == nullptr || key(node) < key(*best)) best = &node;
  }
  if (best == nullptr) return {};
  return {.result = PickResult::kChosen, .node = best->id};
}

// A live copy in memory is newer than what the old primary found on its disk; only when nobody
// holds one is the old primary compared like everyone else.
bool OldPrimaryMayReturn(const std::vector<Candidate>& others) {
  for (const Candidate& candidate : others) {
    if (!candidate.node->info.undecided && candidate.history.has_data) return false;
  }
  return true;
}

Pick PickMember(const State& state, const Group& group, LogicalTime now, bool forced) {
  std::vector<Candidate> candidates;
  bool everyone_known = true;
  bool history_known = false;  // some node holds data, as far as anyone can tell
  for (const auto& [id, node] : group.nodes) {
    const History history = BestKnownHistory(state, group, node, now);
    const bool known = Known(state, group, node, now);
    everyone_known = everyone_known && known;
    if (known && history.has_data) history_known = true;
    if (id == group.primary || !Reachable(node, now) || node.info.priority == 0) continue;
    candidates.push_back({&node, history});
  }
  const Node* old = group.Primary();
  if (old != nullptr && old->link.connected && old->info.undecided && !old->certainly_dead &&
      !old->info.loading && InfoFresh(*old, now, kInfoFresh) && OldPrimaryMayReturn(candidates)) {
    candidates.push_back({old, BestKnownHistory(state, group, *old, now)});
  }
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (best == nullptr || Better(candidate, *best)) best = &candidate;
  }
  if (best == nullptr) return {};
  const Pick chosen{.result = PickResult::kChosen, .node = best->node->id};
  if (everyone_known) {
    // A copy that is known but cannot be promoted yet (loading, say) is worth waiting for.
    if (best->history.has_data || !history_known) return chosen;
    return {.result = PickResult::kWait};
  }
  // Not even a user's command puts an empty node in the place of data that may still exist.
  if (forced) return best->history.has_data ? chosen : Pick{};

  LogicalTime since = group.primary == kNoNode ? group.no_primary_since : group.odown_since;
  if (since == kNever || since == kLongAgo) since = now;
  const bool grace_over = now - since >= kBootstrapGrace;
  const Pick wait{.result = PickResult::kWait, .wait_until = since + kBootstrapGrace};
  if (!best->history.has_data && !Mutated(Mutant::kEmptyPromoted)) {
    // Somebody missing may hold the data. Only a group that never had a primary may begin empty.
    const bool first_start = group.config_epoch == 0 && !history_known;
    return first_start && grace_over ? chosen : wait;
  }
  const bool stale = best->history.data_epoch < group.config_epoch;
  const bool restarted = best->node->info.undecided;
  return (stale || restarted) && !grace_over ? wait : chosen;
}

}  // namespace

bool MoreHistory(const History& a, const History& b) {
  if (Mutated(Mutant::kLengthBeforeEpoch)) {
    return std::tuple(a.has_data, a.offset) > std::tuple(b.has_data, b.offset);
  }
  return std::tuple(a.has_data, a.data_epoch, a.offset) >
         std::tuple(b.has_data, b.data_epoch, b.offset);
}

History BestKnownHistory(const State& state, const Group& group, const Node& node,
                         LogicalTime now) {
  const PeerView* view = ViewOfMember(state, group, node, now);
  if (view == nullptr || !view->node_alive) return node.history;
  if (node.info_refresh == kLongAgo) return view->node_history;
  if (!node.info.run_id.empty() && view->node_run_id != node.info.run_id) {
    return view->beat_at > node.info_refresh ? view->node_history : node.history;
  }
  // The same process seen twice: its own sidecar remembers the epoch, the later look has the
  // offset.
  History merged =
      MoreHistory(node.history, view->node_history) ? node.history : view->node_history;
  merged.data_epoch = std::max(node.history.data_epoch, view->node_history.data_epoch);
  return merged;
}

Pick PickReplica(const State& state, const Group& group, LogicalTime now, bool forced) {
  return group.configured() ? PickMember(state, group, now, forced) : PickClassic(group, now);
}

}  // namespace rha::sidecar::core
