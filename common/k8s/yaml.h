// YAML manifests as JSON objects, for files that people write.
//
// Scalars follow the core schema of YAML 1.2 as kubectl reads it: true/false, null, decimal
// numbers; everything else, and whatever is quoted, is a string. Duplicate keys are errors.
#pragma once

#include <string>
#include <vector>

#include "common/k8s/json.h"

namespace rha::k8s {

// All documents of a file; empty ones are skipped.
Result<std::vector<ObjectPtr>> ParseYaml(const std::string& text);

}  // namespace rha::k8s
