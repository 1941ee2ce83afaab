// What is there for one RedisHA, read once from the caches before anything is decided.
//
// Values only; any thread.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "common/k8s/json.h"
#include "common/k8s/object_ref.h"

namespace rha::op::reconcile {

// One pod, as far as the status needs it.
struct PodView {
  std::string name;
  std::string role;  // "primary", "replica" or "" while it has none
  std::string node;
  int voters = 0;            // that its sentinel goes by; 0: it has not said
  std::string waits_for;     // what its sentinel waits for before anybody is made primary
  std::string cannot_start;  // why it comes no further without help; empty: it does
  bool ready = false;
  bool sentinel_ready = false;
  bool deleting = false;

  bool operator==(const PodView&) const = default;
};
PodView ViewPod(const k8s::Json& pod);
// Keeps of a pod what ViewPod and the caches read, a small part of it.
k8s::Json SlimPod(const k8s::Json& pod);

struct ChildKey {
  std::string kind;
  std::string name;
  auto operator<=>(const ChildKey&) const = default;
};

enum class SecretState { kNotNeeded, kPresent, kMissing, kKeyMissing, kUnknown };

// The Prometheus Operator's API (monitoring.h).
enum class MonitoringApi {
  kMissing,
  kReading,  // it is there, but what we have made of its kinds is not read yet
  kServed,
};

struct Observed {
  k8s::ObjectPtr redisha;  // null: it is gone
  std::map<ChildKey, k8s::ObjectPtr> children;
  std::vector<PodView> pods;  // by name
  // While there is no StatefulSet: how many pods it takes to look at every copy on a volume.
  int claimed_pods = 0;
  MonitoringApi monitoring = MonitoringApi::kMissing;
  std::string monitoring_error;  // why it is not read; empty: it only takes its time

  k8s::ObjectPtr StatefulSet() const;
};

}  // namespace rha::op::reconcile
