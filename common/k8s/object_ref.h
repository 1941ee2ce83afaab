// Names of things in the API: the type of a resource, and the key of one object of it.
//
// A ResourceType is a constant that lives as long as the program, so it is passed by reference and
// kept by pointer. Values only; any thread.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace rha::k8s {

struct ResourceType {
  std::string_view group;  // empty for the core group
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced = true;

  // "v1" or "apps/v1", as objects carry it.
  std::string ApiVersion() const {
    return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
  }
};

struct ObjectKey {
  std::string ns;  // empty for cluster-scoped objects
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
  std::string ToString() const { return ns.empty() ? name : ns + "/" + name; }
};

struct ObjectRef {
  const ResourceType* type = nullptr;
  ObjectKey key;

  // "services default/demo", for logs and error texts.
  std::string ToString() const { return std::string(type->plural) + " " + key.ToString(); }
};

inline constexpr ResourceType kConfigMaps{"", "v1", "configmaps", "ConfigMap"};
inline constexpr ResourceType kEvents{"", "v1", "events", "Event"};
inline constexpr ResourceType kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline constexpr ResourceType kPersistentVolumeClaims{"", "v1", "persistentvolumeclaims",
                                                      "PersistentVolumeClaim"};
inline constexpr ResourceType kPods{"", "v1", "pods", "Pod"};
inline constexpr ResourceType kSecrets{"", "v1", "secrets", "Secret"};
inline constexpr ResourceType kServiceAccounts{"", "v1", "serviceaccounts", "ServiceAccount"};
inline constexpr ResourceType kServices{"", "v1", "services", "Service"};
inline constexpr ResourceType kStatefulSets{"apps", "v1", "statefulsets", "StatefulSet"};
inline constexpr ResourceType kDeployments{"apps", "v1", "deployments", "Deployment"};
inline constexpr ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
inline constexpr ResourceType kNetworkPolicies{"networking.k8s.io", "v1", "networkpolicies",
                                               "NetworkPolicy"};
inline constexpr ResourceType kPodDisruptionBudgets{"policy", "v1", "poddisruptionbudgets",
                                                    "PodDisruptionBudget"};
inline constexpr ResourceType kRoles{"rbac.authorization.k8s.io", "v1", "roles", "Role"};
inline constexpr ResourceType kRoleBindings{"rbac.authorization.k8s.io", "v1", "rolebindings",
                                            "RoleBinding"};
// Of the Prometheus Operator; a cluster need not have them.
inline constexpr std::string_view kMonitoringGroup = "monitoring.coreos.com";
inline constexpr ResourceType kServiceMonitors{kMonitoringGroup, "v1", "servicemonitors",
                                               "ServiceMonitor"};
inline constexpr ResourceType kPodMonitors{kMonitoringGroup, "v1", "podmonitors", "PodMonitor"};
inline constexpr ResourceType kPrometheusRules{kMonitoringGroup, "v1", "prometheusrules",
                                               "PrometheusRule"};
inline constexpr ResourceType kCustomResourceDefinitions{
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false};

}  // namespace rha::k8s
