// The controllers that fit on a page: scheduler, claims, disruption budgets, definitions.
#include <nlohmann/json.hpp>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/controllers/events.h"
#include "local/object/json.h"
#include "local/object/selector.h"
#include "local/object/times.h"

namespace rha::local::controllers {
namespace {

using object::Int;
using object::Items;
using object::Json;
using object::Map;
using object::Str;

// There is one node, so scheduling is naming it.
class Scheduler final : public Controller {
 public:
  explicit Scheduler(registry::Registry& registry)
      : client_(registry, "default-scheduler"), events_(registry, "default-scheduler") {}
  const char* Name() const override { return "scheduler"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    if (event.key.resource == kPods && event.change == store::Change::kAdded) {
      sink.Add({event.key.name_space, event.key.name});
    }
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object pod = client_.Get(kPods, work.name_space, work.name);
    if (pod == nullptr || IsDeleting(*pod) || !Str(*pod, {"spec", "nodeName"}).empty()) {
      return std::nullopt;
    }
    const auto nodes = client_.List("nodes");
    if (nodes.empty()) return Millis(1000);
    const std::string node = object::Name(*nodes.front());
    if (client_.Patch(*pod, {{"spec", {{"nodeName", node}}}}) == nullptr) return Millis(1000);
    Json conditions = Items(*pod, {"status", "conditions"});
    conditions.push_back({{"type", "PodScheduled"},
                          {"status", "True"},
                          {"lastProbeTime", nullptr},
                          {"lastTransitionTime", object::Timestamp(client_.NowMillis())}});
    client_.Patch(*pod, {{"status", {{"conditions", conditions}}}}, "status");
    events_.Normal(*pod, "Scheduled",
                   "Successfully assigned " + work.name_space + "/" + work.name + " to " + node);
    return std::nullopt;
  }

 private:
  Client client_;
  Recorder events_;
};

// A claim is bound at once: its volume is a folder that the kubelet makes.
class ClaimController final : public Controller {
 public:
  explicit ClaimController(registry::Registry& registry)
      : client_(registry, "persistentvolume-binder") {}
  const char* Name() const override { return "claims"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    if (event.key.resource == kClaims) sink.Add({event.key.name_space, event.key.name});
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object claim = client_.Get(kClaims, work.name_space, work.name);
    if (claim == nullptr || IsDeleting(*claim)) return std::nullopt;
    if (Str(*claim, {"spec", "volumeName"}).empty()) {
      client_.Patch(*claim, {{"spec", {{"volumeName", "pvc-" + object::Uid(*claim)}}}});
    }
    client_.SetStatus(*claim, {{"phase", "Bound"},
                               {"accessModes", Items(*claim, {"spec", "accessModes"})},
                               {"capacity", Map(*claim, {"spec", "resources", "requests"})}});
    return std::nullopt;
  }

 private:
  Client client_;
};

class BudgetController final : public Controller {
 public:
  explicit BudgetController(registry::Registry& registry) : client_(registry, "disruption") {}
  const char* Name() const override { return "budgets"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    if (event.key.resource == kBudgets) sink.Add({event.key.name_space, event.key.name});
    if (event.key.resource != kPods) return;
    for (const auto& budget : client_.List(kBudgets, event.key.name_space)) {
      const auto selector = object::FromLabelSelectorObject(Map(*budget, {"spec", "selector"}));
      if (selector.Matches(*event.object)) sink.Add({event.key.name_space, object::Name(*budget)});
    }
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object budget = client_.Get(kBudgets, work.name_space, work.name);
    if (budget == nullptr) return std::nullopt;
    const auto selector = object::FromLabelSelectorObject(Map(*budget, {"spec", "selector"}));
    int64_t pods = 0, healthy = 0;
    for (const auto& pod : client_.List(kPods, work.name_space)) {
      if (!selector.Matches(*pod)) continue;
      ++pods;
      healthy += IsPodReady(*pod) && !IsDeleting(*pod) ? 1 : 0;
    }
    const int64_t expected = Expected(work.name_space, selector, pods);
    int64_t desired = expected;
    if (const Json* least = object::Find(*budget, {"spec", "minAvailable"})) {
      desired = ShareOf(least, expected, true);
    } else if (const Json* most = object::Find(*budget, {"spec", "maxUnavailable"})) {
      desired = std::max<int64_t>(0, expected - ShareOf(most, expected, true));
    }
    client_.SetStatus(*budget, {{"observedGeneration", Int(*budget, {"metadata", "generation"})},
                                {"expectedPods", expected},
                                {"currentHealthy", healthy},
                                {"desiredHealthy", desired},
                                {"disruptionsAllowed", std::max<int64_t>(0, healthy - desired)}});
    return std::nullopt;
  }

 private:
  // What the workloads of the pods ask for, so that a missing pod counts.
  int64_t Expected(const std::string& name_space, const object::LabelSelector& selector,
                   int64_t pods) {
    int64_t expected = 0;
    for (const char* id : {kStatefulSets, kReplicaSets}) {
      for (const auto& set : client_.List(id, name_space)) {
        if (selector.MatchesLabels(Map(*set, {"spec", "template", "metadata", "labels"}))) {
          expected += Int(*set, {"spec", "replicas"}, 1);
        }
      }
    }
    return std::max(expected, pods);
  }

  Client client_;
};

// A definition that is deleted takes its objects with it.
class DefinitionController final : public Controller {
 public:
  explicit DefinitionController(registry::Registry& registry)
      : client_(registry, "customresourcecleanup") {}
  const char* Name() const override { return "definitions"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    if (event.key.resource == kDefinitions) sink.Add({"", event.key.name});
    if (event.change == store::Change::kDeleted &&
        event.key.resource.find('.') != std::string::npos) {
      sink.Add({"", event.key.resource});
    }
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object definition = client_.Get(kDefinitions, "", work.name);
    if (definition == nullptr || !IsDeleting(*definition)) return std::nullopt;
    const auto objects = client_.List(work.name);
    for (const auto& object : objects) {
      if (!IsDeleting(*object)) client_.Delete(*object);
    }
    if (!client_.List(work.name).empty()) return std::nullopt;  // their deletion comes as an event
    client_.Patch(*definition, {{"metadata", {{"finalizers", nullptr}}}});
    return std::nullopt;
  }

 private:
  Client client_;
};

}  // namespace

ControllerPtr MakeScheduler(registry::Registry& registry) {
  return std::make_unique<Scheduler>(registry);
}
ControllerPtr MakeClaimController(registry::Registry& registry) {
  return std::make_unique<ClaimController>(registry);
}
ControllerPtr MakeBudgetController(registry::Registry& registry) {
  return std::make_unique<BudgetController>(registry);
}
ControllerPtr MakeDefinitionController(registry::Registry& registry) {
  return std::make_unique<DefinitionController>(registry);
}

}  // namespace rha::local::controllers
