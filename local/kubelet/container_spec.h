// What `redisha container-init` needs to start one container: arguments, environment, mounts. Pure;
// any thread.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "local/kubelet/pod_inputs.h"

namespace rha::local::kubelet {

struct SpecContext {
  const nlohmann::json& pod;
  const PodInputs& inputs;
  std::string pod_folder;
  std::map<std::string, std::string> volumes;  // folders by name
};

// kNotFound, kInvalid: CreateContainerConfigError, with the reason.
Result<nlohmann::json> MakeContainerSpec(const nlohmann::json& container,
                                         const SpecContext& context);

// "$(NAME)" with the variable's value, "$$" a dollar; unknown names stay as they are.
std::string ExpandVariables(const std::string& text,
                            const std::vector<std::pair<std::string, std::string>>& variables);

}  // namespace rha::local::kubelet
