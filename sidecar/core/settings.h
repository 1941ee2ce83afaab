// SENTINEL SET options and the `sentinel <option> <group> <value>` lines of the configuration file:
// one list for both.
#pragma once

#include <string_view>

#include "common/base/status.h"
#include "sidecar/core/config.h"

namespace rha::sidecar::core {

// Two-word options (rename-command) have both words in `value`. The error text is a client's reply.
Status ApplySetting(GroupConfig& config, std::string_view option, std::string_view value);

// Its value must not be shown.
bool IsSecretSetting(std::string_view option);

}  // namespace rha::sidecar::core
