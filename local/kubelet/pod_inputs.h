// What the kubelet reads besides the pod itself, to build its containers. Any thread.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "local/store/store.h"

namespace rha::local::kubelet {

struct PodInputs {
  // A ConfigMap ("configmaps") or Secret ("secrets") of the pod's namespace; null: there is none.
  std::function<store::Object(const std::string& id, const std::string& name)> lookup;
  // The pod's service-account token.
  std::function<std::string()> token;
  std::string claims_folder;  // one folder for each bound claim
  std::string binaries;
  std::string api_host, api_port;
  std::string host_ip = "127.0.0.1";
  bool isolated = true;  // containers have mounts of their own; else see path_map.h
};

}  // namespace rha::local::kubelet
