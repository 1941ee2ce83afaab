// The values Kubernetes fills into objects of the kinds built in. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "local/registry/resource.h"

namespace rha::local::registry {

// Deterministic defaults, filled in at every write.
void ApplyBuiltInDefaults(const Resource& resource, nlohmann::json& object);
void DefaultPodSpec(nlohmann::json& spec);

}  // namespace rha::local::registry
