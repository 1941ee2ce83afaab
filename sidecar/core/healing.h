// Corrects nodes that are in a role nobody gave them: an old primary that came back, a replica of a
// wrong primary, a node that is still undecided. And keeps the own pod's role label true.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

// What is wrong with a node.
enum class Fault : uint8_t {
  kNone,
  kUndecided,      // it has no role
  kStranded,       // ... and obeys an order of an attempt that came to nothing
  kClaimsPrimary,  // it is none
  kWrongPrimary,   // it follows somebody else
};

void HealNodes(Context& c, Group& group);
void UpdateLabel(Context& c, Group& group);

}  // namespace rha::sidecar::core
