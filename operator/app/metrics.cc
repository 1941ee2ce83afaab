#include "operator/app/metrics.h"

#include <nlohmann/json.hpp>

#include "common/metrics/process.h"
#include "operator/api/conditions.h"
#include "operator/api/redisha.h"
#include "operator/reconcile/status.h"

namespace rha::op::app {
namespace {

constexpr char kController[] = "redisha";
constexpr char kReconcileHelp[] = "Total number of reconciliations per controller";

// controller-runtime's buckets.
std::vector<double> ReconcileBuckets() {
  std::vector<double> bounds = {0.005, 0.01, 0.025, 0.05};
  for (int i = 2; i <= 20; ++i) bounds.push_back(i * 0.05);
  for (const double bound : {1.25, 1.5, 1.75, 2.0,  2.5,  3.0,  3.5,  4.0,  4.5,  5.0,  6.0,
                             7.0,  8.0, 9.0,  10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0}) {
    bounds.push_back(bound);
  }
  return bounds;
}

// client-go's: 1e-8 × 10, twelve of them.
std::vector<double> QueueBuckets() {
  std::vector<double> bounds;
  for (double bound = 1e-8; bounds.size() < 12; bound *= 10) bounds.push_back(bound);
  return bounds;
}

double Seconds(Millis time) { return std::chrono::duration<double>(time).count(); }

metrics::Labels QueueLabels() { return {{"name", kController}, {"controller", kController}}; }

metrics::Labels ResultLabels(const char* result) {
  return {{"controller", kController}, {"result", result}};
}

}  // namespace

Metrics::Metrics()
    : success_(registry_.AddCounter("controller_runtime_reconcile_total", kReconcileHelp,
                                    ResultLabels("success"))),
      error_(registry_.AddCounter("controller_runtime_reconcile_total", kReconcileHelp,
                                  ResultLabels("error"))),
      requeue_(registry_.AddCounter("controller_runtime_reconcile_total", kReconcileHelp,
                                    ResultLabels("requeue_after"))),
      errors_total_(registry_.AddCounter("controller_runtime_reconcile_errors_total",
                                         "Total number of reconciliation errors per controller",
                                         {{"controller", kController}})),
      reconcile_seconds_(registry_.AddHistogram("controller_runtime_reconcile_time_seconds",
                                                "Length of time per reconciliation per controller",
                                                ReconcileBuckets(), {{"controller", kController}})),
      queue_seconds_(registry_.AddHistogram(
          "workqueue_queue_duration_seconds",
          "How long in seconds an item stays in workqueue before being requested", QueueBuckets(),
          QueueLabels())),
      work_seconds_(
          registry_.AddHistogram("workqueue_work_duration_seconds",
                                 "How long in seconds processing an item from workqueue takes.",
                                 QueueBuckets(), QueueLabels())),
      leader_(registry_.AddGauge("leader_election_master_status",
                                 "1 while this process works, 0 while it stands by",
                                 {{"name", "redisha-operator"}})) {
  registry_.AddCollector([this](metrics::Page& page) { Collect(page); });
}

void Metrics::CountReconcile(const reconcile::ReconcileSample& sample) {
  switch (sample.outcome) {
    case reconcile::ReconcileSample::Outcome::kSuccess:
      success_.Increment();
      break;
    case reconcile::ReconcileSample::Outcome::kRequeueAfter:
      requeue_.Increment();
      break;
    case reconcile::ReconcileSample::Outcome::kError:
      error_.Increment();
      errors_total_.Increment();
      break;
  }
  reconcile_seconds_.Observe(sample.seconds);
  work_seconds_.Observe(sample.seconds);
  queue_seconds_.Observe(Seconds(sample.waited));
}

void Metrics::CountRequest(k8s::HttpMethod method, int code) {
  const std::lock_guard lock(mutex_);
  ++requests_[{k8s::MethodName(method), code == 0 ? "<error>" : std::to_string(code)}];
}

void Metrics::SetHost(std::string host) {
  const std::lock_guard lock(mutex_);
  host_ = std::move(host);
}

void Metrics::Watch(const reconcile::Controller* controller) {
  const std::lock_guard lock(mutex_);
  controller_ = controller;
}

void Metrics::Collect(metrics::Page& page) {
  metrics::CollectProcess(page);
  const std::lock_guard lock(mutex_);
  CollectRequests(page);
  if (controller_ == nullptr) return;
  CollectQueue(*controller_, page);
  CollectResources(*controller_, page);
}

void Metrics::CollectRequests(metrics::Page& page) {
  for (const auto& [request, count] : requests_) {
    page.Counter("rest_client_requests_total",
                 "Number of HTTP requests, partitioned by status code, method, and host.",
                 static_cast<double>(count),
                 {{"code", request.second}, {"method", request.first}, {"host", host_}});
  }
}

void Metrics::CollectQueue(const reconcile::Controller& controller, metrics::Page& page) {
  const auto& queue = controller.queue();
  page.Gauge("workqueue_depth", "Current depth of workqueue", static_cast<double>(queue.depth()),
             QueueLabels());
  page.Counter("workqueue_adds_total", "Total number of adds handled by workqueue",
               static_cast<double>(queue.adds()), QueueLabels());
  page.Counter("workqueue_retries_total", "Total number of retries handled by workqueue",
               static_cast<double>(queue.retries()), QueueLabels());
  const k8s::WorkQueue::Unfinished unfinished = queue.unfinished();
  page.Gauge("workqueue_unfinished_work_seconds",
             "How long the work in progress has taken so far, all workers together",
             Seconds(unfinished.sum), QueueLabels());
  page.Gauge("workqueue_longest_running_processor_seconds",
             "How long the longest running worker has been at its item",
             Seconds(unfinished.longest), QueueLabels());
  page.Gauge("controller_runtime_max_concurrent_reconciles",
             "Maximum number of concurrent reconciles per controller", controller.workers(),
             {{"controller", kController}});
  page.Counter("controller_runtime_reconcile_panics_total",
               "Total number of reconciliation panics per controller",
               static_cast<double>(controller.panics()), {{"controller", kController}});
  page.Gauge("controller_runtime_active_workers", "Number of currently used workers per controller",
             controller.active_workers(), {{"controller", kController}});
}

void Metrics::CollectResources(const reconcile::Controller& controller, metrics::Page& page) {
  for (const k8s::ObjectPtr& object : controller.caches().AllRedisHas()) {
    const k8s::ObjectKey key = k8s::KeyOf(*object);
    const metrics::Labels labels = {{"namespace", key.ns}, {"name", key.name}};
    const k8s::Json* found = k8s::Find(*object, "status");
    const k8s::Json status = found != nullptr ? *found : k8s::Json::object();
    const auto number = [](int64_t value) { return static_cast<double>(value); };
    page.Gauge("redisha_ready", "1 if the condition Ready is true",
               reconcile::IsTrue(status, api::kReady), labels);
    page.Gauge("redisha_degraded", "1 if the condition Degraded is true",
               reconcile::IsTrue(status, api::kDegraded), labels);
    page.Gauge("redisha_has_primary", "1 if one pod is primary and ready",
               reconcile::IsTrue(status, api::kPrimaryAvailable), labels);
    page.Gauge("redisha_update_available", "1 if the operator brings an image that is held back",
               reconcile::IsTrue(status, api::kUpdateAvailable), labels);
    page.Gauge("redisha_replicas_desired", "Pods that were asked for",
               number(k8s::IntAt(*object, "spec.replicas")), labels);
    page.Gauge("redisha_replicas_ready", "Pods that are ready",
               number(k8s::IntAt(status, "readyReplicas")), labels);
    page.Gauge("redisha_replicas_synced", "Ready replicas, which follow the primary",
               number(k8s::IntAt(status, "syncedReplicas")), labels);
    page.Counter("redisha_failovers_total", "Changes of primary seen by the operator",
                 number(k8s::IntAt(status, "failoverCount")), labels);
    page.Gauge("redisha_config_generation", "Generation of the spec",
               number(k8s::IntAt(*object, "metadata.generation")), labels);
    page.Gauge("redisha_observed_generation", "Generation that the status is about",
               number(k8s::IntAt(status, "observedGeneration")), labels);
  }
}

}  // namespace rha::op::app
