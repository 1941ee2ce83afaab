#include <algorithm>
#include <chrono>
#include <tuple>

#include "sidecar/core/mutants.h"
#include "sidecar/core/names.h"
#include "sidecar/core/pick_replica.h"

namespace rha::sidecar::core {
namespace {

// How well a replica's data is known to be the primary's. Redis asks for none of this and promotes
// a replica that was pointed at another primary, or that came back empty and never synchronised, if
// its priority is better.
enum class Kinship : uint8_t { kStranger, kNeverSynced, kInStep };

bool SharesHistory(const Info& replica, const Info& primary) {
  const auto is = [](const std::string& a, const std::string& b) { return !a.empty() && a == b; };
  return is(replica.replid, primary.replid) || is(replica.replid, primary.replid2) ||
         is(replica.replid2, primary.replid);
}

// It was to follow this primary, and another replica holds the same history: what was heard of the
// primary's own is older than that.
bool SharesWithSibling(const State& state, const Group& group, const Node& node,
                       const Node& primary) {
  if (node.info.keys == 0 || !SameAddress(state, node.info.primary, primary.address)) return false;
  const auto is = [](const std::string& a, const std::string& b) {
    return a == b && a.find_first_not_of('0') != std::string::npos;
  };
  return std::any_of(group.nodes.begin(), group.nodes.end(), [&](const auto& entry) {
    const Node& other = entry.second;
    return other.id != node.id && other.id != group.primary &&
           (SharesHistory(node.info, other.info) || is(node.info.replid2, other.info.replid2));
  });
}

Kinship KinshipOf(const State& state, const Group& group, const Node& node) {
  const Node* primary = group.Primary();
  if (Mutated(Mutant::kKinshipIgnored)) return Kinship::kInStep;
  const bool never_up = !node.info.primary_link_up && node.info.primary_link_down_seconds < 0;
  if (never_up && primary != nullptr && SharesHistory(node.info, primary->info)) {
    return Kinship::kNeverSynced;
  }
  // The primary may have begun a new history since its last INFO; who was in touch with its address
  // has taken part in it.
  if (primary == nullptr || primary->info.replid.empty()) {
    return never_up ? Kinship::kNeverSynced : Kinship::kInStep;
  }
  if (never_up) {
    return SharesWithSibling(state, group, node, *primary) ? Kinship::kNeverSynced
                                                           : Kinship::kStranger;
  }
  const bool shares = SharesHistory(node.info, primary->info) ||
                      SameAddress(state, node.info.primary, primary->address);
  return shares ? Kinship::kInStep : Kinship::kStranger;
}

// Since when replicas may have lost a primary that is down. One that calls itself a replica counts
// as down much later than it turned its own away, which was after it last said otherwise. Redis
// asks for the first time alone, and then no replica is ever near enough.
LogicalTime GoneSince(const State& state, const Group& group, const Node& primary) {
  if (primary.role_reported != Role::kReplica) return primary.sdown_since;
  const LogicalTime said = std::max(primary.role_reported_at, group.primary_since);
  return std::min(primary.sdown_since, said - state.periods.info);
}

// The primary calls itself a replica, of this node, which calls itself primary: two were elected
// within a moment, and the first, who did not know, re-pointed the second one's choice. Nobody else
// would ever come into question.
bool HasTakenOver(const State& state, const Node* primary, const Node& node) {
  return primary != nullptr && primary->role_reported == Role::kReplica &&
         node.info.role == Role::kPrimary &&
         SameAddress(state, primary->info.primary, node.address);
}

// sentinelSelectSlave(): what its replicas must fulfil.
bool Eligible(const State& state, const Group& group, const Node& node, LogicalTime now) {
  const Node* primary = group.Primary();
  const bool primary_down = primary != nullptr && primary->sdown;
  Millis down_time_max = group.config.down_after * 10;
  if (primary_down) down_time_max += now - GoneSince(state, group, *primary);
  const Millis info_validity = primary_down ? kPingPeriod * 5 : kInfoPeriod * 3;

  if (node.id == group.primary || node.sdown || !node.link.connected) return false;
  if (HasTakenOver(state, primary, node)) return true;
  if (node.info.role != Role::kReplica || node.info.priority == 0) return false;
  if (now - node.link.last_ok > kPingPeriod * 5) return false;
  if (node.info_refresh == kLongAgo || now - node.info_refresh > info_validity) return false;
  // Redis' -1, never up since its start, is no time at all.
  const bool never_up = node.info.primary_link_down_seconds < 0;
  if (never_up && !node.info.primary_link_up && Mutated(Mutant::kNeverUpIsForEver)) return false;
  const int64_t down_seconds = std::max<int64_t>(node.info.primary_link_down_seconds, 0);
  return node.info.primary_link_up || std::chrono::seconds(down_seconds) <= down_time_max;
}

}  // namespace

// Redis' order among those in step with the primary. Who was never in step since its start comes
// into question only if nobody else does, and a stranger never.
Pick PickClassic(const State& state, const Group& group, LogicalTime now) {
  const Node* best = nullptr;
  const auto key = [&](const Node& node) {
    const std::string& run_id = node.info.run_id;
    const bool synced = KinshipOf(state, group, node) == Kinship::kInStep;
    return std::tuple(!synced, node.info.priority, -node.info.Offset(), run_id.empty(), run_id);
  };
  for (const auto& [id, node] : group.nodes) {
    if (!Eligible(state, group, node, now)) continue;
    if (KinshipOf(state, group, node) == Kinship::kStranger) continue;
    if (best == nullptr || key(node) < key(*best)) best = &node;
  }
  if (best == nullptr) return {};
  return {.result = PickResult::kChosen, .node = best->id};
}

}  // namespace rha::sidecar::core
