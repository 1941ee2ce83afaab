#include "local/controllers/stateful_set_plan.h"

#include <algorithm>

namespace rha::local::controllers {
namespace {

const SetPod* FindPod(const SetView& view, int64_t ordinal) {
  for (const auto& pod : view.pods) {
    if (pod.ordinal == ordinal) return &pod;
  }
  return nullptr;
}

bool Healthy(const SetPod* pod) { return pod != nullptr && pod->ready && !pod->deleting; }

std::string RevisionFor(const SetView& view, int64_t ordinal) {
  const bool old = view.rolling && ordinal < view.start + view.partition;
  return old ? view.current_revision : view.update_revision;
}

// Fills the wanted ordinals from the lowest. False: wait before doing anything else.
bool PlanReplicas(const SetView& view, SetPlan& plan) {
  for (int64_t ordinal = view.start; ordinal < view.start + view.replicas; ++ordinal) {
    const SetPod* pod = FindPod(view, ordinal);
    if (pod != nullptr && pod->finished && !pod->deleting) {
      plan.remove.push_back(ordinal);
      if (!view.parallel) return false;
    } else if (pod == nullptr) {
      plan.create.push_back({ordinal, RevisionFor(view, ordinal)});
      if (!view.parallel) return false;
    } else if (!view.parallel && !Healthy(pod)) {
      return false;
    }
  }
  return true;
}

// Removes what is beyond the wanted ordinals, from the highest. False: wait.
bool PlanScaleDown(const SetView& view, SetPlan& plan) {
  std::vector<const SetPod*> condemned;
  for (const auto& pod : view.pods) {
    if (pod.ordinal < view.start || pod.ordinal >= view.start + view.replicas) {
      condemned.push_back(&pod);
    }
  }
  std::sort(condemned.begin(), condemned.end(),
            [](const SetPod* a, const SetPod* b) { return a->ordinal > b->ordinal; });
  for (const SetPod* pod : condemned) {
    if (pod->deleting) {
      if (!view.parallel) return false;
      continue;
    }
    plan.remove.push_back(pod->ordinal);
    if (!view.parallel) return false;
  }
  return true;
}

// Replaces one outdated pod at a time, from the highest ordinal, and waits for it to be ready.
void PlanUpdate(const SetView& view, SetPlan& plan) {
  if (!view.rolling) return;
  for (int64_t ordinal = view.start + view.replicas - 1; ordinal >= view.start + view.partition;
       --ordinal) {
    const SetPod* pod = FindPod(view, ordinal);
    if (pod != nullptr && pod->revision != view.update_revision && !pod->deleting) {
      plan.remove.push_back(ordinal);
      return;
    }
    if (!Healthy(pod)) return;
  }
}

}  // namespace

SetPlan PlanStatefulSet(const SetView& view) {
  SetPlan plan;
  if (!PlanReplicas(view, plan)) return plan;
  if (!PlanScaleDown(view, plan)) return plan;
  if (!plan.create.empty() || !plan.remove.empty()) return plan;
  PlanUpdate(view, plan);
  return plan;
}

}  // namespace rha::local::controllers
