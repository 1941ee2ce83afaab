// The objects a fresh cluster begins with: namespaces, the node, the kubernetes service.
#pragma once

#include <string>

#include "common/base/status.h"
#include "local/registry/registry.h"

namespace rha::local::daemon {

constexpr const char* kNodeName = "local";
constexpr const char* kKubernetesIp = "127.96.0.1";

// Makes what is missing; brings the node and the kubernetes service's port up to date.
Status MakeSystemObjects(registry::Registry& registry, uint16_t api_port, bool isolated);

}  // namespace rha::local::daemon
