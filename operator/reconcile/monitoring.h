// Whether the Prometheus Operator's API is there, and what we have made of its kinds.
//
// A cluster need not have that API, and may get it at any time. It is looked for once, for what an
// earlier operator has left, and again every kDiscoveryPeriod while a RedisHA asks for it; once it
// is found its kinds are watched. Any thread; Observe may block for the one request.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/k8s/informer.h"
#include "operator/reconcile/caches.h"

namespace rha::op::reconcile {

class Monitoring {
 public:
  Monitoring(k8s::Api& api, const Clock& clock, std::string ns, Caches::OnChange on_change);
  ~Monitoring() { Stop(); }

  void Stop();
  // Adds its part to what the caches have seen.
  void Observe(const k8s::ObjectKey& redisha, Observed* observed);

 private:
  bool Found(bool wanted);
  void Watch();

  k8s::Api& api_;
  const Clock& clock_;
  const std::string ns_;
  const Caches::OnChange on_change_;

  std::mutex mutex_;  // guards what follows
  bool stopped_ = false;
  std::optional<MonoTime> looked_at_;
  std::vector<std::unique_ptr<k8s::Informer>> kinds_;  // empty: the API was not found
};

}  // namespace rha::op::reconcile
