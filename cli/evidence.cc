#include "cli/evidence.h"

#include "cli/manifests.h"
#include "cli/pod/pods.h"
#include "cli/subjects.h"
#include "cli/view/names.h"
#include "common/k8s/time_format.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;

constexpr k8s::ResourceType kStorageClasses{"storage.k8s.io", "v1", "storageclasses",
                                            "StorageClass", false};
constexpr k8s::ResourceType kSlices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"};
constexpr k8s::ResourceType kAccessReviews{"authorization.k8s.io", "v1", "selfsubjectaccessreviews",
                                           "SelfSubjectAccessReview", false};

Listed List(k8s::Api& api, const k8s::ResourceType& type, const k8s::ListOptions& options) {
  Listed listed;
  const auto answer = api.List(type, options);
  if (!answer.ok()) {
    listed.problem = answer.status().message();
    return listed;
  }
  for (const auto& item : answer->items) listed.items.push_back(*item);
  return listed;
}

// The fields a definition knows, whatever the server has added to it.
std::string Fingerprint(const Json& definition) {
  for (const Json& version : object::Items(definition, {"spec", "versions"})) {
    if (object::Str(version, {"name"}) != "v1") continue;
    std::string names;
    for (const std::string_view part : {"spec", "status"}) {
      const Json& properties =
          object::Map(version, {"schema", "openAPIV3Schema", "properties", part, "properties"});
      for (const auto& [name, field] : properties.items()) {
        names += name + ":";
        for (const auto& [inner, unused] : object::Map(field, {"properties"}).items()) {
          names += inner + ",";
        }
      }
    }
    return names;
  }
  return "";
}

std::optional<bool> MayI(k8s::Api& api, const Json& attributes) {
  const Json review = {{"apiVersion", "authorization.k8s.io/v1"},
                       {"kind", "SelfSubjectAccessReview"},
                       {"spec", {{"resourceAttributes", attributes}}}};
  const auto answer = api.Create(kAccessReviews, review);
  if (!answer.ok()) return std::nullopt;
  return object::Bool(*answer, {"status", "allowed"});
}

std::vector<Permission> ReadPermissions(k8s::Api& api, const std::string& name_space) {
  struct Row {
    const char *verb, *group, *resource, *subresource, *wanted_by;
  };
  static constexpr Row kRows[] = {
      {"list", "ha.redisha.io", "redishas", "", "every verb"},
      {"patch", "ha.redisha.io", "redishas", "", "restart"},
      {"list", "", "pods", "", "every verb"},
      {"get", "", "pods", "log", "logs, explain-last-failover and report"},
      {"create", "", "pods", "portforward", "topology, switchover, cli, doctor and report"},
      {"get", "", "secrets", "", "switchover and cli"}};
  std::vector<Permission> permissions;
  for (const Row& row : kRows) {
    Json attributes = {{"namespace", name_space}, {"verb", row.verb}, {"resource", row.resource}};
    std::string words = std::string(row.verb) + " " + row.resource;
    if (*row.group != 0) attributes["group"] = row.group;
    if (*row.subresource != 0) {
      attributes["subresource"] = row.subresource;
      words += std::string("/") + row.subresource;
    }
    permissions.push_back({words, row.wanted_by, MayI(api, attributes)});
  }
  return permissions;
}

// When the server would have made an object: the clock it goes by.
int64_t ApiTime(k8s::Api& api, const std::string& name_space) {
  const Json probe = {
      {"apiVersion", "v1"},
      {"kind", "ConfigMap"},
      {"metadata", {{"generateName", "redisha-doctor-"}, {"namespace", name_space}}}};
  const auto made =
      api.Create(k8s::kConfigMaps, probe, {.field_manager = "redisha", .dry_run = true});
  if (!made.ok()) return -1;
  return k8s::ParseTime(object::Str(*made, {"metadata", "creationTimestamp"}));
}

}  // namespace

Evidence Gather(ClusterClient& client, std::vector<Subject> subjects,
                const std::string& name_space) {
  k8s::Api api = client.api();
  Evidence evidence;
  evidence.cli_version = RHA_VERSION;
  evidence.version = api.GetPath("/version").value_or(Json::object());
  const auto built_in = object::ParseYaml(kDefinitionManifest);
  if (built_in.ok()) evidence.definition_yaml_version = Fingerprint(*built_in);
  const auto definition =
      api.Get({&k8s::kCustomResourceDefinitions, {"", "redishas.ha.redisha.io"}});
  if (definition.ok()) {
    evidence.definition_version = Fingerprint(*definition);
  } else if (definition.status().code() == Code::kDenied) {  // it may be there: not ours to see
    evidence.definition_version = evidence.definition_yaml_version;
  }
  evidence.operators =
      List(api, k8s::kDeployments, {.label_selector = "app.kubernetes.io/name=redisha-operator"});
  evidence.permissions = ReadPermissions(api, name_space);
  evidence.storage_classes = List(api, kStorageClasses, {});
  evidence.claims = List(api, k8s::kPersistentVolumeClaims,
                         {.ns = name_space, .label_selector = std::string(kPodSelector)});
  evidence.node_leases = List(api, k8s::kLeases, {.ns = "kube-node-lease"});
  evidence.policies = List(api, k8s::kNetworkPolicies, {.ns = name_space});
  evidence.dns = List(
      api, kSlices, {.ns = "kube-system", .label_selector = "kubernetes.io/service-name=kube-dns"});
  evidence.now_us = NowUnixMicros();
  evidence.api_time_us = ApiTime(api, name_space);
  for (const Subject& subject : subjects) {
    for (auto& [pod, facts] : ReadFacts(client, subject)) {
      evidence.facts[object::Namespace(subject.redisha) + "/" + pod] = std::move(facts);
    }
  }
  evidence.subjects = std::move(subjects);
  return evidence;
}

}  // namespace rha::cli
