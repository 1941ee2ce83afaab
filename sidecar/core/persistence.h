// What is made durable, and what waits for it.
#pragma once

#include "sidecar/core/context.h"
#include "sidecar/core/persisted.h"

namespace rha::sidecar::core {

PersistedState MakeSnapshot(const State& state);
// Emits the Persist of this step, if anything asked for one.
void FlushPersist(Context& c);

}  // namespace rha::sidecar::core
