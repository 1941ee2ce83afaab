// The operator's /metrics: controller-runtime's names, so that generic dashboards work, and
// redisha_* for each resource. docs/metrics.md lists them.
//
// Count… from any thread. The controller is asked at the time of a page; Watch(nullptr) before it
// is destroyed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/k8s/http.h"
#include "common/metrics/registry.h"
#include "operator/reconcile/controller.h"

namespace rha::op::app {

class Metrics {
 public:
  Metrics();

  void CountReconcile(const reconcile::ReconcileSample& sample);
  void CountRequest(k8s::HttpMethod method, int code);
  void SetLeader(bool leader) { leader_.Set(leader ? 1 : 0); }
  void SetHost(std::string host);
  void Watch(const reconcile::Controller* controller);

  http::Handler PageHandler() const { return registry_.PageHandler(); }
  std::string Text() const { return registry_.Text(); }

 private:
  void Collect(metrics::Page& page);
  void CollectRequests(metrics::Page& page);
  void CollectQueue(const reconcile::Controller& controller, metrics::Page& page);
  void CollectResources(const reconcile::Controller& controller, metrics::Page& page);

  metrics::Registry registry_;
  metrics::Counter success_, error_, requeue_, errors_total_;
  metrics::Histogram reconcile_seconds_, queue_seconds_, work_seconds_;
  metrics::Gauge leader_;

  std::mutex mutex_;                                                  // guards what follows
  std::map<std::pair<std::string, std::string>, uint64_t> requests_;  // by method and code
  std::string host_;
  const reconcile::Controller* controller_ = nullptr;
};

}  // namespace rha::op::app
