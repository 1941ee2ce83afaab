// The status of a RedisHA, and the events that a change of status is worth. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operator/api/redisha.h"
#include "operator/reconcile/image.h"
#include "operator/reconcile/observe.h"
#include "operator/reconcile/problem.h"

namespace rha::op::reconcile {

struct StatusInputs {
  const api::RedisHa& redisha;
  const Observed& observed;
  std::vector<Problem> problems;  // the first one is shown
  std::vector<Problem> warnings;  // for ConfigurationWarning; the first one gives the reason
  ImageChoice image;
  bool initialised = false;  // WasInitialised()
  int64_t now_us = 0;        // only for times of transition
};

// The whole status field. Equal inputs with another time give an equal status, so that nothing is
// written at rest.
k8s::Json ComputeStatus(const StatusInputs& inputs);

struct EventNote {
  bool warning = false;
  std::string reason;
  std::string message;

  bool operator==(const EventNote&) const = default;
};
// `before` may be null or empty.
std::vector<EventNote> EventsOf(const k8s::Json& before, const k8s::Json& after);

// Whether this dataset has ever had a primary: the status says so, a pod is primary, or the volumes
// come from an earlier RedisHA. From then on nobody may start it empty.
bool WasInitialised(const api::RedisHa& redisha, const Observed& observed,
                    const std::string& cluster_uid);

// The dataset that this resource has had so far, as its status says; empty: none yet.
std::string KnownDataset(const Observed& observed);

// Whether the condition of this type is "True".
bool IsTrue(const k8s::Json& status, std::string_view type);

}  // namespace rha::op::reconcile
