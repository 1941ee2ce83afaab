// The environment of a container as the configuration of a data server. Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "common/base/status.h"
#include "container/variables.h"

namespace rha::container {

std::span<const Variable> NodeVariables();

// Lines of redis.conf; empty if nothing is asked for.
//   found_overrides   the file of Bitnami's mounted-etc folder, if it is there
//   found_dir         the data folder of Bitnami's images, if something is mounted there
Result<std::string> NodeConfig(Settings* settings, const std::string& found_overrides,
                               const std::string& found_dir);

}  // namespace rha::container
