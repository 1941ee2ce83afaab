// PodDisruptionBudget NAME: a drain takes one pod at a time.
#include <nlohmann/json.hpp>

#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::desired {
namespace {

constexpr int kFirstWithPolicyV1 = 21;
constexpr int kFirstWithEvictionPolicy = 27;
constexpr k8s::ResourceType kOldPodDisruptionBudgets{"policy", "v1beta1", "poddisruptionbudgets",
                                                     "PodDisruptionBudget"};

}  // namespace

const k8s::ResourceType& PodDisruptionBudgetType(const Inputs& inputs) {
  return inputs.server_minor >= kFirstWithPolicyV1 ? k8s::kPodDisruptionBudgets
                                                   : kOldPodDisruptionBudgets;
}

k8s::Json PodDisruptionBudget(const api::RedisHa& redisha, const Inputs& inputs) {
  k8s::Json object = NewChild(PodDisruptionBudgetType(inputs), redisha, redisha.key.name);
  object["spec"] = {{"maxUnavailable", 1},
                    {"selector", {{"matchLabels", SelectorLabels(redisha.key.name)}}}};
  // A pod that is not ready anyway must not hold up a drain.
  if (inputs.server_minor >= kFirstWithEvictionPolicy) {
    object["spec"]["unhealthyPodEvictionPolicy"] = "AlwaysAllow";
  }
  return object;
}

}  // namespace rha::op::desired
