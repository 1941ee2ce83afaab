#include "operator/reconcile/monitoring.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/log.h"
#include "operator/desired/names.h"
#include "operator/reconcile/limits.h"

namespace rha::op::reconcile {
namespace {

const std::string kInstance(desired::kLabelInstance);
const std::string kDiscoveryPath = "/apis/" + std::string(k8s::kMonitoringGroup) + "/v1";

bool AsksForMonitors(const k8s::Json& redisha) {
  for (const char* field : {"serviceMonitor", "podMonitor", "prometheusRule"}) {
    if (k8s::BoolAt(redisha, "spec.metrics." + std::string(field) + ".enabled")) return true;
  }
  return false;
}

}  // namespace

Monitoring::Monitoring(k8s::Api& api, const Clock& clock, std::string ns,
                       Caches::OnChange on_change)
    : api_(api), clock_(clock), ns_(std::move(ns)), on_change_(std::move(on_change)) {}

void Monitoring::Stop() {
  std::vector<std::unique_ptr<k8s::Informer>> kinds;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    kinds.swap(kinds_);
  }
  for (const auto& informer : kinds) informer->RequestStop();
  for (const auto& informer : kinds) informer->Stop();
}

void Monitoring::Observe(const k8s::ObjectKey& redisha, Observed* observed) {
  const bool wanted = observed->redisha != nullptr && AsksForMonitors(*observed->redisha);
  const std::lock_guard lock(mutex_);
  if (!Found(wanted)) return;
  observed->monitoring = MonitoringApi::kServed;
  for (const auto& informer : kinds_) {
    if (!informer->synced()) {
      observed->monitoring = MonitoringApi::kReading;
      observed->monitoring_error = informer->last_error();
      return;
    }
    for (const k8s::ObjectPtr& object : informer->ByLabel(redisha.ns, kInstance, redisha.name)) {
      observed->children[{std::string(informer->options().type->kind), k8s::KeyOf(*object).name}] =
          object;
    }
  }
}

bool Monitoring::Found(bool wanted) {
  if (!kinds_.empty() || stopped_) return !kinds_.empty();
  const MonoTime now = clock_.Now();
  if (looked_at_ && (!wanted || now - *looked_at_ < kDiscoveryPeriod)) return false;
  looked_at_ = now;
  const auto found = api_.GetPath(kDiscoveryPath);
  if (!found.ok()) {
    if (found.status().code() != Code::kNotFound) {
      log::Warn("looking for {}: {}", kDiscoveryPath, found.status().message());
    }
    return false;
  }
  log::Info("{} is there: monitors and rules can be made", k8s::kMonitoringGroup);
  Watch();
  return true;
}

void Monitoring::Watch() {
  for (const k8s::ResourceType* type :
       {&k8s::kServiceMonitors, &k8s::kPodMonitors, &k8s::kPrometheusRules}) {
    k8s::InformerOptions options{.type = type,
                                 .ns = ns_,
                                 .label_selector = desired::ManagedSelector(),
                                 .indexed_labels = {kInstance}};
    kinds_.push_back(std::make_unique<k8s::Informer>(
        api_, std::move(options),
        [this](const k8s::ObjectPtr& before, const k8s::ObjectPtr& after) {
          const k8s::Json& object = after ? *after : *before;
          const std::string name = k8s::LabelOf(object, desired::kLabelInstance);
          if (!name.empty()) on_change_({k8s::KeyOf(object).ns, name});
        }));
    kinds_.back()->Start();
  }
}

}  // namespace rha::op::reconcile
