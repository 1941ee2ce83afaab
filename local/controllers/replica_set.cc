#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/controllers/events.h"
#include "local/controllers/pod_template.h"
#include "local/object/json.h"

namespace rha::local::controllers {
namespace {

using object::Int;
using object::Json;
using object::Map;
using object::Str;

class ReplicaSetController final : public Controller {
 public:
  explicit ReplicaSetController(registry::Registry& registry)
      : client_(registry, "replicaset-controller"), events_(registry, "replicaset-controller") {}

  const char* Name() const override { return "replicaset"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    if (event.key.resource == kReplicaSets) sink.Add({event.key.name_space, event.key.name});
    if (event.key.resource != kPods) return;
    const Json* owner = ControllerOf(*event.object);
    if (owner != nullptr && Str(*owner, {"kind"}) == "ReplicaSet") {
      sink.Add({event.key.name_space, Str(*owner, {"name"})});
    }
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object set = client_.Get(kReplicaSets, work.name_space, work.name);
    if (set == nullptr || IsDeleting(*set)) return std::nullopt;
    std::vector<Object> alive;
    for (const auto& pod : client_.Owned(kPods, work.name_space, object::Uid(*set))) {
      const std::string phase = Str(*pod, {"status", "phase"});
      if (!IsDeleting(*pod) && phase != "Failed" && phase != "Succeeded") alive.push_back(pod);
    }
    const int64_t wanted = Int(*set, {"spec", "replicas"}, 1);
    const auto present = static_cast<int64_t>(alive.size());
    for (int64_t i = present; i < wanted; ++i) CreatePod(*set);
    // Pods that are not ready go first.
    std::stable_sort(alive.begin(), alive.end(), [](const Object& a, const Object& b) {
      return IsPodReady(*a) < IsPodReady(*b);
    });
    for (int64_t i = 0; i < present - wanted; ++i) {
      const Json& pod = *alive[static_cast<size_t>(i)];
      if (client_.Delete(pod)) {
        events_.Normal(*set, "SuccessfulDelete", "Deleted pod: " + object::Name(pod));
      }
    }
    const auto ready = std::count_if(alive.begin(), alive.end(),
                                     [](const Object& pod) { return IsPodReady(*pod); });
    client_.SetStatus(*set, {{"observedGeneration", Int(*set, {"metadata", "generation"})},
                             {"replicas", present},
                             {"fullyLabeledReplicas", present},
                             {"readyReplicas", ready},
                             {"availableReplicas", ready}});
    return std::nullopt;
  }

 private:
  void CreatePod(const Json& set) {
    Json pod = PodFromTemplate(set, Map(set, {"spec", "template"}));
    pod["metadata"]["generateName"] = object::Name(set) + "-";
    const Object created = client_.Create(std::move(pod));
    if (created != nullptr) {
      events_.Normal(set, "SuccessfulCreate", "Created pod: " + object::Name(*created));
    }
  }

  Client client_;
  Recorder events_;
};

}  // namespace

ControllerPtr MakeReplicaSetController(registry::Registry& registry) {
  return std::make_unique<ReplicaSetController>(registry);
}

}  // namespace rha::local::controllers
