#include "operator/reconcile/drift.h"

#include <nlohmann/json.hpp>

#include "operator/desired/desired.h"

namespace rha::op::reconcile {
namespace {

k8s::Json Project(const k8s::Json& desired, const k8s::Json& observed) {
  if (desired.is_object() && observed.is_object()) {
    k8s::Json projection = k8s::Json::object();
    for (const auto& [key, value] : desired.items()) {
      const auto found = observed.find(key);
      if (found != observed.end()) projection[key] = Project(value, *found);
    }
    return projection;
  }
  if (desired.is_array() && observed.is_array() && desired.size() == observed.size()) {
    k8s::Json projection = k8s::Json::array();
    for (size_t i = 0; i < desired.size(); ++i) {
      projection.push_back(Project(desired[i], observed[i]));
    }
    return projection;
  }
  return observed;
}

}  // namespace

bool Covers(const k8s::Json& desired, const k8s::Json& observed) {
  return Project(desired, observed) == desired;
}

std::string Fingerprint(const k8s::Json& desired, const k8s::Json& observed) {
  return desired::Hash(k8s::DumpJson(Project(desired, observed)));
}

}  // namespace rha::op::reconcile
