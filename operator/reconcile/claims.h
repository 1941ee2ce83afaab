// Whose dataset the volumes of a RedisHA hold.
//
// Volume claims outlive the resource, on purpose. The one of the same name that comes after it
// finds them again, and goes on as the same cluster: the claims carry its identity, from which the
// sentinels derive theirs, so that epochs and votes on the volumes stay valid and the members'
// histories comparable. The resource's own uid names the datasets that begin with it.
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
  std::string cluster_uid;           // of most claims of the first pods; empty: there are none
  std::vector<std::string> reused;   // claims that hold it
  std::vector<std::string> foreign;  // claims that hold another dataset
};

// Looks at the claims of the pods that `redisha` asks for. Others do not count: voters who remember
// nothing must not be joined by leftovers that remember more.
ClaimSurvey SurveyClaims(const std::vector<k8s::ObjectPtr>& claims, const api::RedisHa& redisha);

}  // namespace rha::op::reconcile
