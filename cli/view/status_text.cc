#include "cli/view/status_text.h"

#include <algorithm>

#include "cli/view/text.h"
#include "common/k8s/json.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Int;
using object::Items;
using object::Str;

std::string Fraction(int64_t part, int64_t whole) {
  return std::to_string(part) + "/" + std::to_string(whole);
}

std::string PrimaryName(const Subject& subject) {
  const Json* primary = PrimaryOf(subject);
  return primary == nullptr ? "-" : object::Name(*primary);
}

int64_t ReadyPods(const Subject& subject) {
  return std::count_if(subject.pods.begin(), subject.pods.end(), IsReady);
}

std::string Quorum(const Json& redisha) {
  const Json& quorum = object::Map(redisha, {"status", "quorum"});
  if (quorum.empty()) return "-";
  return Fraction(Int(quorum, {"reachable"}), Int(quorum, {"voters"}));
}

std::string Created(const Json& thing, int64_t now_us) {
  return AgeOf(Str(thing, {"metadata", "creationTimestamp"}), now_us);
}

std::string LastFailover(const Json& redisha, int64_t now_us) {
  const std::string time = Str(redisha, {"status", "lastFailover", "observedTime"});
  return time.empty() ? "never" : AgeOf(time, now_us) + " ago";
}

std::vector<std::string> PodRow(const Json& pod, int64_t now_us) {
  int64_t ready = 0, restarts = 0;
  const Json& statuses = Items(pod, {"status", "containerStatuses"});
  for (const Json& status : statuses) {
    ready += object::Bool(status, {"ready"}) ? 1 : 0;
    restarts += Int(status, {"restartCount"});
  }
  const bool going = !Str(pod, {"metadata", "deletionTimestamp"}).empty();
  const std::string role = RoleOf(pod);
  return {"  " + object::Name(pod),
          role.empty() ? "-" : role,
          Fraction(ready, static_cast<int64_t>(Items(pod, {"spec", "containers"}).size())),
          going ? "Terminating" : Str(pod, {"status", "phase"}, "Pending"),
          std::to_string(restarts),
          Str(pod, {"status", "podIP"}, "-"),
          Str(pod, {"spec", "nodeName"}, "-"),
          Created(pod, now_us)};
}

// Whether a condition is news: that nothing is wrong is not.
bool TellsSomething(const Json& condition) {
  static constexpr std::string_view kBadWhenTrue[] = {
      "Degraded", "Progressing", "ConfigurationWarning", "UpdateAvailable", "Stalled"};
  const std::string type = Str(condition, {"type"});
  if (type == "Reconciling") return false;  // says what Progressing says
  const bool bad_when_true =
      std::find(std::begin(kBadWhenTrue), std::end(kBadWhenTrue), type) != std::end(kBadWhenTrue);
  return (Str(condition, {"status"}) == "True") == bad_when_true;
}

}  // namespace

std::string StatusTable(const std::vector<Subject>& subjects, const StatusStyle& style,
                        int64_t now_us) {
  std::vector<std::vector<std::string>> rows(1);
  if (style.namespaces) rows[0].push_back("NAMESPACE");
  for (const char* head :
       {"NAME", "STATUS", "PRIMARY", "READY", "QUORUM", "LAST FAILOVER", "AGE"}) {
    rows[0].push_back(head);
  }
  if (style.wide) {
    for (const char* head : {"FAILOVERS", "MASTER NAME", "IMAGE", "MESSAGE"}) {
      rows[0].push_back(head);
    }
  }
  for (const Subject& subject : subjects) {
    const Json& redisha = subject.redisha;
    const Verdict verdict = Judge(subject);
    auto& row = rows.emplace_back();
    if (style.namespaces) row.push_back(object::Namespace(redisha));
    row.insert(row.end(),
               {object::Name(redisha), verdict.word, PrimaryName(subject),
                Fraction(ReadyPods(subject), Int(redisha, {"spec", "replicas"}, 3)),
                Quorum(redisha), LastFailover(redisha, now_us), Created(redisha, now_us)});
    if (!style.wide) continue;
    row.insert(row.end(), {std::to_string(Int(redisha, {"status", "failoverCount"})),
                           Str(redisha, {"status", "endpoints", "masterName"}, "-"),
                           Str(redisha, {"status", "image"}, "-"), verdict.reason});
  }
  return Table(rows);
}

std::string StatusDetails(const Subject& subject, int64_t now_us) {
  const Json& redisha = subject.redisha;
  const Verdict verdict = Judge(subject);
  std::string text =
      "RedisHA " + object::Namespace(redisha) + "/" + object::Name(redisha) + ": " + verdict.word;
  text += verdict.reason.empty() ? "\n" : " (" + verdict.reason + ")\n";
  const std::string since = Str(redisha, {"status", "primarySince"});
  const bool agreed = Str(redisha, {"status", "currentPrimary"}) == PrimaryName(subject);
  std::vector<std::vector<std::string>> facts = {
      {"  primary",
       PrimaryName(subject) + (agreed && !since.empty() ? ", since " + AgeOf(since, now_us) : "")},
      {"  failovers", std::to_string(Int(redisha, {"status", "failoverCount"})) +
                          ", last: " + LastFailover(redisha, now_us)},
      {"  quorum", Quorum(redisha) + " sentinels, " +
                       std::to_string(Int(redisha, {"status", "quorum", "required"})) +
                       " must agree"}};
  for (const auto& [label, key] : {std::pair{"  writes", "primary"},
                                   {"  reads", "replicas"},
                                   {"  sentinels", "sentinel"},
                                   {"  master name", "masterName"},
                                   {"  password", "authSecret"}}) {
    const std::string value = Str(redisha, {"status", "endpoints", key});
    if (!value.empty()) {
      facts.push_back({label, key == std::string("authSecret") ? "Secret " + value : value});
    }
  }
  text += Table(facts) + "\n";
  std::vector<std::vector<std::string>> rows = {
      {"  POD", "ROLE", "READY", "PHASE", "RESTARTS", "IP", "NODE", "AGE"}};
  for (const Json& pod : subject.pods) rows.push_back(PodRow(pod, now_us));
  text += Table(rows);
  bool first = true;
  for (const Json& condition : Items(redisha, {"status", "conditions"})) {
    if (!TellsSomething(condition)) continue;
    text += (first ? "\n  " : "  ") + Str(condition, {"type"}) + "=" + Str(condition, {"status"}) +
            " " + Str(condition, {"reason"}) + ": " + Str(condition, {"message"}) + "\n";
    first = false;
  }
  return text;
}

Json StatusJson(const Subject& subject) {
  const Verdict verdict = Judge(subject);
  const Json* primary = PrimaryOf(subject);
  Json out = {{"health", verdict.word},
              {"reason", verdict.reason},
              {"primary", primary == nullptr ? Json() : Json(object::Name(*primary))},
              {"redisha", subject.redisha},
              {"pods", subject.pods}};
  k8s::DropManagedFields(&out["redisha"]);
  for (Json& pod : out["pods"]) k8s::DropManagedFields(&pod);
  return out;
}

Health WorstOf(const std::vector<Subject>& subjects) {
  Health worst = Health::kHealthy;
  for (const Subject& subject : subjects) worst = std::max(worst, Judge(subject).health);
  return worst;
}

}  // namespace rha::cli
