// The JSONPath subset of printer columns: ".spec.x",
// ".status.conditions[?(@.type=="Ready")].status",
// "[0]", "[*]", ".metadata.labels.a\.b" and ['key']. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

namespace rha::local::object {

// Everything the path selects; nothing for a path that cannot be read.
std::vector<const nlohmann::json*> JsonPath(const nlohmann::json& object, std::string_view path);

}  // namespace rha::local::object
