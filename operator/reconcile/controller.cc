#include "operator/reconcile/controller.h"

#include <chrono>

#include "common/base/log.h"

namespace rha::op::reconcile {

Controller::Controller(k8s::Api& api, const Clock& clock, ControllerOptions options,
                       OnSample on_sample)
    : clock_(clock),
      options_(std::move(options)),
      on_sample_(std::move(on_sample)),
      queue_(clock),
      caches_(api, {options_.ns, options_.reconciler.server_minor},
              [this](const k8s::ObjectKey& key) { queue_.Add(key); }),
      monitoring_(api, clock, options_.ns, [this](const k8s::ObjectKey& key) { queue_.Add(key); }),
      reconciler_(
          api, [this](const k8s::ObjectKey& key) { return Observe(key); }, clock,
          options_.reconciler, options_.instance) {}

Observed Controller::Observe(const k8s::ObjectKey& key) {
  Observed observed = caches_.Observe(key);
  monitoring_.Observe(key, &observed);
  return observed;
}

void Controller::Start() {
  caches_.Start();
  runner_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void Controller::Stop() {
  if (!runner_.joinable()) return;
  runner_.request_stop();
  runner_.join();
  monitoring_.Stop();
  caches_.Stop();
}

void Controller::Run(std::stop_token stop) {
  // A half-read cache would show children as missing.
  if (!caches_.WaitSynced(stop)) return;
  log::Info("caches read: {} RedisHA; starting {} workers", caches_.AllRedisHas().size(),
            options_.workers);
  std::vector<std::jthread> workers;
  for (int i = 0; i < options_.workers; ++i) {
    workers.emplace_back([this, stop] { Work(stop); });
  }
}

void Controller::Work(std::stop_token stop) {
  while (auto taken = queue_.Take(stop)) {
    ++active_;
    Handle(*taken);
    queue_.Done(taken->key);
    --active_;
  }
}

// One resource that breaks an assumption of ours must not stop the work on all others.
ReconcileResult Controller::Guarded(const k8s::ObjectKey& key) {
  try {
    return reconciler_.Reconcile(key);
  } catch (const std::exception& error) {
    ++panics_;
    return {Status(Code::kInternal, std::string("reconcile: ") + error.what()), std::nullopt};
  }
}

void Controller::Handle(const k8s::WorkQueue::Taken& taken) {
  const MonoTime began = clock_.Now();
  const ReconcileResult result = Guarded(taken.key);
  ReconcileSample sample;
  sample.waited = taken.waited;
  sample.seconds = std::chrono::duration<double>(clock_.Now() - began).count();
  if (!result.status.ok()) {
    const Millis delay = queue_.AddRetry(taken.key);
    sample.outcome = ReconcileSample::Outcome::kError;
    log::Warn("{}: {}; again in {} ms", taken.key.ToString(), result.status.message(),
              delay.count());
  } else {
    queue_.Forget(taken.key);
    if (result.requeue_after) {
      queue_.AddAfter(taken.key, *result.requeue_after);
      sample.outcome = ReconcileSample::Outcome::kRequeueAfter;
    }
  }
  if (on_sample_) on_sample_(sample);
}

}  // namespace rha::op::reconcile
