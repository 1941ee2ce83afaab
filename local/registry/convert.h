// Objects between the version stored and the versions served. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "local/registry/resource.h"

namespace rha::local::registry {

// The folder of the store: both groups of events share one.
std::string StoreId(const Resource& resource);
bool NeedsConversion(const Resource& resource, const nlohmann::json& stored);
nlohmann::json ToStorage(const Resource& resource, nlohmann::json object);
nlohmann::json FromStorage(const Resource& resource, nlohmann::json object);

}  // namespace rha::local::registry
