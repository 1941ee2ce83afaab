// Corrects nodes that are in a role nobody gave them: an old primary that came back, a replica of a
// wrong primary, a node that is still undecided. And keeps the own pod's role label true.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

void HealNodes(Context& c, Group& group);
void UpdateLabel(Context& c, Group& group);

}  // namespace rha::sidecar::core
