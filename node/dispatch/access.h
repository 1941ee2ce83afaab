// What is kept for connections from this machine. Thread rule: the engine's thread.
#pragma once

#include <cstdint>

#include "node/dispatch/session.h"

namespace rha::node::dispatch {

// The values of enable-debug-command and enable-protected-configs.
enum class OpenTo : uint8_t { kNobody, kLocal, kEverybody };

inline bool Admits(OpenTo who, const Session& session) {
  return who == OpenTo::kEverybody || (who == OpenTo::kLocal && session.local);
}

}  // namespace rha::node::dispatch
