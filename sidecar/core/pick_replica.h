// Which node becomes primary, or what must happen before one may.
//
//   classic group      Redis' order: priority, then offset, then run id; Redis' filters, and a
//                      history shared with the primary (pick_classic.cc)
//   configured group   all known copies are ranked by history; priority and ordinal only break
//                      ties; then "now", "not before T", or "not before a person says so"
//                      (pick_member.cc)
#pragma once

#include <string>
#include <vector>

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

enum class PickResult : uint8_t {
  kChosen,
  kWait,  // somebody better may still appear; see `wait`
  kNone,
};
struct Pick {
  PickResult result = PickResult::kNone;
  NodeId node = kNoNode;
  Wait wait;
};

// `given_up`: members whose copies a user has declared lost (SENTINEL FAILOVER ... FORCE); while
// they are not there they count as known and empty.
Pick PickReplica(const State& state, const Group& group, LogicalTime now,
                 const std::vector<std::string>& given_up = {});
// The two halves (Mode::Choose).
Pick PickClassic(const State& state, const Group& group, LogicalTime now);
Pick PickMember(const Group& group, LogicalTime now, const std::vector<std::string>& given_up);

// More history, or the same and a better tie-break: true if `a` should be preferred to `b`.
bool MoreHistory(const History& a, const History& b);

// What is known of a node's data, from its own INFO and from the beats of the sidecar beside it.
History BestKnownHistory(const Group& group, const Node& node, LogicalTime now);

// For people: "pod-2, which led last"; and "pod-2, which led last; 27 s more at most".
std::string DescribeWait(const Group& group, const Wait& wait);
std::string DescribeWaitUntil(const Group& group, const Wait& wait, LogicalTime now);
// ... and every known copy: "pod-0 holds epoch 4 offset 120, pod-1 is empty, pod-2 is not there".
std::string DescribeCopies(const Group& group, LogicalTime now);

}  // namespace rha::sidecar::core
