// Ties caches, queue and workers together and runs until stopped.
//
// Start and Stop belong to one thread; the rest may be asked from any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/k8s/work_queue.h"
#include "operator/reconcile/caches.h"
#include "operator/reconcile/monitoring.h"
#include "operator/reconcile/reconciler.h"

namespace rha::op::reconcile {

struct ControllerOptions {
  std::string ns;  // empty: all namespaces
  int workers = 4;
  std::string instance;  // this process, in events
  ReconcilerOptions reconciler;
};

// What a metrics page wants to know of one reconciliation.
struct ReconcileSample {
  enum class Outcome { kSuccess, kError, kRequeueAfter };
  Outcome outcome = Outcome::kSuccess;
  Millis waited{0};
  double seconds = 0;
};

class Controller {
 public:
  using OnSample = std::function<void(const ReconcileSample&)>;

  Controller(k8s::Api& api, const Clock& clock, ControllerOptions options, OnSample on_sample);
  ~Controller() { Stop(); }

  // Reads the caches, then starts the workers, in the background.
  void Start();
  // Waits for what is being done.
  void Stop();

  const Caches& caches() const { return caches_; }
  const k8s::SharedWorkQueue& queue() const { return queue_; }
  int active_workers() const { return active_; }
  int workers() const { return options_.workers; }
  uint64_t panics() const { return panics_; }

 private:
  Observed Observe(const k8s::ObjectKey& key);
  void Run(std::stop_token stop);
  void Work(std::stop_token stop);
  ReconcileResult Guarded(const k8s::ObjectKey& key);
  void Handle(const k8s::WorkQueue::Taken& taken);

  const Clock& clock_;
  const ControllerOptions options_;
  const OnSample on_sample_;
  k8s::SharedWorkQueue queue_;
  Caches caches_;
  Monitoring monitoring_;
  Reconciler reconciler_;
  std::atomic<int> active_ = 0;
  std::atomic<uint64_t> panics_ = 0;
  std::jthread runner_;
};

}  // namespace rha::op::reconcile
