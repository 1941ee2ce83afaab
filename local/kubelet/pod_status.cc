#include "local/kubelet/pod_status.h"

#include <algorithm>

#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::kubelet {
namespace {

using object::Find;
using object::Json;
using object::Str;

bool Succeeded(const ContainerView& container) {
  const Json* ended = Find(container.state, {"terminated"});
  return ended != nullptr && object::Int(*ended, {"exitCode"}, 1) == 0;
}

std::string Phase(const Json& pod, const std::vector<ContainerView>& containers) {
  const std::string policy = Str(pod, {"spec", "restartPolicy"}, "Always");
  bool any_started = false, all_ended = true, any_failed = false;
  for (const auto& container : containers) {
    const bool ended = Find(container.state, {"terminated"}) != nullptr;
    if (container.init) {
      if (ended && !Succeeded(container) && policy == "Never") return "Failed";
      if (!Succeeded(container)) return "Pending";
      continue;
    }
    const bool waiting = Find(container.state, {"waiting"}) != nullptr;
    any_started =
        any_started || !waiting || container.restarts > 0 || !container.last_state.empty();
    const bool failed = ended && !Succeeded(container);
    all_ended = all_ended && ended && !(failed && policy == "OnFailure");
    any_failed = any_failed || failed;
  }
  if (policy != "Always" && all_ended) return any_failed ? "Failed" : "Succeeded";
  return any_started ? "Running" : "Pending";
}

Json StatusEntry(const ContainerView& container) {
  Json entry{{"name", container.name},
             {"image", container.image},
             {"imageID", ""},
             {"ready", container.ready},
             {"started", container.started},
             {"restartCount", container.restarts},
             {"state", container.state},
             {"lastState", container.last_state.is_null() ? Json::object() : container.last_state}};
  if (container.pid > 0) entry["containerID"] = "process://" + std::to_string(container.pid);
  return entry;
}

class Conditions {
 public:
  Conditions(const Json& before, int64_t now_unix_ms)
      : before_(object::Items(before, {"conditions"})), now_(object::Timestamp(now_unix_ms)) {
    for (const auto& condition : before_) {
      const std::string type = Str(condition, {"type"});
      const bool ours = type == "Initialized" || type == "Ready" || type == "ContainersReady" ||
                        type == "PodReadyToStartContainers";
      if (!ours) list_.push_back(condition);
    }
  }

  void Set(const char* type, bool good, const std::string& reason, const std::string& message) {
    Json condition{{"type", type},
                   {"status", good ? "True" : "False"},
                   {"lastProbeTime", nullptr},
                   {"lastTransitionTime", now_}};
    for (const auto& old : before_) {
      if (Str(old, {"type"}) == type && Str(old, {"status"}) == (good ? "True" : "False")) {
        condition["lastTransitionTime"] = Str(old, {"lastTransitionTime"}, now_);
      }
    }
    if (!good) {
      condition["reason"] = reason;
      condition["message"] = message;
    }
    list_.push_back(std::move(condition));
  }

  bool Holds(const std::string& type) const {
    return std::any_of(list_.begin(), list_.end(), [&](const Json& each) {
      return Str(each, {"type"}) == type && Str(each, {"status"}) == "True";
    });
  }
  Json Take() { return std::move(list_); }

 private:
  const Json& before_;
  std::string now_;
  Json list_ = Json::array();
};

}  // namespace

Json MakePodStatus(const Json& pod, const Json& before,
                   const std::vector<ContainerView>& containers, int64_t now_unix_ms) {
  Json status = before.is_object() ? before : Json::object();
  Json entries = Json::array(), init_entries = Json::array();
  std::string unready;
  bool initialized = true;
  for (const auto& container : containers) {
    (container.init ? init_entries : entries).push_back(StatusEntry(container));
    if (container.init) initialized = initialized && Succeeded(container);
    if (!container.init && !container.ready)
      unready += (unready.empty() ? "" : " ") + container.name;
  }
  const std::string phase = Phase(pod, containers);
  const bool over = phase == "Succeeded" || phase == "Failed";
  const bool ready = unready.empty() && initialized && !over;
  Conditions conditions(before, now_unix_ms);
  const std::string why = "containers with unready status: [" + unready + "]";
  const char* reason = phase == "Succeeded" ? "PodCompleted" : "ContainersNotReady";
  conditions.Set("PodReadyToStartContainers", true, "", "");
  conditions.Set("Initialized", initialized, "ContainersNotInitialized",
                 "containers with incomplete status");
  conditions.Set("ContainersReady", ready, reason, why);
  bool gates = true;
  for (const auto& gate : object::Items(pod, {"spec", "readinessGates"})) {
    gates = gates && conditions.Holds(Str(gate, {"conditionType"}));
  }
  conditions.Set("Ready", ready && gates, ready ? "ReadinessGatesNotReady" : reason,
                 ready ? "a readiness gate is not true" : why);
  status["conditions"] = conditions.Take();
  status["containerStatuses"] = entries;
  if (!init_entries.empty()) status["initContainerStatuses"] = init_entries;
  status["phase"] = phase;
  return status;
}

}  // namespace rha::local::kubelet
