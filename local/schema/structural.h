// What an API server does to a custom resource with the structural schema of its definition
// (apiextensions.k8s.io/v1 openAPIV3Schema): drop unknown fields, fill in defaults, validate.
// Messages and causes are those of Kubernetes. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "local/object/api_error.h"

namespace rha::local::schema {

// Removes what the schema does not know; returns the paths removed ("spec.relicas").
// apiVersion, kind and metadata of the root are left alone.
std::vector<std::string> Prune(const nlohmann::json& schema, nlohmann::json& object);

// Fills in `default` wherever a field is missing and its parent present. Nulls that the schema does
// not allow and that have a default are replaced.
void ApplyDefaults(const nlohmann::json& schema, nlohmann::json& value);

// Types, required fields, enums, ranges, lengths, patterns, formats, list uniqueness.
std::vector<object::Cause> Validate(const nlohmann::json& schema, const nlohmann::json& object);

// Errors in the schema itself: missing types, bad regular expressions, …
std::vector<object::Cause> CheckSchema(const nlohmann::json& schema, const std::string& path);

}  // namespace rha::local::schema
