// ServiceAccount, Role and RoleBinding NAME: a sentinel may read and label the pods of its own
// RedisHA, nothing else.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::desired {

k8s::Json ServiceAccount(const api::RedisHa& redisha) {
  return NewChild(k8s::kServiceAccounts, redisha, redisha.key.name);
}

k8s::Json Role(const api::RedisHa& redisha, const Inputs& inputs) {
  k8s::Json object = NewChild(k8s::kRoles, redisha, redisha.key.name);
  k8s::Json names = k8s::Json::array();
  // Pods on their way out still label themselves.
  const int pods = std::max(inputs.Pods(redisha), inputs.Voters(redisha));
  for (int i = 0; i < pods; ++i) names.push_back(PodName(redisha.key.name, i));
  object["rules"] = k8s::Json::array({{{"apiGroups", {""}},
                                       {"resources", {"pods"}},
                                       {"resourceNames", std::move(names)},
                                       {"verbs", {"get", "patch"}}}});
  return object;
}

k8s::Json RoleBinding(const api::RedisHa& redisha) {
  k8s::Json object = NewChild(k8s::kRoleBindings, redisha, redisha.key.name);
  object["roleRef"] = {
      {"apiGroup", std::string(k8s::kRoles.group)}, {"kind", "Role"}, {"name", redisha.key.name}};
  object["subjects"] = k8s::Json::array(
      {{{"kind", "ServiceAccount"}, {"name", redisha.key.name}, {"namespace", redisha.key.ns}}});
  return object;
}

}  // namespace rha::op::desired
