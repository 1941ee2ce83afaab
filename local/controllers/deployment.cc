#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/controllers/events.h"
#include "local/controllers/pod_template.h"
#include "local/object/json.h"
#include "local/object/numbers.h"
#include "local/object/times.h"

namespace rha::local::controllers {
namespace {

using object::Int;
using object::Json;
using object::Make;
using object::Map;
using object::Str;

constexpr const char* kHashLabel = "pod-template-hash";
constexpr const char* kRevision = "deployment.kubernetes.io/revision";

class DeploymentController final : public Controller {
 public:
  explicit DeploymentController(registry::Registry& registry)
      : client_(registry, "deployment-controller"), events_(registry, "deployment-controller") {}

  const char* Name() const override { return "deployment"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    if (event.key.resource == kDeployments) sink.Add({event.key.name_space, event.key.name});
    if (event.key.resource != kReplicaSets) return;
    const Json* owner = ControllerOf(*event.object);
    if (owner != nullptr) sink.Add({event.key.name_space, Str(*owner, {"name"})});
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object deployment = client_.Get(kDeployments, work.name_space, work.name);
    if (deployment == nullptr || IsDeleting(*deployment)) return std::nullopt;
    const std::string hash = TemplateHash(Map(*deployment, {"spec", "template"}));
    Object fresh;
    std::vector<Object> old;
    int64_t newest = 0;
    for (const auto& set : client_.Owned(kReplicaSets, work.name_space, object::Uid(*deployment))) {
      newest = std::max<int64_t>(
          newest, object::ParseInt(Str(*set, {"metadata", "annotations", kRevision})));
      if (Str(*set, {"metadata", "labels", kHashLabel}) == hash) {
        fresh = set;
      } else {
        old.push_back(set);
      }
    }
    if (fresh == nullptr) fresh = CreateSet(*deployment, hash, newest + 1);
    if (fresh == nullptr) return Millis(1000);
    Roll(*deployment, *fresh, old);
    UpdateStatus(*deployment, *fresh, old);
    return std::nullopt;
  }

 private:
  Object CreateSet(const Json& deployment, const std::string& hash, int64_t revision) {
    Json pod_template = Map(deployment, {"spec", "template"});
    Make(pod_template, {"metadata", "labels"})[kHashLabel] = hash;
    Json selector = Map(deployment, {"spec", "selector"});
    Make(selector, {"matchLabels"})[kHashLabel] = hash;
    const std::string name = object::Name(deployment) + "-" + hash;
    return client_.Create(
        {{"apiVersion", "apps/v1"},
         {"kind", "ReplicaSet"},
         {"metadata",
          {{"name", name},
           {"namespace", object::Namespace(deployment)},
           {"labels", Map(pod_template, {"metadata", "labels"})},
           {"annotations", {{kRevision, std::to_string(revision)}}},
           {"ownerReferences", Json::array({OwnerReference(deployment)})}}},
         {"spec", {{"replicas", 0}, {"selector", selector}, {"template", pod_template}}}});
  }

  void Scale(const Json& deployment, const Json& set, int64_t replicas) {
    const int64_t before = Int(set, {"spec", "replicas"});
    if (before == replicas) return;
    client_.Patch(set, {{"spec", {{"replicas", replicas}}}});
    events_.Normal(deployment, "ScalingReplicaSet",
                   std::string("Scaled ") + (replicas > before ? "up" : "down") + " replica set " +
                       object::Name(set) + " from " + std::to_string(before) + " to " +
                       std::to_string(replicas));
  }

  // Moves replicas from the old sets to the new one within maxSurge and maxUnavailable.
  void Roll(const Json& deployment, const Json& fresh, const std::vector<Object>& old) {
    const Json& spec = Map(deployment, {"spec"});
    const int64_t wanted = Int(spec, {"replicas"}, 1);
    int64_t old_size = 0, old_pods = 0, available = Int(fresh, {"status", "availableReplicas"});
    for (const auto& set : old) {
      old_size += Int(*set, {"spec", "replicas"});
      old_pods += Int(*set, {"status", "replicas"});
      available += Int(*set, {"status", "availableReplicas"});
    }
    if (Str(spec, {"strategy", "type"}) == "Recreate") {
      for (const auto& set : old) Scale(deployment, *set, 0);
      if (old_pods == 0) Scale(deployment, fresh, wanted);
      return;
    }
    const Json* surge_spec = object::Find(spec, {"strategy", "rollingUpdate", "maxSurge"});
    const Json* less_spec = object::Find(spec, {"strategy", "rollingUpdate", "maxUnavailable"});
    int64_t surge = ShareOf(surge_spec, wanted, true);
    const int64_t less = ShareOf(less_spec, wanted, false);
    if (surge == 0 && less == 0) surge = 1;
    const int64_t size = Int(fresh, {"spec", "replicas"});
    const int64_t room = std::max(wanted + surge - old_size, size > wanted ? wanted : size);
    Scale(deployment, fresh, std::min(wanted, room));
    int64_t spare = available - (wanted - less);
    for (const auto& set : old) {
      const int64_t replicas = Int(*set, {"spec", "replicas"});
      // Replicas that are not available are no loss.
      const int64_t broken = replicas - Int(*set, {"status", "availableReplicas"});
      const int64_t gone = std::clamp<int64_t>(std::max(spare, broken), 0, replicas);
      spare -= std::max<int64_t>(0, gone - broken);
      Scale(deployment, *set, replicas - gone);
    }
    TrimHistory(spec, old);
  }

  void TrimHistory(const Json& spec, std::vector<Object> old) {
    std::erase_if(old, [](const Object& set) {
      return Int(*set, {"spec", "replicas"}) > 0 || Int(*set, {"status", "replicas"}) > 0;
    });
    const auto kept =
        static_cast<size_t>(std::max<int64_t>(0, Int(spec, {"revisionHistoryLimit"}, 10)));
    std::sort(old.begin(), old.end(), [](const Object& a, const Object& b) {
      return store::VersionOf(*a) > store::VersionOf(*b);
    });
    for (size_t i = kept; i < old.size(); ++i) client_.Delete(*old[i]);
  }

  void UpdateStatus(const Json& deployment, const Json& fresh, const std::vector<Object>& old) {
    int64_t total = Int(fresh, {"status", "replicas"}),
            ready = Int(fresh, {"status", "readyReplicas"});
    const int64_t updated = total;
    for (const auto& set : old) {
      total += Int(*set, {"status", "replicas"});
      ready += Int(*set, {"status", "readyReplicas"});
    }
    const int64_t wanted = Int(deployment, {"spec", "replicas"}, 1);
    const bool complete = updated == wanted && total == wanted && ready == wanted;
    const std::string now = object::Timestamp(client_.NowMillis());
    Json conditions = Json::array();
    const auto add = [&](const char* type, bool good, const char* reason, const char* message) {
      const std::string status = good ? "True" : "False";
      std::string since = now;
      for (const auto& before : object::Items(deployment, {"status", "conditions"})) {
        if (Str(before, {"type"}) == type && Str(before, {"status"}) == status) {
          since = Str(before, {"lastTransitionTime"}, now);
        }
      }
      conditions.push_back({{"type", type},
                            {"status", status},
                            {"reason", reason},
                            {"message", message},
                            {"lastTransitionTime", since},
                            {"lastUpdateTime", since}});
    };
    add("Available", ready >= wanted,
        ready >= wanted ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        ready >= wanted ? "Deployment has minimum availability."
                        : "Deployment does not have minimum availability.");
    add("Progressing", true, complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        complete ? "ReplicaSet has successfully progressed." : "ReplicaSet is progressing.");
    client_.SetStatus(deployment,
                      {{"observedGeneration", Int(deployment, {"metadata", "generation"})},
                       {"replicas", total},
                       {"updatedReplicas", updated},
                       {"readyReplicas", ready},
                       {"availableReplicas", ready},
                       {"unavailableReplicas", std::max<int64_t>(0, wanted - ready)},
                       {"conditions", conditions}});
  }

  Client client_;
  Recorder events_;
};

}  // namespace

ControllerPtr MakeDeploymentController(registry::Registry& registry) {
  return std::make_unique<DeploymentController>(registry);
}

}  // namespace rha::local::controllers
