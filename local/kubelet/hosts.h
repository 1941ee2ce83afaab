// Names of services and pods for /etc/hosts: a local cluster has no DNS server. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "local/store/store.h"

namespace rha::local::kubelet {

// The lines all pods of a namespace share. Short names are those of that namespace.
std::string HostsText(const std::vector<store::Object>& services,
                      const std::vector<store::Object>& pods, const std::string& name_space);
std::string ResolvConf(const std::string& name_space);

}  // namespace rha::local::kubelet
