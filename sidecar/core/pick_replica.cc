#include "sidecar/core/pick_replica.h"

namespace rha::sidecar::core {

Pick PickReplica(const State& state, const Group& group, LogicalTime now,
                 const std::vector<std::string>& given_up) {
  return group.configured() ? PickMember(group, now, given_up) : PickClassic(state, group, now);
}

}  // namespace rha::sidecar::core
