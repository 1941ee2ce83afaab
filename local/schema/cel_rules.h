// x-kubernetes-validations: the CEL rules of a schema, checked against an object. Pure; any thread.
//
// The evaluator knows the part of CEL that schemas use in practice (see cel.h). A rule it cannot
// read or evaluate rejects nothing: on a real Kubernetes such a rule still holds.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "local/object/api_error.h"

namespace rha::local::schema {

// `old` is null for a create; rules that mention oldSelf are then skipped.
std::vector<object::Cause> CheckRules(const nlohmann::json& schema, const nlohmann::json& object,
                                      const nlohmann::json* old);

}  // namespace rha::local::schema
