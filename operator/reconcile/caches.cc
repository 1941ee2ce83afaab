#include "operator/reconcile/caches.h"

#include <nlohmann/json.hpp>

#include "operator/api/redisha.h"
#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::reconcile {
namespace {

const std::string kInstance(desired::kLabelInstance);

}  // namespace

Caches::Caches(k8s::Api& api, const CachesOptions& options, OnChange on_change) {
  const auto changed_owner = [on_change](const k8s::ObjectPtr& before,
                                         const k8s::ObjectPtr& after) {
    // Both, should somebody have moved the label from one to another.
    for (const k8s::ObjectPtr& object : {before, after}) {
      if (!object) continue;
      const std::string name = k8s::LabelOf(*object, desired::kLabelInstance);
      if (!name.empty()) on_change({k8s::KeyOf(*object).ns, name});
    }
  };
  redishas_ = std::make_unique<k8s::Informer>(
      api, k8s::InformerOptions{.type = &api::kRedisHas, .ns = options.ns},
      [on_change](const k8s::ObjectPtr& before, const k8s::ObjectPtr& after) {
        on_change(k8s::KeyOf(after ? *after : *before));
      });
  k8s::InformerOptions child{.ns = options.ns,
                             .label_selector = desired::ManagedSelector(),
                             .indexed_labels = {kInstance}};
  child.type = &k8s::kPods;
  child.transform = SlimPod;
  pods_ = std::make_unique<k8s::Informer>(
      api, child, [changed_owner](const k8s::ObjectPtr& before, const k8s::ObjectPtr& after) {
        if (before && after && ViewPod(*before) == ViewPod(*after)) return;
        changed_owner(before, after);
      });
  child.transform = nullptr;
  for (const k8s::ResourceType* type :
       {&k8s::kStatefulSets, &k8s::kServices, &k8s::kConfigMaps, &k8s::kServiceAccounts,
        &k8s::kRoles, &k8s::kRoleBindings, &k8s::kNetworkPolicies,
        &desired::PodDisruptionBudgetType({.server_minor = options.server_minor})}) {
    child.type = type;
    children_.push_back(std::make_unique<k8s::Informer>(api, child, changed_owner));
  }
  all_ = {redishas_.get(), pods_.get()};
  for (const auto& informer : children_) all_.push_back(informer.get());
}

void Caches::Start() {
  for (k8s::Informer* informer : all_) informer->Start();
}

void Caches::Stop() {
  for (k8s::Informer* informer : all_) informer->RequestStop();
  for (k8s::Informer* informer : all_) informer->Stop();
}

bool Caches::synced() const {
  for (const k8s::Informer* informer : all_) {
    if (!informer->synced()) return false;
  }
  return true;
}

bool Caches::WaitSynced(std::stop_token stop) {
  for (k8s::Informer* informer : all_) {
    while (!informer->WaitSynced(stop, Millis(1000))) {
      if (stop.stop_requested()) return false;
    }
  }
  return true;
}

std::vector<std::string> Caches::Errors() const {
  std::vector<std::string> errors;
  for (const k8s::Informer* informer : all_) {
    const std::string error = informer->last_error();
    if (!informer->synced()) {
      errors.push_back(error.empty()
                           ? std::string(informer->options().type->plural) + " are not read yet"
                           : error);
    }
  }
  return errors;
}

Observed Caches::Observe(const k8s::ObjectKey& redisha) const {
  Observed observed;
  observed.redisha = redishas_->Get(redisha);
  for (const auto& informer : children_) {
    for (const k8s::ObjectPtr& object : informer->ByLabel(redisha.ns, kInstance, redisha.name)) {
      observed.children[{std::string(informer->options().type->kind), k8s::KeyOf(*object).name}] =
          object;
    }
  }
  for (const k8s::ObjectPtr& pod : pods_->ByLabel(redisha.ns, kInstance, redisha.name)) {
    observed.pods.push_back(ViewPod(*pod));
  }
  return observed;
}

}  // namespace rha::op::reconcile
