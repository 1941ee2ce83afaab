// The volumes of a pod as folders of this machine. One pod's worker owns its folders.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/base/status.h"
#include "local/kubelet/path_map.h"
#include "local/kubelet/pod_inputs.h"

namespace rha::local::kubelet {

// Files of a volume made from objects, by path inside it.
using Payload = std::map<std::string, std::string>;

// Pure. kNotFound: the ConfigMap, Secret or key is missing and not optional.
Result<Payload> PayloadOf(const nlohmann::json& pod, const nlohmann::json& volume,
                          const PodInputs& inputs, const PathMap& paths);
// Puts the files there in one step (a link is switched), if they differ from what is there.
Status WritePayload(const std::string& folder, const Payload& payload);

// Makes or refreshes every volume; their folders by name. kUnavailable: a claim is not bound yet.
Result<std::map<std::string, std::string>> PrepareVolumes(const nlohmann::json& pod,
                                                          const std::string& pod_folder,
                                                          const PodInputs& inputs);

// The pod's access to the API with its account's token, for containers that cannot have the token
// where programs look for it.
std::string AccountKubeconfig(const nlohmann::json& pod,
                              const std::map<std::string, std::string>& volumes,
                              const PodInputs& inputs);

// The value of a Downward API field, such as metadata.labels['app'].
std::string FieldValue(const nlohmann::json& pod, const std::string& path, const PodInputs& inputs);

}  // namespace rha::local::kubelet
