#include "operator/reconcile/claims.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "operator/desired/names.h"

namespace rha::op::reconcile {
namespace {

struct Held {
  int ordinal = 0;
  std::string name;
  bool left_over = false;
  bool going = false;
};
using Holders = std::map<std::string, std::vector<Held>>;  // by dataset

// -1: no pod of this RedisHA mounts it.
int OrdinalOf(const k8s::Json& claim, const std::string& redisha) {
  const std::string name = k8s::KeyOf(claim).name;
  int ordinal = -1;
  std::from_chars(name.data() + name.rfind('-') + 1, name.data() + name.size(), ordinal);
  const bool ours =
      ordinal >= 0 && ordinal < api::kReplicasMax && name == desired::ClaimName(redisha, ordinal);
  return ours ? ordinal : -1;
}

bool IsLeftOver(const k8s::Json& claim) {
  return !k8s::AnnotationOf(claim, desired::kAnnotationLeftOver).empty();
}

bool IsBeingDeleted(const k8s::Json& claim) {
  return !k8s::StringAt(claim, "metadata.deletionTimestamp").empty();
}

// A set with persistentVolumeClaimRetentionPolicy: Delete made its claims its own, or its pods'.
// Now that there is no set they are garbage that is not collected yet.
bool GoesWithItsOwner(const k8s::Json& claim) {
  const k8s::Json* owners = k8s::Find(claim, "metadata.ownerReferences");
  if (owners == nullptr || !owners->is_array()) return false;
  return std::any_of(owners->begin(), owners->end(), [](const k8s::Json& owner) {
    const std::string kind = k8s::StringAt(owner, "kind");
    return kind == k8s::kStatefulSets.kind || kind == k8s::kPods.kind;
  });
}

Holders ReadHolders(const std::vector<k8s::ObjectPtr>& claims, const std::string& redisha) {
  Holders holders;
  for (const k8s::ObjectPtr& claim : claims) {
    const std::string uid = k8s::AnnotationOf(*claim, desired::kAnnotationClusterUid);
    const int ordinal = OrdinalOf(*claim, redisha);
    if (uid.empty() || ordinal < 0 || IsBeingDeleted(*claim)) continue;
    holders[uid].push_back(
        {ordinal, k8s::KeyOf(*claim).name, IsLeftOver(*claim), GoesWithItsOwner(*claim)});
  }
  for (auto& [uid, held] : holders) {
    std::sort(held.begin(), held.end(),
              [](const Held& a, const Held& b) { return a.ordinal < b.ordinal; });
  }
  return holders;
}

// The dataset with the most claims below `ordinal` that are not left over; empty: two have as many,
// or there is none.
std::string Most(const Holders& holders, int below, bool left_over_too) {
  std::string most;
  std::ptrdiff_t most_claims = 0;
  for (const auto& [uid, held] : holders) {
    const auto claims = std::count_if(held.begin(), held.end(), [&](const Held& claim) {
      return claim.ordinal < below && (left_over_too || !claim.left_over);
    });
    if (claims == most_claims) most.clear();
    if (claims <= most_claims) continue;
    most = uid;
    most_claims = claims;
  }
  return most;
}

bool AnyBelow(const Holders& holders, int below, bool left_over_too) {
  return std::any_of(holders.begin(), holders.end(), [&](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(), [&](const Held& claim) {
      return claim.ordinal < below && (left_over_too || !claim.left_over);
    });
  });
}

std::string Undecided(const Holders& holders) {
  std::string text = "the volume claims hold more than one dataset, and which is meant is not sure";
  for (const auto& [uid, held] : holders) {
    text += "; " + uid + ":";
    for (const Held& claim : held) text += " " + claim.name;
  }
  return text + "; delete the claims of those that are not meant";
}

}  // namespace

std::string ClusterUidOf(const Observed& observed) {
  const k8s::ObjectPtr set = observed.StatefulSet();
  const k8s::Json* claims = set ? k8s::Find(*set, "spec.volumeClaimTemplates") : nullptr;
  if (claims == nullptr || !claims->is_array() || claims->empty()) return {};
  return k8s::AnnotationOf(claims->front(), desired::kAnnotationClusterUid);
}

ClaimSurvey SurveyClaims(const std::vector<k8s::ObjectPtr>& claims, const api::RedisHa& redisha,
                         const std::string& known) {
  const Holders holders = ReadHolders(claims, redisha.key.name);
  ClaimSurvey survey;
  if (holders.empty()) return survey;
  // Old copies are better than none.
  const bool left_over_too = !AnyBelow(holders, api::kReplicasMax, false);
  survey.cluster_uid = holders.contains(known) ? known : "";
  if (survey.cluster_uid.empty()) {
    survey.cluster_uid = Most(holders, api::kReplicasMax, left_over_too);
    const bool first_say_so =
        !AnyBelow(holders, redisha.spec.replicas, left_over_too) ||
        Most(holders, redisha.spec.replicas, left_over_too) == survey.cluster_uid;
    if (survey.cluster_uid.empty() || !first_say_so) return {.undecided = Undecided(holders)};
  }
  const std::vector<Held>& copies = holders.at(survey.cluster_uid);
  const bool all_left_over =
      std::all_of(copies.begin(), copies.end(), [](const Held& claim) { return claim.left_over; });
  for (const Held& claim : copies) {
    if (claim.left_over && !all_left_over) continue;
    survey.reused.push_back(claim.name);
    survey.pods = claim.ordinal + 1;
  }
  const int pods_to_come = std::max(survey.pods, redisha.spec.replicas);
  for (const auto& [uid, held] : holders) {
    for (const Held& claim : held) {
      if (claim.ordinal >= pods_to_come) continue;
      if (uid != survey.cluster_uid) survey.foreign.push_back(claim.name);
      if (claim.going) survey.going.push_back(claim.name);
    }
  }
  return survey;
}

std::vector<ClaimMark> MisplacedMarks(const std::vector<k8s::ObjectPtr>& claims,
                                      const std::string& name, const std::string& cluster_uid,
                                      int members) {
  std::vector<ClaimMark> marks;
  for (const k8s::ObjectPtr& claim : claims) {
    const int ordinal = OrdinalOf(*claim, name);
    if (ordinal < 0 || IsBeingDeleted(*claim)) continue;
    if (k8s::AnnotationOf(*claim, desired::kAnnotationClusterUid) != cluster_uid) continue;
    const bool left_over = ordinal >= members;
    if (IsLeftOver(*claim) != left_over) marks.push_back({claim, left_over});
  }
  return marks;
}

}  // namespace rha::op::reconcile
