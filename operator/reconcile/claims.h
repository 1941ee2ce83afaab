// Whose dataset the volumes of a RedisHA hold, and how many of them hold a copy that counts.
//
// Volume claims outlive the resource, on purpose. The one of the same name that comes after it
// finds them again, and goes on as the same cluster: the claims carry its identity, from which the
// sentinels derive theirs, so that epochs and votes on the volumes stay valid and the members'
// histories comparable. The resource's own uid names the datasets that begin with it.
//
// Whatever number of pods is asked for, a dataset is begun with all the pods that it had, because
// the newest copy may lie on any of their volumes; from there the number changes as ever (scale.h).
// What a pod leaves when it is scaled away is no copy of that kind: the others have gone on without
// its vote. Its claim is marked, so that it is not taken for one later.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "common/k8s/json.h"
#include "operator/api/redisha.h"
#include "operator/reconcile/observe.h"

namespace rha::op::reconcile {

// Identity as the StatefulSet has it. Empty: it has none of its own (there is no set, no claims, or
// the set was made before claims carried one); then the resource's uid holds.
std::string ClusterUidOf(const Observed& observed);

struct ClaimSurvey {
  std::string cluster_uid;           // empty: there is no dataset, or `undecided`
  std::vector<std::string> reused;   // claims with a copy that counts, in the order of their pods
  std::vector<std::string> foreign;  // claims of the pods to come that hold another
  std::vector<std::string> going;    // claims of the pods to come that will go by themselves
  int pods = 0;                      // that it takes to mount all of `reused`
  std::string undecided;             // why a person has to say which dataset it is
};

// Which dataset a StatefulSet is to begin with. `known`: the one that this resource has had before;
// empty: it has had none. Claims that are being deleted do not count, no pod will mount them.
ClaimSurvey SurveyClaims(const std::vector<k8s::ObjectPtr>& claims, const api::RedisHa& redisha,
                         const std::string& known);

// A claim whose mark is not what it should be while the dataset has `members` members.
struct ClaimMark {
  k8s::ObjectPtr claim;
  bool left_over = false;  // to be marked; false: to be unmarked
};
std::vector<ClaimMark> MisplacedMarks(const std::vector<k8s::ObjectPtr>& claims,
                                      const std::string& name, const std::string& cluster_uid,
                                      int members);

}  // namespace rha::op::reconcile
