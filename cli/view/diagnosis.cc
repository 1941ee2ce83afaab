#include "cli/view/diagnosis.h"

#include <algorithm>
#include <cstdlib>

#include "cli/view/names.h"
#include "cli/view/text.h"
#include "common/k8s/time_format.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Int;
using object::Items;
using object::Str;

constexpr int kMinorWithRules = 29;  // the rules of the CRD
constexpr int kMinorWithoutRules = 25;
constexpr int64_t kClockSkewUs = 5 * kSecondUs;
// A kubelet renews its lease every 10 s and is given 40 s.
constexpr int64_t kLeaseOldUs = 60 * kSecondUs;

class Checks {
 public:
  void Ok(const std::string& what, const std::string& found) { Add(Level::kOk, what, found, ""); }
  void Warn(const std::string& what, const std::string& found, const std::string& next) {
    Add(Level::kWarn, what, found, next);
  }
  void Fail(const std::string& what, const std::string& found, const std::string& next) {
    Add(Level::kFail, what, found, next);
  }
  std::vector<Check> Take() { return std::move(list_); }

 private:
  void Add(Level level, const std::string& what, const std::string& found,
           const std::string& next) {
    list_.push_back({level, what, found, next});
  }
  std::vector<Check> list_;
};

void CheckServer(const Evidence& evidence, Checks& checks) {
  const std::string version = Str(evidence.version, {"gitVersion"}, "?");
  const int64_t minor = std::strtol(Str(evidence.version, {"minor"}, "0").c_str(), nullptr, 10);
  const std::string found = "Kubernetes " + version;
  if (minor >= kMinorWithRules) return checks.Ok("server", found);
  checks.Warn(
      "server", found,
      minor >= kMinorWithoutRules
          ? "tested from 1.29 on; upgrade when you can"
          : "before 1.25 the rules of the CRD are dropped: wrong specs are taken and show as "
            "condition Stalled");
}

void CheckDefinition(const Evidence& evidence, Checks& checks) {
  if (!evidence.definition_version) {
    return checks.Fail("definition", "the resource type RedisHA is not installed",
                       "kubectl apply -f crds/redisha.yaml, or install chart redisha-operator");
  }
  if (*evidence.definition_version != evidence.definition_yaml_version) {
    return checks.Warn("definition", "RedisHA is installed in another version than this program's",
                       "kubectl apply -f crds/redisha.yaml of the operator's release, so that its "
                       "fields are not dropped");
  }
  checks.Ok("definition", "RedisHA is installed");
}

void CheckOperator(const Evidence& evidence, Checks& checks) {
  if (!evidence.operators.problem.empty()) {
    return checks.Warn("operator", "not looked for: " + evidence.operators.problem,
                       "ask somebody who may list deployments in all namespaces");
  }
  if (evidence.operators.items.empty()) {
    return checks.Fail(
        "operator", "no Deployment is labelled app.kubernetes.io/name=redisha-operator",
        "kubectl apply -k deploy, or install chart redisha-operator; failovers go on "
        "without it, changes do not");
  }
  for (const Json& deployment : evidence.operators.items) {
    const std::string name = object::Namespace(deployment) + "/" + object::Name(deployment);
    const Json& containers = Items(deployment, {"spec", "template", "spec", "containers"});
    const std::string image = containers.empty() ? "?" : Str(containers[0], {"image"});
    if (Int(deployment, {"status", "availableReplicas"}) > 0) {
      checks.Ok("operator", name + " runs " + image);
    } else {
      checks.Fail("operator", name + " has no pod that is available",
                  "kubectl -n " + object::Namespace(deployment) + " describe deployment " +
                      object::Name(deployment));
    }
  }
}

void CheckPermissions(const Evidence& evidence, Checks& checks) {
  std::string unknown;
  size_t allowed = 0;
  for (const Permission& permission : evidence.permissions) {
    if (!permission.allowed) {
      unknown = permission.words;
    } else if (*permission.allowed) {
      ++allowed;
    } else {
      checks.Warn("permissions", "you may not " + permission.words,
                  "needed by " + permission.wanted_by + "; ask for it in a Role");
    }
  }
  if (!unknown.empty()) {
    checks.Warn("permissions", "the server does not say what you may",
                "if a verb is refused, its message names the permission");
  } else if (allowed == evidence.permissions.size()) {
    checks.Ok("permissions", "you may do what this program asks for");
  }
}

void CheckStorage(const Evidence& evidence, Checks& checks) {
  bool default_class = false;
  for (const Json& storage_class : evidence.storage_classes.items) {
    default_class |= Str(storage_class, {"metadata", "annotations",
                                         "storageclass.kubernetes.io/is-default-class"}) == "true";
  }
  bool pending = false;
  for (const Json& claim : evidence.claims.items) {
    const std::string phase = Str(claim, {"status", "phase"});
    if (phase == "Bound") continue;
    pending = true;
    checks.Fail("storage",
                "claim " + object::Name(claim) + " is " + (phase.empty() ? "new" : phase),
                "kubectl describe pvc " + object::Name(claim) + " says what it waits for");
  }
  if (!evidence.storage_classes.problem.empty()) {
    return checks.Warn("storage", "classes not read: " + evidence.storage_classes.problem, "");
  }
  if (!default_class) {
    return checks.Warn("storage", "the cluster has no default storage class",
                       "set spec.storage.storageClassName, or storage.type: EmptyDir for a cache");
  }
  if (!pending) {
    checks.Ok("storage", std::to_string(evidence.claims.items.size()) +
                             " claims are bound; there is a default class");
  }
}

void CheckClocks(const Evidence& evidence, Checks& checks) {
  bool well = true;
  if (evidence.api_time_us >= 0) {
    // The API says whole seconds.
    const int64_t skew_us = std::abs(evidence.now_us - evidence.api_time_us) - kSecondUs;
    if (skew_us > kClockSkewUs) {
      well = false;
      checks.Warn(
          "clocks",
          "this machine and the API server are " + std::to_string(skew_us / kSecondUs) + " s apart",
          "run an NTP client on both; ages and logs read wrong until then");
    }
  }
  int64_t newest_us = -1;
  for (const Json& lease : evidence.node_leases.items) {
    newest_us = std::max(newest_us, k8s::ParseTime(Str(lease, {"spec", "renewTime"})));
  }
  for (const Json& lease : evidence.node_leases.items) {
    const int64_t renewed_us = k8s::ParseTime(Str(lease, {"spec", "renewTime"}));
    const int64_t now_us = evidence.api_time_us >= 0 ? evidence.api_time_us : newest_us;
    const std::string name = object::Name(lease);
    if (renewed_us > now_us + kClockSkewUs) {
      well = false;
      checks.Warn("clocks", "the clock of machine " + name + " is ahead by more than 5 s",
                  "run an NTP client there: an election takes clocks that stand still for late");
    } else if (now_us - renewed_us > kLeaseOldUs) {
      well = false;
      checks.Warn("clocks",
                  "machine " + name + " has not renewed its lease for " + Age(renewed_us, now_us),
                  "it is down, cut off, or its clock is behind: kubectl describe node " + name);
    }
  }
  if (well && evidence.node_leases.problem.empty() && evidence.api_time_us >= 0) {
    const size_t machines = evidence.node_leases.items.size();
    checks.Ok("clocks",
              (machines == 0 ? std::string("API server and this machine")
                             : "API server and " + std::to_string(machines) + " machines") +
                  " agree within 5 s");
  } else if (well) {
    checks.Warn("clocks",
                "not all could be read" + (evidence.node_leases.problem.empty()
                                               ? std::string()
                                               : ": " + evidence.node_leases.problem),
                "who may list leases in kube-node-lease sees the machines'");
  }
}

void CheckDns(const Evidence& evidence, Checks& checks) {
  if (!evidence.dns.problem.empty()) {
    return checks.Warn("dns", "not looked for: " + evidence.dns.problem, "");
  }
  size_t ready = 0;
  for (const Json& slice : evidence.dns.items) {
    for (const Json& endpoint : Items(slice, {"endpoints"})) {
      ready += object::Bool(endpoint, {"conditions", "ready"}, true) ? 1 : 0;
    }
  }
  if (ready > 0) {
    return checks.Ok("dns", "kube-dns has " + std::to_string(ready) + " endpoints");
  }
  checks.Fail("dns", "Service kube-dns in kube-system has no endpoints",
              "members find one another by name: look at CoreDNS, kubectl -n kube-system get pods");
}

bool Selects(const Json& selector, const Json& labels) {
  for (const auto& [key, value] : object::Map(selector, {"matchLabels"}).items()) {
    const Json* label = object::FindKey(labels, key);
    if (label == nullptr || *label != value) return false;
  }
  return Items(selector, {"matchExpressions"}).empty();
}

bool Restricts(const Json& policy, std::string_view type) {
  for (const Json& each : Items(policy, {"spec", "policyTypes"})) {
    if (each == std::string(type)) return true;
  }
  return false;
}

// Policies add up for what comes in, and ours lets in what is needed; what goes out is free unless
// somebody restricts it.
void CheckPolicies(const Evidence& evidence, const Subject& subject, Checks& checks) {
  if (subject.pods.empty() || !evidence.policies.problem.empty()) return;
  const Json& labels = object::Map(subject.pods[0], {"metadata", "labels"});
  bool restricted = false;
  for (const Json& policy : evidence.policies.items) {
    if (object::Namespace(policy) != object::Namespace(subject.redisha)) continue;
    if (!Restricts(policy, "Egress")) continue;
    if (!Selects(object::Map(policy, {"spec", "podSelector"}), labels)) continue;
    restricted = true;
    checks.Warn(
        "network",
        "NetworkPolicy " + object::Name(policy) + " restricts what the pods of " +
            object::Name(subject.redisha) + " may connect to",
        "they need each other (6379, 26379), DNS (53) and the API server; without the first "
        "two there is no failover, without the last no label");
  }
  if (!restricted) checks.Ok("network", "no policy restricts what its pods connect to");
}

void CheckPod(const Json& pod, const PodFacts& facts, Checks& checks) {
  const std::string name = object::Name(pod);
  const std::string phase = Str(pod, {"status", "phase"}, "Pending");
  if (!facts.problem.empty() && phase != "Running") {
    return checks.Warn("pod " + name, "it is " + phase + ", so it was not asked",
                       "kubectl describe pod " + name);
  }
  if (!facts.problem.empty()) {
    return checks.Warn("pod " + name, "not asked: " + facts.problem,
                       "kubectl describe pod " + name);
  }
  bool well = true;
  const auto warn = [&](const std::string& found, const std::string& next) {
    well = false;
    checks.Warn("pod " + name, found, next);
  };
  if (!facts.node_up)
    warn("its node does not answer its sentinel", "kubectl logs " + name + " -c node");
  if (!facts.hears_majority) {
    warn("its sentinel hears no majority of the members",
         "name resolution or a policy between the pods: kubectl logs " + name + " -c sentinel");
  }
  if (facts.strangers > 0) {
    warn(
        "somebody who is no member answers at " + std::to_string(facts.strangers) + " addresses",
        "a replaced Secret NAME-peer, or an address of another cluster: SENTINEL REPLICAS says why "
        "(`redisha cli NAME --sentinel`)");
  }
  if (facts.state_write_failing) {
    warn("its sentinel cannot write its state, so it gives no vote",
         "the data volume: kubectl logs " + name + " -c sentinel");
  }
  if (facts.cold_start_waiting) {
    warn("its sentinel waits for a copy that may be newer before anybody is made primary",
         "bring the missing pod back; docs/sentinel.md says how to do without");
  }
  if (facts.priority == 0) {
    warn("its replica-priority is 0: it is never promoted",
         "CONFIG SET replica-priority 100 there, unless you want it so");
  }
  if (well) checks.Ok("pod " + name, "node and sentinel are well, version " + facts.version);
}

void CheckSubject(const Evidence& evidence, const Subject& subject, Checks& checks) {
  const std::string name = object::Namespace(subject.redisha) + "/" + object::Name(subject.redisha);
  const Verdict verdict = Judge(subject);
  if (verdict.health == Health::kHealthy) {
    checks.Ok(name, "Ready");
  } else if (verdict.health == Health::kDegraded) {
    checks.Warn(name, verdict.word + ": " + verdict.reason,
                "kubectl describe redisha " + object::Name(subject.redisha));
  } else {
    const bool stalled = Str(Condition(subject.redisha, "Stalled"), {"status"}) == "True";
    checks.Fail(name, verdict.reason,
                stalled
                    ? "kubectl describe redisha " + object::Name(subject.redisha)
                    : "redisha logs " + object::Name(subject.redisha) + " -c sentinel --since 10m");
  }
  std::map<std::string, bool> images;
  for (const Json& pod : subject.pods) {
    for (const Json& container : Items(pod, {"spec", "containers"})) {
      const std::string which = Str(container, {"name"});
      if (which == "node" || which == "sentinel") images[Str(container, {"image"})] = true;
    }
    const auto facts = evidence.facts.find(object::Namespace(pod) + "/" + object::Name(pod));
    if (facts != evidence.facts.end()) CheckPod(pod, facts->second, checks);
  }
  if (images.size() > 1) {
    checks.Warn(
        name, "its pods run " + std::to_string(images.size()) + " different images",
        "an update is under way or has stopped: redisha status " + object::Name(subject.redisha));
  }
  CheckPolicies(evidence, subject, checks);
}

const char* Mark(Level level) {
  return level == Level::kOk ? "ok  " : level == Level::kWarn ? "warn" : "FAIL";
}

}  // namespace

std::vector<Check> Diagnose(const Evidence& evidence) {
  Checks checks;
  // The one-machine Kubernetes has neither classes of storage nor a name server to be looked at.
  const bool local =
      Str(evidence.version, {"gitVersion"}).find("+redisha-local") != std::string::npos;
  CheckServer(evidence, checks);
  CheckDefinition(evidence, checks);
  CheckOperator(evidence, checks);
  CheckPermissions(evidence, checks);
  if (!local) CheckStorage(evidence, checks);
  CheckClocks(evidence, checks);
  if (!local) CheckDns(evidence, checks);
  for (const Subject& subject : evidence.subjects) CheckSubject(evidence, subject, checks);
  return checks.Take();
}

std::string ChecksText(const std::vector<Check>& checks) {
  size_t width = 0;
  for (const Check& check : checks) width = std::max(width, check.what.size());
  std::string text;
  for (const Check& check : checks) {
    text += std::string(Mark(check.level)) + "  " + check.what +
            std::string(width - check.what.size() + 2, ' ') + check.found + "\n";
    if (!check.next.empty()) text += std::string(6 + width + 2, ' ') + "→ " + check.next + "\n";
  }
  return text;
}

Json ChecksJson(const std::vector<Check>& checks) {
  Json list = Json::array();
  for (const Check& check : checks) {
    const char* level = check.level == Level::kOk     ? "ok"
                        : check.level == Level::kWarn ? "warn"
                                                      : "fail";
    list.push_back(
        {{"level", level}, {"what", check.what}, {"found", check.found}, {"next", check.next}});
  }
  return {{"checks", std::move(list)}};
}

int ExitCodeOf(const std::vector<Check>& checks) {
  Level worst = Level::kOk;
  for (const Check& check : checks) worst = std::max(worst, check.level);
  return worst == Level::kOk ? 0 : worst == Level::kWarn ? 3 : 4;
}

}  // namespace rha::cli
