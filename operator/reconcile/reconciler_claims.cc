// The part of the reconciler that reads the volume claims, and marks those that are left over.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "operator/api/conditions.h"
#include "operator/desired/names.h"
#include "operator/reconcile/claims.h"
#include "operator/reconcile/reconciler.h"

namespace rha::op::reconcile {
namespace {

namespace reason = api::reason;

std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool HasClaims(const api::RedisHa& redisha) {
  return redisha.spec.storage.type == api::StorageType::kPersistentVolumeClaim;
}

Result<k8s::ObjectList> ListClaims(k8s::Api& api, const api::RedisHa& redisha) {
  return api.List(
      k8s::kPersistentVolumeClaims,
      {.ns = redisha.key.ns, .label_selector = desired::SelectorText(redisha.key.name)});
}

EventNote VolumesReused(const ClaimSurvey& survey, int wanted) {
  std::string text = JoinNames(survey.reused) + " hold the dataset " + survey.cluster_uid +
                     " of an earlier RedisHA of this name; going on with it";
  if (survey.pods != wanted) {
    text += ", at first with " + std::to_string(survey.pods) +
            (survey.pods == 1 ? " pod" : " pods") + ", then step by step with " +
            std::to_string(wanted);
  }
  return {false, "VolumesReused", std::move(text)};
}

// Why no set can be made of these claims yet.
std::optional<Problem> ProblemOfClaims(const ClaimSurvey& survey) {
  if (!survey.undecided.empty()) {
    return Problem{std::string(reason::kDatasetUndecided), survey.undecided, true};
  }
  if (survey.going.empty()) return std::nullopt;
  return Problem{std::string(reason::kVolumesGoing),
                 JoinNames(survey.going) +
                     " belong to an earlier StatefulSet and go with it; the pods begin once that "
                     "is done",
                 false};
}

}  // namespace

Result<std::optional<std::string>> Reconciler::FindDataset(const api::RedisHa& redisha,
                                                           Observed* observed, Memory* memory,
                                                           std::vector<Problem>* problems) {
  using Found = std::optional<std::string>;
  if (observed->StatefulSet()) return Found(ClusterUidOf(*observed));
  if (!HasClaims(redisha)) return Found(std::string());
  const auto claims = ListClaims(api_, redisha);
  if (!claims.ok()) return claims.status();
  const ClaimSurvey survey = SurveyClaims(claims->items, redisha, KnownDataset(*observed));
  if (auto problem = ProblemOfClaims(survey)) {
    problems->push_back(std::move(*problem));
    return Found();
  }
  if (survey.cluster_uid.empty()) return Found(redisha.uid);
  observed->claimed_pods = survey.pods;
  if (survey.cluster_uid != redisha.uid && survey.cluster_uid != memory->cluster_uid_told) {
    memory->cluster_uid_told = survey.cluster_uid;
    events_.Record(redisha, VolumesReused(survey, redisha.spec.replicas));
  }
  if (!survey.foreign.empty()) {
    events_.Record(redisha, {true, "ForeignVolume",
                             JoinNames(survey.foreign) +
                                 " hold another dataset, which their sentinels refuse; delete "
                                 "claim and pod to let them start empty"});
  }
  return Found(survey.cluster_uid);
}

Status Reconciler::MarkClaims(const api::RedisHa& redisha, const Observed& observed,
                              const std::string& cluster_uid, const ScaleStep& step,
                              Memory* memory) {
  const auto scale = ReadScale(observed);
  if (!scale || !HasClaims(redisha) || cluster_uid.empty()) return {};
  const k8s::ObjectPtr set = observed.StatefulSet();
  const int members = std::max(scale->now.pods, scale->now.voters);
  const int members_to_be = std::max(step.pods, step.voters);
  if (set && scale->until_settled.empty() && memory->members_marked != members) {
    const auto now = api_.Get({&k8s::kStatefulSets, redisha.key});
    if (!now.ok()) return now.status();
    const bool caches_lag = k8s::ResourceVersionOf(*now) != k8s::ResourceVersionOf(*set);
    if (caches_lag) return {};  // nor will the set be written
    RHA_RETURN_IF_ERROR(SetMarks(redisha, cluster_uid, members, true));
    memory->members_marked = members;
  }
  if (set && members_to_be <= members) return {};
  memory->members_marked = 0;
  return SetMarks(redisha, cluster_uid, members_to_be, false);
}

Status Reconciler::SetMarks(const api::RedisHa& redisha, const std::string& cluster_uid,
                            int members, bool left_over) {
  const auto claims = ListClaims(api_, redisha);
  if (!claims.ok()) return claims.status();
  for (const ClaimMark& mark :
       MisplacedMarks(claims->items, redisha.key.name, cluster_uid, members)) {
    if (mark.left_over != left_over) continue;
    const k8s::ObjectKey key = k8s::KeyOf(*mark.claim);
    const k8s::Json value = left_over ? k8s::Json("true") : k8s::Json(nullptr);
    const k8s::Json patch = {
        {"metadata",
         {{"uid", k8s::UidOf(*mark.claim)},
          {"annotations", {{std::string(desired::kAnnotationLeftOver), value}}}}}};
    const auto patched = api_.MergePatch({&k8s::kPersistentVolumeClaims, key}, patch);
    if (!patched.ok() && patched.status().code() != Code::kNotFound) return patched.status();
    log::Info("{}: claim {} {}", redisha.key.ToString(), key.name,
              left_over ? "is left over" : "is a member's again");
  }
  return {};
}

}  // namespace rha::op::reconcile
