#include "operator/reconcile/claims.h"

#include <map>
#include <nlohmann/json.hpp>

#include "operator/desired/names.h"

namespace rha::op::reconcile {

std::string ClusterUidOf(const Observed& observed) {
  const k8s::ObjectPtr set = observed.StatefulSet();
  const k8s::Json* claims = set ? k8s::Find(*set, "spec.volumeClaimTemplates") : nullptr;
  if (claims == nullptr || !claims->is_array() || claims->empty()) return {};
  return k8s::AnnotationOf(claims->front(), desired::kAnnotationClusterUid);
}

ClaimSurvey SurveyClaims(const std::vector<k8s::ObjectPtr>& claims, const api::RedisHa& redisha) {
  std::map<std::string, std::string> uids;  // by claim
  for (const k8s::ObjectPtr& claim : claims) {
    const std::string uid = k8s::AnnotationOf(*claim, desired::kAnnotationClusterUid);
    if (!uid.empty()) uids[k8s::KeyOf(*claim).name] = uid;
  }
  std::map<std::string, std::vector<std::string>> holders;  // by dataset
  for (int i = 0; i < redisha.spec.replicas; ++i) {
    const auto found = uids.find(desired::ClaimName(redisha.key.name, i));
    if (found != uids.end()) holders[found->second].push_back(found->first);
  }
  ClaimSurvey survey;
  for (const auto& [uid, names] : holders) {
    if (names.size() > survey.reused.size()) {
      survey.cluster_uid = uid;
      survey.reused = names;
    }
  }
  for (const auto& [uid, names] : holders) {
    if (uid == survey.cluster_uid) continue;
    survey.foreign.insert(survey.foreign.end(), names.begin(), names.end());
  }
  return survey;
}

}  // namespace rha::op::reconcile
