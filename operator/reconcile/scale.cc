#include "operator/reconcile/scale.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "operator/api/redisha.h"
#include "operator/desired/names.h"

namespace rha::op::reconcile {
namespace {

int Majority(int voters) { return voters / 2 + 1; }

// -1: its name is not that of a set's pod.
int OrdinalOf(const PodView& pod) {
  int ordinal = -1;
  const char* end = pod.name.data() + pod.name.size();
  std::from_chars(pod.name.data() + pod.name.rfind('-') + 1, end, ordinal);
  return ordinal;
}

// A set that was deleted leaves its volumes to the next one, or its pods, too (kubectl delete
// --cascade=orphan). That one takes them over as they are, before any step is taken.
std::optional<ScaleFacts> ReadLeftovers(const Observed& observed) {
  ScaleFacts facts;
  for (const PodView& pod : observed.pods) {
    const bool of_the_set =
        observed.redisha &&
        pod.name == k8s::KeyOf(*observed.redisha).name + "-" + std::to_string(OrdinalOf(pod));
    if (!of_the_set || OrdinalOf(pod) >= api::kReplicasMax) continue;
    facts.now.pods = std::max(facts.now.pods, OrdinalOf(pod) + 1);
    facts.now.voters = std::max(facts.now.voters, std::min(pod.voters, api::kReplicasMax));
  }
  // Sentinels that run know best whose votes count; their list is changed in steps alone.
  const bool told = facts.now.voters > 0;
  const int claimed = std::min(observed.claimed_pods, told ? facts.now.voters : api::kReplicasMax);
  facts.now.pods = std::max(facts.now.pods, claimed);
  if (facts.now.pods == 0) return std::nullopt;
  if (!told) facts.now.voters = facts.now.pods;
  facts.until_settled = facts.until_ready = facts.until_spare =
      "pods and volumes to be taken over by a new StatefulSet";
  return facts;
}

// `last_counts`: what the pod with the highest ordinal knows matters even if it is not ready.
std::string Unsettled(const k8s::Json& set, const Observed& observed, const ScaleStep& now,
                      bool last_counts) {
  const auto count = [&set](const char* path) { return static_cast<int>(k8s::IntAt(set, path)); };
  const bool rolled =
      k8s::IntAt(set, "status.observedGeneration") >= k8s::IntAt(set, "metadata.generation") &&
      count("status.updatedReplicas") == now.pods && count("status.replicas") == now.pods;
  if (!rolled) return "the pods of the newest revision to be there";
  if (static_cast<int>(observed.pods.size()) != now.pods) {
    return std::to_string(now.pods) + " pods, there are " + std::to_string(observed.pods.size());
  }
  for (const PodView& pod : observed.pods) {
    if (pod.deleting) return pod.name + " to end";
    if (pod.voters != now.voters && (last_counts || pod.ready || OrdinalOf(pod) < now.pods - 1)) {
      return pod.name + " to take over the list of " + std::to_string(now.voters) + " voters";
    }
  }
  return {};
}

std::string Unready(const Observed& observed) {
  for (const PodView& pod : observed.pods) {
    if (!pod.ready) return pod.name + " to be ready";
  }
  return {};
}

// Why the pod with the highest ordinal cannot be spared.
std::string Needed(const k8s::Json& set, const Observed& observed, const ScaleStep& now) {
  if (std::string why = Unsettled(set, observed, now, false); !why.empty()) return why;
  int ready_to_stay = 0;
  const PodView* primary = nullptr;
  for (const PodView& pod : observed.pods) {
    ready_to_stay += pod.ready && OrdinalOf(pod) < now.pods - 1;
    if (pod.role != desired::kRolePrimary) continue;
    if (primary != nullptr) return "one primary instead of two";
    primary = &pod;
  }
  // With one pod left of two voters there is no majority; the voter goes next.
  const int needed = std::min(now.pods - 1, Majority(now.voters));
  if (primary == nullptr) return "a primary to be elected";
  if (!primary->ready) return "the primary " + primary->name + " to be ready";
  if (ready_to_stay < needed) {
    return std::to_string(needed) + " of the pods that stay to be ready, " +
           std::to_string(ready_to_stay) + " are";
  }
  return {};
}

}  // namespace

std::optional<ScaleFacts> ReadScale(const Observed& observed) {
  const k8s::ObjectPtr set = observed.StatefulSet();
  if (!set) return ReadLeftovers(observed);
  ScaleFacts facts;
  facts.now.pods = static_cast<int>(k8s::IntAt(*set, "spec.replicas"));
  facts.now.voters = facts.now.pods;
  const std::string voters = k8s::AnnotationOf(*set, desired::kAnnotationVoters);
  std::from_chars(voters.data(), voters.data() + voters.size(), facts.now.voters);
  facts.until_settled = Unsettled(*set, observed, facts.now, true);
  facts.until_ready = Unready(observed);
  facts.until_spare = Needed(*set, observed, facts.now);
  return facts;
}

ScalePlan NextStep(int wanted, const std::optional<ScaleFacts>& facts) {
  if (!facts) return {{wanted, wanted}, {}};
  const auto [pods, voters] = facts->now;
  const auto step_once = [&facts](const std::string& until, ScaleStep next) {
    return until.empty() ? ScalePlan{next, {}} : ScalePlan{facts->now, until};
  };
  if (pods == voters && pods == wanted) return {facts->now, {}};
  if (pods == voters && pods > wanted) return step_once(facts->until_spare, {pods - 1, voters});
  if (!facts->until_settled.empty()) return {facts->now, facts->until_settled};
  // Until its pod is there, a new voter is missing from every majority.
  if (pods == voters) return step_once(facts->until_ready, {pods, voters + 1});
  // A pod without a vote, or a vote without its pod: what was begun ends first, or turns back.
  if (pods > voters) return {{pods, voters + 1}, {}};
  return wanted < voters ? ScalePlan{{pods, voters - 1}, {}} : ScalePlan{{pods + 1, voters}, {}};
}

}  // namespace rha::op::reconcile
