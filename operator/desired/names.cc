#include "operator/desired/names.h"

#include <nlohmann/json.hpp>

namespace rha::op::desired {

std::string ManagedSelector() { return std::string(kLabelManagedBy) + "=" + std::string(kManager); }

std::string PodHost(const k8s::ObjectKey& redisha, int ordinal) {
  return PodName(redisha.name, ordinal) + "." + PodsServiceName(redisha.name) + "." + redisha.ns +
         ".svc";
}

std::string AuthSecretName(const api::RedisHa& redisha) {
  const api::AuthSpec& auth = redisha.spec.auth;
  if (!auth.enabled) return {};
  return auth.secret_name.empty() ? GeneratedSecretName(redisha.key.name) : auth.secret_name;
}

k8s::Json CommonLabels(const std::string& name) {
  return {{std::string(kLabelName), std::string(kAppName)},
          {std::string(kLabelInstance), name},
          {std::string(kLabelManagedBy), std::string(kManager)}};
}

k8s::Json SelectorLabels(const std::string& name) {
  return {{std::string(kLabelName), std::string(kAppName)},
          {std::string(kLabelInstance), name},
          {std::string(kLabelComponent), std::string(kComponentData)}};
}

std::string SelectorText(const std::string& name) {
  std::string text;
  const k8s::Json labels = SelectorLabels(name);
  for (const auto& [key, value] : labels.items()) {
    text += (text.empty() ? "" : ",") + key + "=" + value.get<std::string>();
  }
  return text;
}

k8s::Json NewChild(const k8s::ResourceType& type, const api::RedisHa& redisha,
                   const std::string& name) {
  k8s::Json object = k8s::NewObject(type, {redisha.key.ns, name});
  k8s::Json& metadata = object["metadata"];
  metadata["labels"] = CommonLabels(redisha.key.name);
  metadata["ownerReferences"] = k8s::Json::array({{{"apiVersion", api::kRedisHas.ApiVersion()},
                                                   {"kind", std::string(api::kRedisHas.kind)},
                                                   {"name", redisha.key.name},
                                                   {"uid", redisha.uid},
                                                   {"controller", true},
                                                   {"blockOwnerDeletion", true}}});
  return object;
}

}  // namespace rha::op::desired
