// The fields of the kinds built in: finds what is misspelt or of another type, as the API server's
// decoder does. The table is built_in_types.json. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "local/registry/resource.h"

namespace rha::local::registry {

extern const std::string_view kBuiltInTypes;

struct TypeCheck {
  std::vector<std::string> unknown;  // paths that were removed
  std::string mismatch;              // the first value of another type, in the decoder's words
};

// Removes unknown fields. Kinds that the table lacks are left as they are.
TypeCheck CheckBuiltInTypes(const Resource& resource, nlohmann::json& object);

}  // namespace rha::local::registry
