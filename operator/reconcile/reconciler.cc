#include "operator/reconcile/reconciler.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "operator/api/conditions.h"
#include "operator/api/quantity.h"
#include "operator/desired/names.h"
#include "operator/reconcile/drift.h"
#include "operator/reconcile/image.h"
#include "operator/reconcile/limits.h"
#include "operator/reconcile/status.h"

namespace rha::op::reconcile {
namespace {

namespace reason = api::reason;

const std::string kFieldManager(desired::kManager);
// A manager of its own, so that old servers, which do not tell subresources apart, keep the two
// sets of fields separate.
const std::string kStatusManager = kFieldManager + "-status";

// The size that the volumes of the pods have: a StatefulSet cannot change its own claims.
std::string ClaimedSize(const Observed& observed) {
  const k8s::ObjectPtr set = observed.StatefulSet();
  const k8s::Json* claims = set ? k8s::Find(*set, "spec.volumeClaimTemplates") : nullptr;
  if (claims == nullptr || !claims->is_array() || claims->empty()) return {};
  return k8s::StringAt(claims->front(), "spec.resources.requests.storage");
}

bool SameQuantity(const std::string& left, const std::string& right) {
  const auto a = api::ParseQuantity(left);
  const auto b = api::ParseQuantity(right);
  return left == right || (a.ok() && b.ok() && *a == *b);
}

// Keeps the claims as they are and says so, instead of failing to apply for ever.
std::string KeepClaimedSize(const Observed& observed, api::Spec* spec) {
  const std::string claimed = ClaimedSize(observed);
  if (claimed.empty() || spec->storage.type != api::StorageType::kPersistentVolumeClaim) return {};
  const std::string asked = spec->storage.size;
  spec->storage.size = claimed;
  if (SameQuantity(claimed, asked)) return {};
  return "spec.storage.size is " + asked + " but the volumes were made with " + claimed +
         "; this version does not resize them";
}

// Monitors that are asked for and cannot be made.
std::optional<Problem> MonitoringProblem(const api::RedisHa& redisha, const Observed& observed) {
  if (!redisha.spec.metrics.Any()) return std::nullopt;
  if (observed.monitoring == MonitoringApi::kMissing) {
    return Problem{std::string(reason::kMonitoringApiMissing),
                   "spec.metrics asks for what this cluster has no API for (" +
                       std::string(k8s::kMonitoringGroup) +
                       "/v1): install the Prometheus Operator, and it is made within seconds",
                   false};
  }
  if (observed.monitoring_error.empty()) return std::nullopt;
  return Problem{std::string(reason::kMonitoringApiUnreadable),
                 "spec.metrics is not in effect: " + observed.monitoring_error, false};
}

Millis LookAgainAfter(const std::vector<Problem>& problems, bool awaits_cache,
                      bool awaits_monitoring) {
  if (awaits_cache) return kCacheLagMax;
  const bool waits_for_secret =
      !problems.empty() && (problems.front().reason == reason::kSecretMissing ||
                            problems.front().reason == reason::kSecretKeyMissing);
  if (waits_for_secret) return kMissingSecretPeriod;
  const bool waits_for_claims =
      !problems.empty() && (problems.front().reason == reason::kDatasetUndecided ||
                            problems.front().reason == reason::kVolumesGoing);
  if (waits_for_claims) return kClaimsPeriod;
  return awaits_monitoring ? kDiscoveryPeriod : kResyncPeriod;
}

}  // namespace

Reconciler::Reconciler(k8s::Api& api, ObserveFn observe, const Clock& clock,
                       ReconcilerOptions options, std::string instance)
    : api_(api),
      observe_(std::move(observe)),
      clock_(clock),
      options_(std::move(options)),
      events_(api, clock, std::move(instance)) {}

Reconciler::Memory& Reconciler::MemoryOf(const k8s::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  return memories_[key];
}

ReconcileResult Reconciler::Reconcile(const k8s::ObjectKey& key) {
  Observed observed = observe_(key);
  if (!observed.redisha) {  // the garbage collector takes the children
    const std::lock_guard lock(mutex_);
    memories_.erase(key);
    return {};
  }
  Memory& memory = MemoryOf(key);
  if (clock_.Now() - memory.status_at < kCacheLagMax &&
      IsOlderVersion(k8s::ResourceVersionOf(*observed.redisha), memory.status_version)) {
    return {{}, kCacheLagRetry};  // deciding on a status we have already replaced would flap
  }
  api::ParsedRedisHa parsed = api::ParseRedisHa(*observed.redisha);
  api::RedisHa& redisha = parsed.redisha;
  if (redisha.deleting) return {};
  if (const Status known = LookForSet(redisha, &observed); !known.ok()) return {known, {}};

  const ImageChoice image = ChooseImage(redisha.spec, observed, options_.default_image);
  Outcome outcome;
  std::vector<Problem> warnings;
  if (!parsed.errors.empty()) {
    outcome.problems.push_back(
        {std::string(reason::kInvalidSpec), api::JoinErrors(parsed.errors), true});
  } else if (image.image.empty()) {
    outcome.problems.push_back({std::string(reason::kNoImage),
                                "no image: set spec.image, or give the operator --image", true});
  } else {
    const std::string kept = KeepClaimedSize(observed, &redisha.spec);
    if (!kept.empty()) {
      warnings.push_back({std::string(reason::kStorageUnchangeable), kept, false});
    }
    if (auto problem = MonitoringProblem(redisha, observed)) warnings.push_back(*problem);
    outcome = Converge(redisha, image.image, &observed, &memory);
  }

  const k8s::Json status = ComputeStatus({.redisha = redisha,
                                          .observed = observed,
                                          .problems = outcome.problems,
                                          .warnings = warnings,
                                          .image = image,
                                          .initialised = outcome.initialised,
                                          .now_us = clock_.UnixMicros()});
  const Status written = WriteStatus(redisha, observed, status, &memory);
  if (outcome.error.ok()) outcome.error = written;
  const bool awaits_monitoring =
      redisha.spec.metrics.Any() && observed.monitoring != MonitoringApi::kServed;
  return {outcome.error, LookAgainAfter(outcome.problems, outcome.awaits_cache, awaits_monitoring)};
}

// A set that the caches do not show may be there all the same: they lag behind what we made, or its
// labels were taken away. To decide without it would be to make it anew in whatever size is asked.
Status Reconciler::LookForSet(const api::RedisHa& redisha, Observed* observed) {
  if (observed->StatefulSet()) return {};
  auto set = api_.Get({&k8s::kStatefulSets, redisha.key});
  if (!set.ok()) return set.status().code() == Code::kNotFound ? Status() : set.status();
  if (k8s::ControllerUidOf(*set) != redisha.uid) return {};
  observed->children[{std::string(k8s::kStatefulSets.kind), redisha.key.name}] =
      std::make_shared<const k8s::Json>(std::move(*set));
  return {};
}

Reconciler::Outcome Reconciler::Converge(const api::RedisHa& redisha, const std::string& image,
                                         Observed* seen, Memory* memory) {
  const Observed& observed = *seen;
  Outcome outcome;
  const auto note = [&outcome](const Status& status) {
    if (status.ok()) return;
    outcome.problems.push_back(ProblemOf(status));
    if (outcome.error.ok()) outcome.error = status;
  };
  note(EnsurePeerSecret(redisha, memory, &outcome.problems));
  note(EnsureAuthSecret(redisha, memory, &outcome.problems));
  const auto dataset = FindDataset(redisha, seen, memory, &outcome.problems);
  if (!dataset.ok()) note(dataset.status());
  if (!dataset.ok() || !*dataset) return outcome;  // a guess would be written onto the volumes
  const std::string& cluster_uid = **dataset;
  outcome.initialised = WasInitialised(redisha, observed, cluster_uid);
  MarkSeen(observed, &memory->records);
  const bool serves_monitoring = observed.monitoring == MonitoringApi::kServed;
  const auto scale = ReadScale(observed);
  ScaleStep step = NextStep(redisha.spec.replicas, scale).step;
  const Status marked = MarkClaims(redisha, observed, cluster_uid, step, memory);
  note(marked);
  if (!marked.ok() && !observed.StatefulSet()) return outcome;
  if (!marked.ok()) step = scale->now;  // a step that nobody could tell from the claims is not done
  const auto wanted = desired::Desired(redisha, {.image = image,
                                                 .server_minor = options_.server_minor,
                                                 .shared_loopback = options_.shared_loopback,
                                                 .cluster_uid = cluster_uid,
                                                 .pods = step.pods,
                                                 .voters = step.voters,
                                                 .initialised = outcome.initialised,
                                                 .monitoring = serves_monitoring});
  const Plan plan = Decide(redisha.uid, wanted, observed, memory->records, clock_.Now());
  const bool reads_monitors =
      redisha.spec.metrics.Any() && observed.monitoring == MonitoringApi::kReading;
  outcome.awaits_cache = plan.awaits_cache || !plan.applies.empty() || reads_monitors;
  outcome.problems.insert(outcome.problems.end(), plan.problems.begin(), plan.problems.end());
  for (const PlannedApply& planned : plan.applies) {
    const Status status = ApplyOne(redisha, planned, memory, &outcome.problems);
    if (status.code() == Code::kConflict && !planned.version.empty()) {
      outcome.awaits_cache = true;  // it has changed: the caches will show how
      break;
    }
    note(status);
    if (status.code() == Code::kUnavailable) break;  // the next would only wait as long
  }
  note(DeleteMonitors(redisha, observed));
  return outcome;
}

Status Reconciler::DeleteMonitors(const api::RedisHa& redisha, const Observed& observed) {
  const api::MetricsSpec& metrics = redisha.spec.metrics;
  const std::pair<const k8s::ResourceType*, bool> kinds[] = {
      {&k8s::kServiceMonitors, metrics.service_monitor.enabled},
      {&k8s::kPodMonitors, metrics.pod_monitor.enabled},
      {&k8s::kPrometheusRules, metrics.prometheus_rule.enabled}};
  for (const auto& [type, wanted] : kinds) {
    const auto found = observed.children.find({std::string(type->kind), redisha.key.name});
    if (wanted || found == observed.children.end()) continue;
    if (k8s::ControllerUidOf(*found->second) != redisha.uid) continue;
    const k8s::ObjectRef ref{type, redisha.key};
    const Status deleted = api_.Delete(ref, {.uid = k8s::UidOf(*found->second)});
    if (!deleted.ok() && deleted.code() != Code::kNotFound) return deleted;
    log::Info("{}: deleted {}", redisha.key.ToString(), ref.ToString());
  }
  return {};
}

Status Reconciler::ApplyOne(const api::RedisHa& redisha, const PlannedApply& planned,
                            Memory* memory, std::vector<Problem>* problems) {
  const k8s::ResourceType& type = *planned.desired.type;
  const k8s::ObjectRef ref{&type, k8s::KeyOf(*planned.desired.object)};
  const ChildKey key{std::string(type.kind), ref.key.name};
  if (planned.check_name) {
    auto there = api_.Get(ref);
    if (there.ok() && k8s::ControllerUidOf(*there) != redisha.uid) {
      problems->push_back(
          {std::string(reason::kNameTaken),
           key.kind + " " + key.name + " exists and belongs to something else; delete or rename it",
           true});
      // An earlier RedisHA of this name may just be on its way out: keep looking.
      return Status(Code::kConflict, ref.ToString() + " belongs to something else");
    }
    if (!there.ok() && there.status().code() != Code::kNotFound) return there.status();
  }
  k8s::Json object = *planned.desired.object;
  if (!planned.version.empty()) object["metadata"]["resourceVersion"] = planned.version;
  auto applied = api_.Apply(type, object, {.field_manager = kFieldManager});
  if (!applied.ok()) return applied.status();
  memory->records[key] = {planned.desired.hash, k8s::ResourceVersionOf(*applied),
                          Fingerprint(*planned.desired.object, *applied), clock_.Now()};
  log::Info("{}: applied {} ({})", redisha.key.ToString(), ref.ToString(), planned.why);
  return {};
}

Status Reconciler::WriteStatus(const api::RedisHa& redisha, const Observed& observed,
                               const k8s::Json& status, Memory* memory) {
  const k8s::Json* found = k8s::Find(*observed.redisha, "status");
  const k8s::Json before = found != nullptr ? *found : k8s::Json::object();
  if (before == status) return {};
  k8s::Json object = k8s::NewObject(api::kRedisHas, redisha.key);
  object["metadata"]["uid"] = redisha.uid;  // never onto a successor of the same name
  object["status"] = status;
  auto written = api_.Apply(api::kRedisHas, object,
                            {.field_manager = kStatusManager, .subresource = "status"});
  if (!written.ok()) {
    const Code code = written.status().code();
    const bool gone = code == Code::kNotFound || code == Code::kConflict;
    return gone ? Status() : written.status();
  }
  memory->status_version = k8s::ResourceVersionOf(*written);
  memory->status_at = clock_.Now();
  for (const EventNote& note : EventsOf(before, status)) events_.Record(redisha, note);
  return {};
}

}  // namespace rha::op::reconcile
