#include "sidecar/core/pick_replica.h"

#include "sidecar/core/mode.h"

namespace rha::sidecar::core {

Pick PickReplica(const State& state, const Group& group, LogicalTime now,
                 const std::vector<std::string>& given_up) {
  return group.mode().Choose(state, group, now, given_up);
}

}  // namespace rha::sidecar::core
