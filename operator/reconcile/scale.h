// How the number of pods and the number of voters get from what they are to what was asked for.
//
// Voters are the members in sentinel.conf; a sentinel reads them at its start. Changing both
// numbers at once is dangerous: six new, empty pods of nine are a majority and would elect one of
// themselves beside the old primary. So one step at a time, each taken only when the last has
// settled, and never with fewer pods than a majority of the voters:
//
//   growing    voters first (the pods restart one by one and learn of the newcomers), then pods
//   shrinking  pods first (their sentinels hand the primary's role over), then voters
//
// From and to a single pod there is no majority to keep. Pure; any thread.
#pragma once

#include <optional>

#include "operator/reconcile/observe.h"

namespace rha::op::reconcile {

struct ScaleStep {
  int pods = 0;
  int voters = 0;
  bool operator==(const ScaleStep&) const = default;
};

struct ScaleFacts {
  ScaleStep now;         // what the StatefulSet says
  bool settled = false;  // all its pods run with its latest template, and as well as they can
};

// Nothing while there is no StatefulSet.
std::optional<ScaleFacts> ReadScale(const Observed& observed);
ScaleStep NextStep(int wanted, const std::optional<ScaleFacts>& facts);

}  // namespace rha::op::reconcile
