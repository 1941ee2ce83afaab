#include "operator/reconcile/scale.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "operator/desired/names.h"

namespace rha::op::reconcile {
namespace {

int Majority(int voters) { return voters / 2 + 1; }

// The most voters for whom `pods` pods are still a majority.
int VotersFor(int pods) { return std::max(2 * pods - 1, 3); }

ScaleStep Grow(int wanted, const ScaleFacts& facts) {
  const auto [pods, voters] = facts.now;
  if (!facts.settled) return facts.now;
  if (voters > wanted) return {pods, wanted};
  if (voters > pods) return {voters, voters};
  return {pods, std::min(wanted, VotersFor(pods))};
}

ScaleStep Shrink(int wanted, const ScaleFacts& facts) {
  const auto [pods, voters] = facts.now;
  if (wanted == 1) return {1, 1};
  // Taking pods away may be what mends a set that cannot settle, so it waits for nothing.
  const int fewer = std::max(wanted, Majority(voters));
  if (fewer < pods) return {fewer, voters};
  return facts.settled ? ScaleStep{pods, pods} : facts.now;
}

}  // namespace

std::optional<ScaleFacts> ReadScale(const Observed& observed) {
  const k8s::ObjectPtr set = observed.StatefulSet();
  if (!set) return std::nullopt;
  ScaleFacts facts;
  facts.now.pods = static_cast<int>(k8s::IntAt(*set, "spec.replicas"));
  facts.now.voters = facts.now.pods;
  const std::string voters = k8s::AnnotationOf(*set, desired::kAnnotationVoters);
  std::from_chars(voters.data(), voters.data() + voters.size(), facts.now.voters);

  const int pods = facts.now.pods;
  const auto count = [&set](const char* path) { return static_cast<int>(k8s::IntAt(*set, path)); };
  const bool rolled =
      k8s::IntAt(*set, "status.observedGeneration") >= k8s::IntAt(*set, "metadata.generation") &&
      count("status.updatedReplicas") == pods && count("status.replicas") == pods;
  const auto sentinels =
      std::count_if(observed.pods.begin(), observed.pods.end(),
                    [](const PodView& pod) { return pod.sentinel_ready && !pod.deleting; });
  // Fewer pods than a majority cannot be ready: then it is enough that they run.
  const bool fine =
      pods < Majority(facts.now.voters) ? sentinels >= pods : count("status.readyReplicas") == pods;
  facts.settled = rolled && fine;
  return facts;
}

ScaleStep NextStep(int wanted, const std::optional<ScaleFacts>& facts) {
  if (!facts) return {wanted, wanted};
  if (facts->now == ScaleStep{wanted, wanted}) return facts->now;
  return wanted > facts->now.pods ? Grow(wanted, *facts) : Shrink(wanted, *facts);
}

}  // namespace rha::op::reconcile
