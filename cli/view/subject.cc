#include "cli/view/subject.h"

#include <algorithm>
#include <tuple>

#include "cli/view/names.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Int;
using object::Items;
using object::Str;

// demo-10 comes behind demo-9.
auto Order(const Json& pod) {
  const std::string name = object::Name(pod);
  const size_t dash = name.rfind('-');
  const std::string ordinal = dash == std::string::npos ? "" : name.substr(dash + 1);
  return std::tuple(name.substr(0, dash), ordinal.size(), ordinal);
}

bool IsTrue(const Json& redisha, std::string_view type) {
  return Str(Condition(redisha, type), {"status"}) == "True";
}

}  // namespace

std::string RoleOf(const Json& pod) { return Str(pod, {"metadata", "labels", kLabelRole}); }

bool IsReady(const Json& pod) {
  for (const Json& condition : Items(pod, {"status", "conditions"})) {
    if (Str(condition, {"type"}) == "Ready") return Str(condition, {"status"}) == "True";
  }
  return false;
}

bool IsPrimary(const Json& pod) {
  return RoleOf(pod) == "primary" && Str(pod, {"metadata", "deletionTimestamp"}).empty();
}

const Json& Condition(const Json& redisha, std::string_view type) {
  static const Json kNone = Json::object();
  for (const Json& condition : Items(redisha, {"status", "conditions"})) {
    if (Str(condition, {"type"}) == type) return condition;
  }
  return kNone;
}

const Json* PrimaryOf(const Subject& subject) {
  const Json* found = nullptr;
  for (const Json& pod : subject.pods) {
    if (IsPrimary(pod) && (found == nullptr || IsReady(pod))) found = &pod;
  }
  return found;
}

std::vector<Subject> Subjects(const Json& redishas, const Json& pods) {
  std::vector<Subject> subjects;
  for (const Json& redisha : redishas) {
    Subject& subject = subjects.emplace_back(Subject{redisha, {}});
    for (const Json& pod : pods) {
      const bool mine = Str(pod, {"metadata", "labels", kLabelInstance}) == object::Name(redisha) &&
                        object::Namespace(pod) == object::Namespace(redisha);
      if (mine) subject.pods.push_back(pod);
    }
    std::sort(subject.pods.begin(), subject.pods.end(),
              [](const Json& a, const Json& b) { return Order(a) < Order(b); });
  }
  return subjects;
}

Verdict Judge(const Subject& subject) {
  const Json& redisha = subject.redisha;
  const auto serving = std::count_if(subject.pods.begin(), subject.pods.end(), [](const Json& pod) {
    return IsPrimary(pod) && IsReady(pod);
  });
  const auto ready = std::count_if(subject.pods.begin(), subject.pods.end(), IsReady);
  const bool fresh = Int(redisha, {"status", "observedGeneration"}) ==
                     Int(redisha, {"metadata", "generation"}, -1);
  if (serving > 1) {
    return {Health::kDown, "Down",
            "more than one pod is labelled primary; a failover is under way"};
  }
  if (serving == 0) {
    // What waits for a person is the reason; that there is no primary is what comes of it.
    if (IsTrue(redisha, "Stalled")) {
      return {Health::kDown, "Down", Str(Condition(redisha, "Stalled"), {"message"})};
    }
    const std::string why = Str(Condition(redisha, "PrimaryAvailable"), {"message"});
    const bool stale = why.empty() || IsTrue(redisha, "PrimaryAvailable");
    return {Health::kDown, "Down", stale ? "no ready pod is labelled primary" : why};
  }
  if (!fresh) {
    return {Health::kDegraded, "Progressing",
            "the operator has not looked at generation " +
                std::to_string(Int(redisha, {"metadata", "generation"})) +
                " yet; if this stays, `redisha doctor` says whether it runs"};
  }
  const int64_t wanted = Int(redisha, {"spec", "replicas"}, 3);
  if (IsTrue(redisha, "Ready") && ready >= wanted) return {Health::kHealthy, "Ready", ""};
  const std::string text = Str(Condition(redisha, "Ready"), {"message"});
  const bool stale = text.empty() || IsTrue(redisha, "Ready");
  const bool expected = IsTrue(redisha, "Progressing") && !IsTrue(redisha, "Degraded");
  return {
      Health::kDegraded, expected ? "Progressing" : "Degraded",
      stale ? std::to_string(ready) + " of " + std::to_string(wanted) + " pods are ready" : text};
}

}  // namespace rha::cli
