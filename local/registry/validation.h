// What is refused before an object is stored: names, what a kind requires, what may not change.
// For kinds built in these are the checks that people run into, not all of Kubernetes'. Pure; any
// thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "local/registry/resource.h"

namespace rha::local::registry {

std::vector<object::Cause> ValidateMetadata(const Resource& resource, const nlohmann::json& object);
std::vector<object::Cause> ValidateBuiltIn(const Resource& resource, const nlohmann::json& object);
// Fields that must stay as they are.
std::vector<object::Cause> ValidateBuiltInUpdate(const Resource& resource,
                                                 const nlohmann::json& before,
                                                 const nlohmann::json& after);

}  // namespace rha::local::registry
