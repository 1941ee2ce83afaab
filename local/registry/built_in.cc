#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/registry/resource.h"

namespace rha::local::registry {
namespace {

using object::Bool;
using object::Items;
using object::Json;
using object::Map;
using object::Str;

enum Traits : unsigned {
  kPlain = 0,
  kCluster = 1,     // not in a namespace
  kStatus = 2,      // status subresource
  kScale = 4,       // scale subresource
  kGeneration = 8,  // counts spec changes
  kAll = 16,        // category "all"
};

struct Row {
  const char* group;
  const char* version;
  const char* kind;
  const char* plural;
  std::vector<std::string> short_names;
  unsigned traits;
};

const std::vector<Row>& Rows() {
  static const auto* rows = new std::vector<Row>{
      {"", "v1", "ConfigMap", "configmaps", {"cm"}, kPlain},
      {"", "v1", "Endpoints", "endpoints", {"ep"}, kPlain},
      {"", "v1", "Event", "events", {"ev"}, kPlain},
      {"", "v1", "Namespace", "namespaces", {"ns"}, kCluster | kStatus},
      {"", "v1", "Node", "nodes", {"no"}, kCluster | kStatus},
      {"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", {"pvc"}, kStatus},
      {"", "v1", "Pod", "pods", {"po"}, kStatus | kAll},
      {"", "v1", "Secret", "secrets", {}, kPlain},
      {"", "v1", "ServiceAccount", "serviceaccounts", {"sa"}, kPlain},
      {"", "v1", "Service", "services", {"svc"}, kStatus | kAll},
      {"apps", "v1", "ControllerRevision", "controllerrevisions", {}, kPlain},
      {"apps",
       "v1",
       "Deployment",
       "deployments",
       {"deploy"},
       kStatus | kScale | kGeneration | kAll},
      {"apps", "v1", "ReplicaSet", "replicasets", {"rs"}, kStatus | kScale | kGeneration | kAll},
      {"apps", "v1", "StatefulSet", "statefulsets", {"sts"}, kStatus | kScale | kGeneration | kAll},
      {"events.k8s.io", "v1", "Event", "events", {"ev"}, kPlain},
      {"policy",
       "v1",
       "PodDisruptionBudget",
       "poddisruptionbudgets",
       {"pdb"},
       kStatus | kGeneration},
      {"coordination.k8s.io", "v1", "Lease", "leases", {}, kPlain},
      {"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", {}, kPlain},
      {"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", {"netpol"}, kGeneration},
      {"rbac.authorization.k8s.io",
       "v1",
       "ClusterRoleBinding",
       "clusterrolebindings",
       {},
       kCluster},
      {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", {}, kCluster},
      {"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", {}, kPlain},
      {"rbac.authorization.k8s.io", "v1", "Role", "roles", {}, kPlain},
      {"apiextensions.k8s.io",
       "v1",
       "CustomResourceDefinition",
       "customresourcedefinitions",
       {"crd", "crds"},
       kCluster | kStatus | kGeneration},
  };
  return *rows;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(tolower(c));
  return text;
}

std::vector<std::string> Strings(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

}  // namespace

std::vector<Resource> BuiltInResources() {
  std::vector<Resource> resources;
  for (const auto& row : Rows()) {
    Resource resource;
    resource.group = row.group;
    resource.version = row.version;
    resource.kind = row.kind;
    resource.list_kind = resource.kind + "List";
    resource.plural = row.plural;
    resource.singular = Lower(row.kind);
    resource.short_names = row.short_names;
    resource.namespaced = (row.traits & kCluster) == 0;
    resource.status = (row.traits & kStatus) != 0;
    resource.scale = (row.traits & kScale) != 0;
    resource.generation = (row.traits & kGeneration) != 0;
    if ((row.traits & kAll) != 0) resource.categories = {"all"};
    if (resource.kind == "Pod") resource.more_subresources = {"log", "eviction"};
    if (resource.kind == "CustomResourceDefinition") resource.categories = {"api-extensions"};
    resources.push_back(std::move(resource));
  }
  return resources;
}

std::vector<Resource> ResourcesOf(const Json& crd) {
  std::vector<Resource> resources;
  const Json& names = Map(crd, {"spec", "names"});
  std::string storage;
  for (const auto& version : Items(crd, {"spec", "versions"})) {
    if (Bool(version, {"storage"})) storage = Str(version, {"name"});
  }
  for (const auto& version : Items(crd, {"spec", "versions"})) {
    if (!Bool(version, {"served"})) continue;
    Resource resource;
    resource.custom = resource.generation = true;
    resource.group = Str(crd, {"spec", "group"});
    resource.version = Str(version, {"name"});
    resource.storage_version = storage;
    resource.kind = Str(names, {"kind"});
    resource.list_kind = Str(names, {"listKind"}, resource.kind + "List");
    resource.plural = Str(names, {"plural"});
    resource.singular = Str(names, {"singular"}, Lower(resource.kind));
    resource.short_names = Strings(Items(names, {"shortNames"}));
    resource.categories = Strings(Items(names, {"categories"}));
    resource.namespaced = Str(crd, {"spec", "scope"}) == "Namespaced";
    resource.schema = std::make_shared<const Json>(Map(version, {"schema", "openAPIV3Schema"}));
    resource.status = object::Find(version, {"subresources", "status"}) != nullptr;
    if (const Json* scale = object::Find(version, {"subresources", "scale"})) {
      resource.scale = true;
      resource.spec_replicas_path = Str(*scale, {"specReplicasPath"});
      resource.status_replicas_path = Str(*scale, {"statusReplicasPath"});
      resource.label_selector_path = Str(*scale, {"labelSelectorPath"});
    }
    for (const auto& column : Items(version, {"additionalPrinterColumns"})) {
      resource.columns.push_back({Str(column, {"name"}), Str(column, {"type"}),
                                  Str(column, {"jsonPath"}), Str(column, {"description"}),
                                  static_cast<int>(object::Int(column, {"priority"}))});
    }
    resources.push_back(std::move(resource));
  }
  return resources;
}

}  // namespace rha::local::registry
