// What the system adds to new objects of some kinds.
#include <nlohmann/json.hpp>
#include <set>

#include "common/base/random_id.h"
#include "local/object/json.h"
#include "local/object/times.h"
#include "local/registry/limits.h"
#include "local/registry/registry.h"

namespace rha::local::registry {

using object::Default;
using object::Find;
using object::Items;
using object::Json;
using object::Make;
using object::Str;

namespace {

constexpr const char* kTokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

Json TokenVolume(const std::string& name) {
  const Json token{{"serviceAccountToken", {{"path", "token"}, {"expirationSeconds", 3607}}}};
  const Json ca{{"configMap",
                 {{"name", "kube-root-ca.crt"},
                  {"items", Json::array({{{"key", "ca.crt"}, {"path", "ca.crt"}}})}}}};
  const Json where{
      {"downwardAPI",
       {{"items",
         Json::array(
             {{{"path", "namespace"},
               {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}}})}}}};
  return {{"name", name},
          {"projected", {{"defaultMode", 420}, {"sources", Json::array({token, ca, where})}}}};
}

// Established at once: there is nothing to wait for in one process.
Json DefinitionStatus(const Json& crd, int64_t now_unix_ms) {
  const std::string now = object::Timestamp(now_unix_ms);
  Json stored = Json::array();
  for (const auto& version : Items(crd, {"spec", "versions"})) {
    if (object::Bool(version, {"storage"})) stored.push_back(Str(version, {"name"}));
  }
  return {{"acceptedNames", object::Map(crd, {"spec", "names"})},
          {"storedVersions", stored},
          {"conditions", Json::array({{{"type", "NamesAccepted"},
                                       {"status", "True"},
                                       {"reason", "NoConflicts"},
                                       {"message", "no conflicts found"},
                                       {"lastTransitionTime", now}},
                                      {{"type", "Established"},
                                       {"status", "True"},
                                       {"reason", "InitialNamesAccepted"},
                                       {"message", "the initial names have been accepted"},
                                       {"lastTransitionTime", now}}})}};
}

bool IsPodMounted(const Json& container, std::string_view path) {
  for (const auto& mount : Items(container, {"volumeMounts"})) {
    if (Str(mount, {"mountPath"}) == path) return true;
  }
  return false;
}

}  // namespace

void Registry::AdmitPod(Json& pod) const {
  Json& spec = Make(pod, {"spec"});
  if (!spec.is_object()) return;
  Default(spec, {"serviceAccountName"}, Str(spec, {"serviceAccount"}, "default"));
  const Object account =
      store_.Get({"serviceaccounts", object::Namespace(pod), Str(spec, {"serviceAccountName"})});
  const bool account_wants =
      account == nullptr || object::Bool(*account, {"automountServiceAccountToken"}, true);
  if (!object::Bool(spec, {"automountServiceAccountToken"}, account_wants)) return;
  const std::string volume = "kube-api-access-" + RandomHex(5);
  bool used = false;
  for (const char* list : {"initContainers", "containers"}) {
    if (Find(spec, {list}) == nullptr || !spec[list].is_array()) continue;
    for (auto& container : spec[list]) {
      if (!container.is_object() || IsPodMounted(container, kTokenFolder)) continue;
      Json& mounts = Make(container, {"volumeMounts"});
      if (!mounts.is_array()) mounts = Json::array();
      mounts.push_back({{"name", volume}, {"readOnly", true}, {"mountPath", kTokenFolder}});
      used = true;
    }
  }
  if (!used) return;
  Json& volumes = Make(spec, {"volumes"});
  if (!volumes.is_array()) volumes = Json::array();
  volumes.push_back(TokenVolume(volume));
}

std::string Registry::FreeClusterIp() const {
  std::set<std::string> taken;
  for (const auto& service : store_.List("services").objects) {
    taken.insert(Str(*service, {"spec", "clusterIP"}));
  }
  // Random, so that two clusters on one machine hardly ever meet.
  for (int i = 0; i < kAddressTries; ++i) {
    const uint64_t random = RandomSeed();
    const std::string ip =
        "127.96." + std::to_string(random % 256) + "." + std::to_string(1 + random / 256 % 254);
    if (!taken.contains(ip)) return ip;
  }
  return "";
}

void Registry::Admit(const Resource& resource, Json& object) const {
  if (resource.kind == "Pod") AdmitPod(object);
  if (resource.kind == "Namespace") {
    Make(object, {"spec", "finalizers"}) = Json::array({"kubernetes"});
  }
  if (resource.kind == "CustomResourceDefinition") {
    Make(object, {"metadata", "finalizers"}) =
        Json::array({"customresourcecleanup.apiextensions.k8s.io"});
    object["status"] = DefinitionStatus(object, clock_.UnixMillis());
  }
  if (resource.kind == "PersistentVolumeClaim") {
    Default(object, {"spec", "storageClassName"}, "local");
  }
  if (resource.kind == "Service") {
    const std::string type = Str(object, {"spec", "type"}, "ClusterIP");
    std::string ip = Str(object, {"spec", "clusterIP"});
    if (ip.empty() && type != "ExternalName") ip = FreeClusterIp();
    if (!ip.empty()) {
      Make(object, {"spec", "clusterIP"}) = ip;
      Make(object, {"spec", "clusterIPs"}) = Json::array({ip});
    }
  }
}

}  // namespace rha::local::registry
