// Who still hears a primary that this sidecar does not: then it is the way there that fails, or the
// primary was busy and no longer is. Quorum or not, it is not objectively down meanwhile.
//
// A witness is another sidecar of ours which hears this one and has had an answer of the primary
// within down-after (its beats say so), or a replica whose link to the primary is up and has
// brought bytes since the primary fell silent here, the last of them within down-after. A replica
// of redis-server tells whole seconds, which is too coarse for a down-after below some 1.2 s.
//
// Not for ever (kHeardElsewhereFor), for clients may be on this side of what fails; and never
// against certain death.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

// Or a replica that is asked may still say so: its answer is waited for (kWitnessWait).
bool SomebodyHears(Context& c, const Group& group);
// `node` is a replica that hears the primary, which is mute here.
bool ReplicaHears(const Context& c, const Group& group, const Node& node);

}  // namespace rha::sidecar::core
