// How the number of pods and the number of voters get from what they are to what was asked for.
//
// Voters are the members in sentinel.conf; a running sentinel takes a changed list over and says so
// on its pod. One member comes or goes at a time: then any majority of the old list and any of the
// new one have a member in common, whoever has read which, pods on their way out included.
//
//   growing    a voter more, which all pods must know of, then its pod
//   shrinking  the pod with the highest ordinal, then the voter that it was
//
// No pod is replaced for any of it, so that data in memory alone survives. A pod is taken away only
// while those that stay hold the data and can elect: a ready primary among them, or, where the pod
// is itself the primary, replicas whose link to it is up; it hands over when it is told to stop.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "operator/reconcile/observe.h"

namespace rha::op::reconcile {

struct ScaleStep {
  int pods = 0;
  int voters = 0;
  bool operator==(const ScaleStep&) const = default;
};

struct ScaleFacts {
  ScaleStep now;  // what the StatefulSet says
  // What a step has to wait for, in words for people; empty: nothing.
  std::string until_settled;  // all pods are there, of the newest revision, and know the voters
  std::string until_ready;    // all of them are ready
  std::string until_spare;    // the last pod can go, whatever state it is in itself
};

struct ScalePlan {
  ScaleStep step;         // what the StatefulSet should say
  std::string waits_for;  // why it is not another; empty: it is under way, or there
};

// Nothing while there is neither a StatefulSet nor what an earlier one has left: pods, volumes.
std::optional<ScaleFacts> ReadScale(const Observed& observed);
ScalePlan NextStep(int wanted, const std::optional<ScaleFacts>& facts);

}  // namespace rha::op::reconcile
