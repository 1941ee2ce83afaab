#include "operator/reconcile/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/k8s/time_format.h"
#include "operator/api/conditions.h"
#include "operator/desired/names.h"
#include "operator/reconcile/claims.h"
#include "operator/reconcile/limits.h"
#include "operator/reconcile/scale.h"

namespace rha::op::reconcile {
namespace {

using k8s::Json;
namespace reason = api::reason;

// One judgement: a condition without its type.
struct Verdict {
  bool status = false;
  std::string reason;
  std::string message;
};
Verdict Yes(std::string_view reason, std::string message) {
  return {true, std::string(reason), std::move(message)};
}
Verdict No(std::string_view reason, std::string message) {
  return {false, std::string(reason), std::move(message)};
}

Verdict ConfigurationWarning(const std::vector<Problem>& warnings) {
  if (warnings.empty()) return No(reason::kNone, "the whole spec is in effect");
  std::string text;
  for (const Problem& warning : warnings) text += (text.empty() ? "" : "; ") + warning.message;
  return Yes(warnings.front().reason, text);
}

// The facts every condition is drawn from.
struct Facts {
  int wanted = 0;
  int pods = 0;
  int ready = 0;
  int updated = 0;
  int synced = 0;  // ready replicas
  int sentinels = 0;
  int voters = 0;
  int voters_required = 0;
  std::string scaling_waits_for;
  std::string election_waits_for;  // whom the sentinels wait for
  std::string cannot_start;        // a pod, and why
  bool set_exists = false;
  bool set_current = false;  // the StatefulSet controller has seen the latest spec
  bool rolling = false;
  bool was_ready = false;                    // at the previous look, or degraded since
  std::vector<std::string> primaries;        // pods with the role
  std::vector<std::string> ready_primaries;  // those that are ready
};

const Json* OldStatus(const StatusInputs& inputs) {
  return inputs.observed.redisha ? k8s::Find(*inputs.observed.redisha, "status") : nullptr;
}

Facts Gather(const StatusInputs& inputs) {
  const api::Spec& spec = inputs.redisha.spec;
  Facts facts;
  facts.wanted = spec.replicas;
  // While the replicas are being changed, the voters are those the pods are configured with.
  const auto scale = ReadScale(inputs.observed);
  facts.voters = scale ? scale->now.voters : spec.replicas;
  facts.scaling_waits_for = NextStep(spec.replicas, scale).waits_for;
  facts.voters_required = facts.voters == spec.replicas
                              ? std::max(spec.sentinel.quorum, spec.Majority())
                              : facts.voters / 2 + 1;
  for (const PodView& pod : inputs.observed.pods) {
    if (pod.deleting) continue;
    ++facts.pods;
    facts.ready += pod.ready;
    facts.sentinels += pod.sentinel_ready;
    facts.synced += pod.ready && pod.role == desired::kRoleReplica;
    if (!pod.cannot_start.empty()) facts.cannot_start = pod.name + ": " + pod.cannot_start;
    if (!pod.waits_for.empty()) facts.election_waits_for = pod.waits_for;
    if (pod.role == desired::kRolePrimary) {
      facts.primaries.push_back(pod.name);
      if (pod.ready) facts.ready_primaries.push_back(pod.name);
    }
  }
  if (const k8s::ObjectPtr set = inputs.observed.StatefulSet()) {
    facts.set_exists = true;
    facts.set_current =
        k8s::IntAt(*set, "status.observedGeneration") >= k8s::IntAt(*set, "metadata.generation");
    facts.updated = static_cast<int>(k8s::IntAt(*set, "status.updatedReplicas"));
    facts.rolling = k8s::StringAt(*set, "status.currentRevision") !=
                        k8s::StringAt(*set, "status.updateRevision") &&
                    facts.updated < k8s::IntAt(*set, "spec.replicas");
  }
  if (const Json* old = OldStatus(inputs)) {
    facts.was_ready = IsTrue(*old, api::kReady) || IsTrue(*old, api::kDegraded);
  }
  return facts;
}

std::string OutOf(int part, int whole) {
  return std::to_string(part) + " of " + std::to_string(whole);
}

Verdict PrimaryAvailable(const Facts& facts) {
  if (facts.ready_primaries.size() > 1) {
    return No(reason::kTwoPrimaries,
              facts.ready_primaries[0] + " and " + facts.ready_primaries[1] +
                  " both carry the primary's label; a failover is under way");
  }
  if (facts.ready_primaries.size() == 1) {
    return Yes(reason::kPrimaryReady, facts.ready_primaries[0] + " takes writes");
  }
  if (!facts.election_waits_for.empty()) {
    return No(reason::kWaitingForData,
              "no pod is made primary yet: the sentinels wait for " + facts.election_waits_for);
  }
  if (!facts.primaries.empty()) {
    return No(reason::kPrimaryNotReady, facts.primaries[0] + " is primary but not ready");
  }
  return No(reason::kNoPrimary, "no pod is primary; the sentinels elect one once " +
                                    std::to_string(facts.voters_required) + " of them run");
}

Verdict QuorumHealthy(const Facts& facts) {
  const std::string text = OutOf(facts.sentinels, facts.voters) + " sentinels run, " +
                           std::to_string(facts.voters_required) + " are needed";
  return facts.sentinels >= facts.voters_required ? Yes(reason::kQuorumReachable, text)
                                                  : No(reason::kQuorumLost, text);
}

Verdict ReplicationHealthy(const Facts& facts) {
  const int wanted = facts.wanted - 1;
  const std::string text = OutOf(facts.synced, wanted) + " replicas follow the primary";
  return facts.synced >= wanted ? Yes(reason::kReplicasInSync, text)
                                : No(reason::kReplicasMissing, text);
}

Verdict ProgressingByCount(const Facts& facts) {
  if (!facts.set_exists || facts.pods == 0) {
    return Yes(reason::kCreatingPods, "the pods are being created");
  }
  if (!facts.set_current || facts.rolling) {
    return Yes(reason::kRollingUpdate,
               OutOf(facts.updated, facts.pods) + " pods are of the newest revision");
  }
  if (facts.pods != facts.wanted || facts.voters != facts.wanted) {
    std::string text = std::to_string(facts.pods) + " pods exist, " + std::to_string(facts.wanted) +
                       " were asked for";
    if (!facts.scaling_waits_for.empty()) text += "; waiting for " + facts.scaling_waits_for;
    return Yes(reason::kScaling, std::move(text));
  }
  if (facts.ready < facts.wanted) {
    return Yes(reason::kPodsNotReady, OutOf(facts.ready, facts.wanted) + " pods are ready");
  }
  return No(reason::kUpToDate, "nothing is left to change");
}

Verdict Progressing(const Facts& facts) {
  Verdict verdict = ProgressingByCount(facts);
  if (verdict.status && !facts.cannot_start.empty()) verdict.message += "; " + facts.cannot_start;
  return verdict;
}

Verdict UpdateAvailable(const ImageChoice& image) {
  if (image.held_back.empty()) return No(reason::kNone, "the pods run the image they should");
  return Yes(reason::kNewImage, "the pods run " + image.image + ", the operator's image is " +
                                    image.held_back +
                                    "; spec.update.image: Follow or spec.image updates them");
}

struct Verdicts {
  Verdict ready, progressing, degraded, primary, quorum, replication, stalled;
};

// Ready's reason is the most telling of what is missing.
Verdict Ready(const Facts& facts, const Verdicts& all) {
  // While pods are still to come, that is the news, not what follows from it.
  if (!facts.set_exists || facts.pods == 0)
    return No(all.progressing.reason, all.progressing.message);
  if (!all.primary.status && facts.ready > 0) return No(all.primary.reason, all.primary.message);
  if (all.progressing.status) return No(all.progressing.reason, all.progressing.message);
  for (const Verdict* needed : {&all.primary, &all.quorum, &all.replication}) {
    if (!needed->status) return No(needed->reason, needed->message);
  }
  return Yes(reason::kAllReady, OutOf(facts.ready, facts.wanted) + " pods are ready");
}

Verdict Degraded(const Facts& facts, const Verdicts& all) {
  if (all.primary.reason == reason::kTwoPrimaries)
    return Yes(all.primary.reason, all.primary.message);
  // What follows from it (a replica missing, no quorum) says less.
  if (!facts.cannot_start.empty()) return Yes(reason::kPodCannotStart, facts.cannot_start);
  const bool expected = all.progressing.status && all.progressing.reason != reason::kPodsNotReady;
  if (facts.was_ready && (!expected || !all.primary.status)) {
    for (const Verdict* needed : {&all.primary, &all.quorum, &all.replication}) {
      if (!needed->status) return Yes(needed->reason, needed->message);
    }
  }
  return No(reason::kHealthy, "nothing is wrong");
}

Verdicts Judge(const StatusInputs& inputs, const Facts& facts) {
  Verdicts all;
  all.primary = PrimaryAvailable(facts);
  all.quorum = QuorumHealthy(facts);
  all.replication = ReplicationHealthy(facts);
  all.progressing = Progressing(facts);
  all.ready = Ready(facts, all);
  all.degraded = Degraded(facts, all);
  all.stalled = No(reason::kNone, "nothing has to be done by hand");
  if (!inputs.problems.empty()) {
    const Problem& problem = inputs.problems.front();
    all.ready = No(problem.reason, problem.message);
    all.degraded = Yes(problem.reason, problem.message);
    if (problem.stalls) {
      all.stalled = Yes(problem.reason, problem.message);
      all.progressing = No(problem.reason, problem.message);
    }
  }
  return all;
}

class ConditionList {
 public:
  ConditionList(const Json* old_status, int64_t generation, int64_t now_us)
      : old_(old_status != nullptr ? k8s::Find(*old_status, "conditions") : nullptr),
        generation_(generation),
        now_(k8s::FormatTime(now_us)) {}

  void Add(std::string_view type, const Verdict& verdict) {
    const std::string status = verdict.status ? "True" : "False";
    list_.push_back({{"type", std::string(type)},
                     {"status", status},
                     {"reason", verdict.reason},
                     {"message", verdict.message.substr(0, kMessageBytesMax)},
                     {"observedGeneration", generation_},
                     {"lastTransitionTime", Since(type, status)}});
  }
  Json Take() { return std::move(list_); }

 private:
  std::string Since(std::string_view type, const std::string& status) const {
    if (old_ != nullptr && old_->is_array()) {
      for (const Json& old : *old_) {
        if (k8s::StringAt(old, "type") == type && k8s::StringAt(old, "status") == status) {
          const std::string since = k8s::StringAt(old, "lastTransitionTime");
          if (!since.empty()) return since;
        }
      }
    }
    return now_;
  }

  const Json* old_;
  const int64_t generation_;
  const std::string now_;
  Json list_ = Json::array();
};

std::string Phase(const Verdicts& all) {
  if (all.stalled.status) return "Stalled";
  if (all.ready.status) return "Ready";
  if (all.degraded.status) return all.primary.status ? "Degraded" : "FailingOver";
  return all.progressing.reason == reason::kCreatingPods ? "Creating" : "Progressing";
}

// The primary, since when, and how often it has changed. A primary that is gone stays named until
// another one is known: PrimaryAvailable says whether it serves.
void AddPrimary(const StatusInputs& inputs, const Facts& facts, Json* status) {
  static const Json kNothing = Json::object();
  const Json& old = OldStatus(inputs) != nullptr ? *OldStatus(inputs) : kNothing;
  const std::string before = k8s::StringAt(old, "currentPrimary");
  const auto& candidates = facts.ready_primaries.empty() ? facts.primaries : facts.ready_primaries;
  std::string current = before;
  const bool stays = std::find(candidates.begin(), candidates.end(), before) != candidates.end();
  if (!candidates.empty() && !stays) current = candidates.front();

  const std::string now = k8s::FormatTime(inputs.now_us);
  int64_t failovers = k8s::IntAt(old, "failoverCount");
  if (const Json* last = k8s::Find(old, "lastFailover")) (*status)["lastFailover"] = *last;
  if (!before.empty() && current != before) {
    ++failovers;
    (*status)["lastFailover"] = {{"from", before}, {"to", current}, {"observedTime", now}};
  }
  (*status)["failoverCount"] = failovers;
  if (current.empty()) return;
  const std::string since = k8s::StringAt(old, "primarySince");
  (*status)["currentPrimary"] = current;
  (*status)["primarySince"] = current == before && !since.empty() ? since : now;
}

// Never taken back: a status that cannot tell (an invalid spec) goes on from the one before.
void AddInitialised(const StatusInputs& inputs, Json* status) {
  const Json* old = OldStatus(inputs);
  const bool before = old != nullptr && k8s::BoolAt(*old, "initialised");
  if (!inputs.initialised && !before) return;
  const std::string since = old != nullptr ? k8s::StringAt(*old, "initialisedTime") : "";
  (*status)["initialised"] = true;
  (*status)["initialisedTime"] = since.empty() ? k8s::FormatTime(inputs.now_us) : since;
}

// What it is made with holds where the spec names none. An invalid spec is not in force.
void AddPersistenceMode(const StatusInputs& inputs, Json* status) {
  const bool invalid = std::any_of(
      inputs.problems.begin(), inputs.problems.end(),
      [](const Problem& problem) { return problem.reason == api::reason::kInvalidSpec; });
  const Json* old = OldStatus(inputs);
  const std::string before = old != nullptr ? k8s::StringAt(*old, "persistenceMode") : "";
  const std::string mode =
      invalid ? before : std::string(api::NameOf(inputs.redisha.spec.persistence.mode));
  if (!mode.empty()) (*status)["persistenceMode"] = mode;
}

Json Endpoints(const api::RedisHa& redisha) {
  const std::string& name = redisha.key.name;
  const auto address = [&redisha](const std::string& service, int port) {
    return service + "." + redisha.key.ns + ".svc:" + std::to_string(port);
  };
  Json endpoints = {
      {"primary", address(name, desired::kNodePort)},
      {"replicas", address(desired::ReplicasServiceName(name), desired::kNodePort)},
      {"sentinel", address(desired::SentinelServiceName(name), desired::kSentinelPort)},
      {"masterName", redisha.spec.sentinel.master_name}};
  if (redisha.spec.auth.enabled) {
    endpoints["authSecret"] = desired::AuthSecretName(redisha) + "/" + redisha.spec.auth.secret_key;
  }
  return endpoints;
}

Json Instances(const std::vector<PodView>& pods) {
  Json instances = Json::array();
  for (const PodView& pod : pods) {
    Json instance = {{"name", pod.name}, {"ready", pod.ready}};
    if (!pod.role.empty()) instance["role"] = pod.role;
    if (!pod.node.empty()) instance["node"] = pod.node;
    instances.push_back(std::move(instance));
  }
  return instances;
}

}  // namespace

bool IsTrue(const k8s::Json& status, std::string_view type) {
  const Json* conditions = k8s::Find(status, "conditions");
  if (conditions == nullptr || !conditions->is_array()) return false;
  for (const Json& condition : *conditions) {
    if (k8s::StringAt(condition, "type") == type) {
      return k8s::StringAt(condition, "status") == "True";
    }
  }
  return false;
}

std::string KnownDataset(const Observed& observed) {
  const Json* status = observed.redisha ? k8s::Find(*observed.redisha, "status") : nullptr;
  return status != nullptr ? k8s::StringAt(*status, "clusterUID") : std::string();
}

bool WasInitialised(const api::RedisHa& redisha, const Observed& observed,
                    const std::string& cluster_uid) {
  const Json* old = observed.redisha ? k8s::Find(*observed.redisha, "status") : nullptr;
  if (old != nullptr &&
      (k8s::BoolAt(*old, "initialised") || !k8s::StringAt(*old, "currentPrimary").empty())) {
    return true;
  }
  if (!cluster_uid.empty() && cluster_uid != redisha.uid) return true;
  return std::any_of(observed.pods.begin(), observed.pods.end(),
                     [](const PodView& pod) { return pod.role == desired::kRolePrimary; });
}

k8s::Json ComputeStatus(const StatusInputs& inputs) {
  const api::RedisHa& redisha = inputs.redisha;
  const Facts facts = Gather(inputs);
  const Verdicts all = Judge(inputs, facts);
  Json status = {{"observedGeneration", redisha.generation},
                 {"phase", Phase(all)},
                 {"replicas", facts.pods},
                 {"readyReplicas", facts.ready},
                 {"syncedReplicas", facts.synced},
                 {"updatedReplicas", facts.updated},
                 {"selector", desired::SelectorText(redisha.key.name)},
                 {"quorum",
                  {{"voters", facts.voters},
                   {"reachable", facts.sentinels},
                   {"required", facts.voters_required}}},
                 {"endpoints", Endpoints(redisha)},
                 {"instances", Instances(inputs.observed.pods)}};
  if (!inputs.image.image.empty()) status["image"] = inputs.image.image;
  AddPersistenceMode(inputs, &status);
  AddInitialised(inputs, &status);
  if (const k8s::ObjectPtr set = inputs.observed.StatefulSet()) {
    const std::string cluster_uid = ClusterUidOf(inputs.observed);
    status["clusterUID"] = cluster_uid.empty() ? redisha.uid : cluster_uid;
    for (const std::string revision : {"currentRevision", "updateRevision"}) {
      const std::string value = k8s::StringAt(*set, "status." + revision);
      if (!value.empty()) status[revision] = value;
    }
  } else if (const std::string known = KnownDataset(inputs.observed); !known.empty()) {
    status["clusterUID"] = known;
  }
  AddPrimary(inputs, facts, &status);

  ConditionList conditions(OldStatus(inputs), redisha.generation, inputs.now_us);
  conditions.Add(api::kReady, all.ready);
  conditions.Add(api::kProgressing, all.progressing);
  conditions.Add(api::kDegraded, all.degraded);
  conditions.Add(api::kPrimaryAvailable, all.primary);
  conditions.Add(api::kQuorumHealthy, all.quorum);
  conditions.Add(api::kReplicationHealthy, all.replication);
  conditions.Add(api::kConfigurationWarning, ConfigurationWarning(inputs.warnings));
  conditions.Add(api::kUpdateAvailable, UpdateAvailable(inputs.image));
  conditions.Add(api::kReconciling, all.progressing);
  conditions.Add(api::kStalled, all.stalled);
  status["conditions"] = conditions.Take();
  return status;
}

}  // namespace rha::op::reconcile
