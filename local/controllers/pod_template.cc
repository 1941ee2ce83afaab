#include "local/controllers/pod_template.h"

#include <nlohmann/json.hpp>

#include "local/controllers/client.h"
#include "local/object/json.h"

namespace rha::local::controllers {

using object::Json;
using object::Make;
using object::Str;

std::string TemplateHash(const Json& pod_template) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const unsigned char c : object::Dump(pod_template)) hash = (hash ^ c) * 1099511628211ULL;
  std::string text;
  for (int i = 0; i < 10; ++i, hash /= kAlphabet.size()) text += kAlphabet[hash % kAlphabet.size()];
  return text;
}

Json PodFromTemplate(const Json& owner, const Json& pod_template) {
  Json pod{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata",
            {{"namespace", object::Namespace(owner)},
             {"labels", object::Map(pod_template, {"metadata", "labels"})},
             {"annotations", object::Map(pod_template, {"metadata", "annotations"})},
             {"ownerReferences", Json::array({OwnerReference(owner)})}}},
           {"spec", object::Map(pod_template, {"spec"})}};
  return pod;
}

std::string StatefulPodName(const Json& set, int64_t ordinal) {
  return object::Name(set) + "-" + std::to_string(ordinal);
}

std::string ClaimName(const Json& set, const Json& claim_template, int64_t ordinal) {
  return object::Name(claim_template) + "-" + StatefulPodName(set, ordinal);
}

Json MakeStatefulPod(const Json& set, const Json& pod_template, const StatefulPod& which) {
  Json pod = PodFromTemplate(set, pod_template);
  const std::string name = StatefulPodName(set, which.ordinal);
  pod["metadata"]["name"] = name;
  Json& labels = pod["metadata"]["labels"];
  labels["statefulset.kubernetes.io/pod-name"] = name;
  labels["apps.kubernetes.io/pod-index"] = std::to_string(which.ordinal);
  labels["controller-revision-hash"] = which.revision;
  Json& spec = pod["spec"];
  spec["hostname"] = name;
  const std::string service = Str(set, {"spec", "serviceName"});
  if (!service.empty()) spec["subdomain"] = service;
  Json volumes = Json::array();
  for (const auto& claim : object::Items(set, {"spec", "volumeClaimTemplates"})) {
    volumes.push_back(
        {{"name", object::Name(claim)},
         {"persistentVolumeClaim", {{"claimName", ClaimName(set, claim, which.ordinal)}}}});
  }
  for (const auto& volume : object::Items(spec, {"volumes"})) {
    bool claimed = false;
    for (const auto& present : volumes) {
      claimed = claimed || Str(present, {"name"}) == Str(volume, {"name"});
    }
    if (!claimed) volumes.push_back(volume);
  }
  if (!volumes.empty()) spec["volumes"] = volumes;
  return pod;
}

Json MakeClaim(const Json& set, const Json& claim_template, int64_t ordinal) {
  Json claim = claim_template;
  claim.erase("status");
  claim["apiVersion"] = "v1";
  claim["kind"] = "PersistentVolumeClaim";
  Json& metadata = Make(claim, {"metadata"});
  metadata["name"] = ClaimName(set, claim_template, ordinal);
  metadata["namespace"] = object::Namespace(set);
  for (const auto& [key, value] : object::Map(set, {"spec", "selector", "matchLabels"}).items()) {
    Make(metadata, {"labels"})[key] = value;
  }
  if (Str(set, {"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"}) == "Delete") {
    Json owner = OwnerReference(set);
    owner["controller"] = false;
    metadata["ownerReferences"] = Json::array({owner});
  }
  return claim;
}

}  // namespace rha::local::controllers
