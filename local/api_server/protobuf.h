// Request bodies in application/vnd.kubernetes.protobuf: kubectl and Helm send some kinds only so.
//
//   body    = "k8s\0" Unknown
//   Unknown = 1: TypeMeta {1: apiVersion, 2: kind}   2: raw, the typed message
//
// Knows Secret, ConfigMap, Namespace, ServiceAccount, Event and DeleteOptions; field numbers are
// those of k8s.io/api generated.proto. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "common/base/status.h"

namespace rha::local::api_server {

// The object as JSON. kUnsupported: a kind that is not known here.
Result<nlohmann::json> DecodeProtobuf(std::string_view body);

}  // namespace rha::local::api_server
