// Limits of writes to the API.
#pragma once

namespace rha::local::registry {

constexpr int kConflictRetries = 20;    // of a patch without a resourceVersion
constexpr int kGeneratedNameTries = 8;  // of generateName
constexpr int kAddressTries = 10'000;   // to find a free ClusterIP
constexpr int kPodGraceSeconds = 30;    // where a pod says nothing

}  // namespace rha::local::registry
