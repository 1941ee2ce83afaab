// Pods from the templates of workloads, and names for versions of templates. Pure; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace rha::local::controllers {

// Ten characters that differ when the template does.
std::string TemplateHash(const nlohmann::json& pod_template);
// A pod without a name, owned by `owner`, with the template's labels, annotations and spec.
nlohmann::json PodFromTemplate(const nlohmann::json& owner, const nlohmann::json& pod_template);

struct StatefulPod {
  int64_t ordinal = 0;
  std::string revision;
};
std::string StatefulPodName(const nlohmann::json& set, int64_t ordinal);
std::string ClaimName(const nlohmann::json& set, const nlohmann::json& claim_template,
                      int64_t ordinal);
nlohmann::json MakeStatefulPod(const nlohmann::json& set, const nlohmann::json& pod_template,
                               const StatefulPod& which);
nlohmann::json MakeClaim(const nlohmann::json& set, const nlohmann::json& claim_template,
                         int64_t ordinal);

}  // namespace rha::local::controllers
