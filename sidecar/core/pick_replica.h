// Which node becomes primary.
//
//   classic group      Redis' order: priority, then offset, then run id; Redis' filters
//   configured group   history first: has data, then data epoch, then offset; priority and ordinal
//   only
//                      break ties. An empty node is never chosen while a node with data may exist.
#pragma once

#include <tuple>

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

enum class PickResult : uint8_t {
  kChosen,
  kWait,  // somebody better may still appear; until `wait_until` at the latest
  kNone,
};
struct Pick {
  PickResult result = PickResult::kNone;
  NodeId node = kNoNode;
  LogicalTime wait_until = kNever;
};

// forced: SENTINEL FAILOVER, where the primary is alive and the user accepts what there is.
Pick PickReplica(const State& state, const Group& group, LogicalTime now, bool forced);

// More history, or the same and a better tie-break: true if `a` should be preferred to `b`.
bool MoreHistory(const History& a, const History& b);

// What is known of a node's data, from its own INFO and from the beats of the sidecar beside it.
History BestKnownHistory(const State& state, const Group& group, const Node& node, LogicalTime now);

}  // namespace rha::sidecar::core
