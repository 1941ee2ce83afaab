#include "sidecar/core/mode.h"

namespace rha::sidecar::core {

const Mode& ModeOf(const GroupConfig& config) {
  return config.configured() ? ConfiguredMode() : ClassicMode();
}

const Mode& Group::mode() const { return ModeOf(config); }

}  // namespace rha::sidecar::core
