#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/controllers/events.h"
#include "local/controllers/pod_template.h"
#include "local/controllers/stateful_set_plan.h"
#include "local/object/json.h"
#include "local/object/selector.h"

namespace rha::local::controllers {
namespace {

using object::Int;
using object::Json;
using object::Map;
using object::Str;

constexpr const char* kRevisionLabel = "controller-revision-hash";

int64_t OrdinalOf(const Json& set, const Json& pod) {
  const std::string name = object::Name(pod), prefix = object::Name(set) + "-";
  int64_t ordinal = -1;
  if (!name.starts_with(prefix)) return -1;
  const char* end = name.data() + name.size();
  std::from_chars(name.data() + prefix.size(), end, ordinal);
  return name == StatefulPodName(set, ordinal) ? ordinal : -1;
}

object::LabelSelector SelectorOf(const Json& set) {
  return object::FromLabelSelectorObject(Map(set, {"spec", "selector"}));
}

// "demo-0" is "demo"'s if it is anybody's.
std::string SetNameOf(const std::string& pod) { return pod.substr(0, pod.rfind('-')); }

class StatefulSetController final : public Controller {
 public:
  explicit StatefulSetController(registry::Registry& registry)
      : client_(registry, "statefulset-controller"), events_(registry, "statefulset-controller") {}

  const char* Name() const override { return "statefulset"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    const auto& [id, name_space, name] = event.key;
    if (id == kStatefulSets) sink.Add({name_space, name});
    if (id != kPods && id != kClaims) return;
    const Json* owner = ControllerOf(*event.object);
    if (owner != nullptr && Str(*owner, {"kind"}) == "StatefulSet") {
      sink.Add({name_space, Str(*owner, {"name"})});
    }
    // One that nobody controls may be to adopt; one that is gone may have been waited for.
    if (owner == nullptr && id == kPods) sink.Add({name_space, SetNameOf(name)});
    if (owner == nullptr && id == kClaims && event.change == store::Change::kDeleted) {
      for (const auto& set : client_.List(kStatefulSets, name_space)) {
        sink.Add({name_space, object::Name(*set)});
      }
    }
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object set = client_.Get(kStatefulSets, work.name_space, work.name);
    if (set == nullptr || IsDeleting(*set)) return std::nullopt;
    const auto pods = client_.Claim(kPods, *set, [&](const Json& pod) {
      return OrdinalOf(*set, pod) >= 0 && SelectorOf(*set).Matches(pod);
    });
    const Revisions revisions = SyncRevisions(*set);
    const SetView view = ViewOf(*set, pods, revisions);
    const SetPlan plan = PlanStatefulSet(view);
    for (const auto& creation : plan.create) CreatePod(*set, creation, revisions);
    for (const int64_t ordinal : plan.remove) RemovePod(*set, ordinal, view);
    UpdateStatus(*set, view);
    return std::nullopt;
  }

 private:
  struct Revisions {
    std::string current, update;
    Json current_template;
  };

  Revisions SyncRevisions(const Json& set);
  SetView ViewOf(const Json& set, const std::vector<Object>& pods, const Revisions& revisions);
  void CreatePod(const Json& set, const SetPlan::Creation& creation, const Revisions& revisions);
  void RemovePod(const Json& set, int64_t ordinal, const SetView& view);
  void UpdateStatus(const Json& set, const SetView& view);
  void TrimHistory(const Json& set, const Revisions& revisions);

  Client client_;
  Recorder events_;
};

// The template of now as a ControllerRevision, and the one the pods come from.
StatefulSetController::Revisions StatefulSetController::SyncRevisions(const Json& set) {
  const Json& now = Map(set, {"spec", "template"});
  Revisions revisions;
  revisions.update = object::Name(set) + "-" + TemplateHash(now);
  const std::string name_space = object::Namespace(set);
  int64_t newest = 0;
  Object present;
  const auto matches = [&set](const Json& each) { return SelectorOf(set).Matches(each); };
  for (const auto& revision : client_.Claim(kRevisions, set, matches)) {
    newest = std::max(newest, Int(*revision, {"revision"}));
    if (object::Name(*revision) == revisions.update) present = revision;
  }
  if (present == nullptr) {
    client_.Create({{"apiVersion", "apps/v1"},
                    {"kind", "ControllerRevision"},
                    {"metadata",
                     {{"name", revisions.update},
                      {"namespace", name_space},
                      {"labels", Map(now, {"metadata", "labels"})},
                      {"ownerReferences", Json::array({OwnerReference(set)})}}},
                    {"revision", newest + 1},
                    {"data", {{"spec", {{"template", now}}}}}});
  } else if (Int(*present, {"revision"}) < newest) {  // rolled back to it
    client_.Patch(*present, {{"revision", newest + 1}});
  }
  revisions.current = Str(set, {"status", "currentRevision"}, revisions.update);
  const Object old = client_.Get(kRevisions, name_space, revisions.current);
  if (old == nullptr) revisions.current = revisions.update;
  revisions.current_template = old == nullptr ? now : Map(*old, {"data", "spec", "template"});
  TrimHistory(set, revisions);
  return revisions;
}

void StatefulSetController::TrimHistory(const Json& set, const Revisions& revisions) {
  std::vector<Object> old;
  for (const auto& each : client_.Owned(kRevisions, object::Namespace(set), object::Uid(set))) {
    const std::string name = object::Name(*each);
    if (name != revisions.current && name != revisions.update) old.push_back(each);
  }
  std::sort(old.begin(), old.end(), [](const Object& a, const Object& b) {
    return Int(*a, {"revision"}) > Int(*b, {"revision"});
  });
  const auto kept =
      static_cast<size_t>(std::max<int64_t>(0, Int(set, {"spec", "revisionHistoryLimit"}, 10)));
  for (size_t i = kept; i < old.size(); ++i) client_.Delete(*old[i]);
}

SetView StatefulSetController::ViewOf(const Json& set, const std::vector<Object>& pods,
                                      const Revisions& revisions) {
  SetView view;
  const Json& spec = Map(set, {"spec"});
  view.replicas = Int(spec, {"replicas"}, 1);
  view.start = Int(spec, {"ordinals", "start"});
  view.partition = Int(spec, {"updateStrategy", "rollingUpdate", "partition"});
  view.parallel = Str(spec, {"podManagementPolicy"}) == "Parallel";
  view.rolling = Str(spec, {"updateStrategy", "type"}) != "OnDelete";
  view.current_revision = revisions.current;
  view.update_revision = revisions.update;
  for (const auto& pod : pods) {
    const int64_t ordinal = OrdinalOf(set, *pod);
    if (ordinal < 0) continue;
    const std::string phase = Str(*pod, {"status", "phase"});
    view.pods.push_back({ordinal, Str(*pod, {"metadata", "labels", kRevisionLabel}),
                         IsPodReady(*pod), IsDeleting(*pod),
                         phase == "Failed" || phase == "Succeeded"});
  }
  return view;
}

void StatefulSetController::CreatePod(const Json& set, const SetPlan::Creation& creation,
                                      const Revisions& revisions) {
  for (const auto& claim_template : object::Items(set, {"spec", "volumeClaimTemplates"})) {
    const std::string name = ClaimName(set, claim_template, creation.ordinal);
    const Object claim = client_.Get(kClaims, object::Namespace(set), name);
    if (claim != nullptr && IsDeleting(*claim)) {  // its end leads here again
      events_.Warning(set, "FailedCreate",
                      "create Pod " + StatefulPodName(set, creation.ordinal) + " in StatefulSet " +
                          object::Name(set) + " failed error: pvc " + name + " is being deleted");
      return;
    }
    if (claim != nullptr) continue;
    if (client_.Create(MakeClaim(set, claim_template, creation.ordinal)) != nullptr) {
      events_.Normal(set, "SuccessfulCreate",
                     "create Claim " + name + " Pod " + StatefulPodName(set, creation.ordinal) +
                         " in StatefulSet " + object::Name(set) + " success");
    }
  }
  const bool old = creation.revision != revisions.update;
  const Json& pod_template = old ? revisions.current_template : Map(set, {"spec", "template"});
  const Json pod = MakeStatefulPod(set, pod_template, {creation.ordinal, creation.revision});
  if (client_.Create(pod) != nullptr) {
    events_.Normal(
        set, "SuccessfulCreate",
        "create Pod " + object::Name(pod) + " in StatefulSet " + object::Name(set) + " successful");
  }
}

void StatefulSetController::RemovePod(const Json& set, int64_t ordinal, const SetView& view) {
  const std::string name_space = object::Namespace(set);
  const Object pod = client_.Get(kPods, name_space, StatefulPodName(set, ordinal));
  if (pod == nullptr) return;
  const bool condemned = ordinal < view.start || ordinal >= view.start + view.replicas;
  const bool with_claims =
      Str(set, {"spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"}) == "Delete";
  if (condemned && with_claims) {
    Json owner = OwnerReference(*pod);
    owner["controller"] = false;
    for (const auto& claim_template : object::Items(set, {"spec", "volumeClaimTemplates"})) {
      const Object claim =
          client_.Get(kClaims, name_space, ClaimName(set, claim_template, ordinal));
      if (claim == nullptr) continue;
      client_.Patch(*claim, {{"metadata", {{"ownerReferences", Json::array({owner})}}}});
    }
  }
  if (client_.Delete(*pod)) {
    events_.Normal(set, "SuccessfulDelete",
                   "delete Pod " + object::Name(*pod) + " in StatefulSet " + object::Name(set) +
                       " successful");
  }
}

void StatefulSetController::UpdateStatus(const Json& set, const SetView& view) {
  int64_t ready = 0, current = 0, updated = 0;
  for (const auto& pod : view.pods) {
    ready += pod.ready ? 1 : 0;
    if (pod.deleting) continue;
    current += pod.revision == view.current_revision ? 1 : 0;
    updated += pod.revision == view.update_revision ? 1 : 0;
  }
  const bool rolled_out = updated == view.replicas && ready == view.replicas &&
                          static_cast<int64_t>(view.pods.size()) == view.replicas;
  const std::string revision = rolled_out ? view.update_revision : view.current_revision;
  if (rolled_out) current = updated;
  Json status{{"observedGeneration", Int(set, {"metadata", "generation"})},
              {"replicas", view.pods.size()},
              {"availableReplicas", ready},
              {"currentRevision", revision},
              {"updateRevision", view.update_revision},
              {"collisionCount", 0}};
  // Left out when zero, as Kubernetes does.
  if (ready > 0) status["readyReplicas"] = ready;
  if (current > 0) status["currentReplicas"] = current;
  if (updated > 0) status["updatedReplicas"] = updated;
  client_.SetStatus(set, std::move(status));
}

}  // namespace

ControllerPtr MakeStatefulSetController(registry::Registry& registry) {
  return std::make_unique<StatefulSetController>(registry);
}

}  // namespace rha::local::controllers
