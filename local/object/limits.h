// Limits of what one API object or request may be.
#pragma once

#include <cstddef>

namespace rha::local::object {

constexpr int kJsonDepthMax = 200;
constexpr size_t kYamlNodesMax = 200'000;    // aliases expanded: stops "billion laughs" documents
constexpr size_t kJsonPatchOpsMax = 10'000;  // as the Kubernetes API server

}  // namespace rha::local::object
