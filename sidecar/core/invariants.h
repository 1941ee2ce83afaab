// What must be true of the state after every step; a violation ends the process, in release builds
// too. In the simulator this is one of the checkers.
//
//   1. No vote and no config epoch is above the current epoch.
//   2. The known primary is one of the group's nodes; at most one node is being promoted.
//   3. This sidecar leads a failover only of an epoch it voted for itself in, or has left WaitStart
//      with it. Such an epoch is not above the current one.
//   4. O_DOWN implies S_DOWN of the primary.
//   5. Every peer a group has a view of exists; members and nodes point at one another.
//   6. A member that may not vote leads nothing.
#pragma once

#include "sidecar/core/state.h"

namespace rha::sidecar::core {

void CheckInvariants(const State& state);

}  // namespace rha::sidecar::core
