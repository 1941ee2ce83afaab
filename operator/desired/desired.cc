#include "operator/desired/desired.h"

#include <nlohmann/json.hpp>

#include "operator/desired/names.h"

namespace rha::op::desired {
namespace {

DesiredObject Sealed(const k8s::ResourceType& type, k8s::Json object) {
  DesiredObject desired;
  desired.type = &type;
  desired.hash = Hash(k8s::DumpJson(object));
  object["metadata"]["annotations"][std::string(kAnnotationHash)] = desired.hash;
  desired.object = std::make_shared<const k8s::Json>(std::move(object));
  return desired;
}

// What the pods read at their start only: the files without the voters, which a running sentinel
// takes over, and without what only matters to a first start; and where the password comes from.
std::string ConfigHash(const api::RedisHa& redisha, Inputs inputs) {
  inputs.voters = 1;
  inputs.initialised = false;
  return Hash(k8s::DumpJson(ConfigMap(redisha, inputs).at("data")) + AuthSecretName(redisha) + "/" +
              redisha.spec.auth.secret_key);
}

}  // namespace

std::vector<DesiredObject> Desired(const api::RedisHa& redisha, const Inputs& inputs) {
  std::vector<DesiredObject> all;
  all.push_back(Sealed(k8s::kServiceAccounts, ServiceAccount(redisha)));
  all.push_back(Sealed(k8s::kRoles, Role(redisha, inputs)));
  all.push_back(Sealed(k8s::kRoleBindings, RoleBinding(redisha)));
  all.push_back(Sealed(k8s::kConfigMaps, ConfigMap(redisha, inputs)));
  all.push_back(Sealed(k8s::kServices, PodsService(redisha)));
  all.push_back(Sealed(k8s::kServices, PrimaryService(redisha)));
  all.push_back(Sealed(k8s::kServices, ReplicasService(redisha)));
  all.push_back(Sealed(k8s::kServices, SentinelService(redisha)));
  all.push_back(Sealed(PodDisruptionBudgetType(inputs), PodDisruptionBudget(redisha, inputs)));
  k8s::Json pods = StatefulSet(redisha, inputs, ConfigHash(redisha, inputs));
  all.push_back(Sealed(k8s::kNetworkPolicies, NetworkPolicy(redisha, pods)));
  const api::MetricsSpec& metrics = redisha.spec.metrics;
  if (inputs.monitoring && metrics.service_monitor.enabled) {
    all.push_back(Sealed(k8s::kServiceMonitors, ServiceMonitor(redisha)));
  }
  if (inputs.monitoring && metrics.pod_monitor.enabled) {
    all.push_back(Sealed(k8s::kPodMonitors, PodMonitor(redisha)));
  }
  if (inputs.monitoring && metrics.prometheus_rule.enabled) {
    all.push_back(Sealed(k8s::kPrometheusRules, PrometheusRule(redisha)));
  }
  all.push_back(Sealed(k8s::kStatefulSets, std::move(pods)));
  return all;
}

}  // namespace rha::op::desired
