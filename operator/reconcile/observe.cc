#include "operator/reconcile/observe.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "operator/desired/names.h"

namespace rha::op::reconcile {
namespace {

bool HasTrueCondition(const k8s::Json& pod, std::string_view type) {
  const k8s::Json* conditions = k8s::Find(pod, "status.conditions");
  if (conditions == nullptr || !conditions->is_array()) return false;
  for (const k8s::Json& condition : *conditions) {
    if (k8s::StringAt(condition, "type") == type) {
      return k8s::StringAt(condition, "status") == "True";
    }
  }
  return false;
}

bool IsContainerReady(const k8s::Json& pod, std::string_view name) {
  const k8s::Json* statuses = k8s::Find(pod, "status.containerStatuses");
  if (statuses == nullptr || !statuses->is_array()) return false;
  for (const k8s::Json& status : *statuses) {
    if (k8s::StringAt(status, "name") == name) return k8s::BoolAt(status, "ready");
  }
  return false;
}

int VotersOf(const k8s::Json& pod) {
  int voters = 0;
  const std::string text = k8s::AnnotationOf(pod, desired::kAnnotationVoters);
  std::from_chars(text.data(), text.data() + text.size(), voters);
  return voters;
}

void Copy(const k8s::Json& from, const char* key, k8s::Json* to) {
  const auto found = from.find(key);
  if (found != from.end()) (*to)[key] = *found;
}

}  // namespace

PodView ViewPod(const k8s::Json& pod) {
  return {.name = k8s::StringAt(pod, "metadata.name"),
          .role = k8s::LabelOf(pod, desired::kLabelRole),
          .node = k8s::StringAt(pod, "spec.nodeName"),
          .voters = VotersOf(pod),
          .waits_for = k8s::AnnotationOf(pod, desired::kAnnotationWaitsFor),
          .ready = HasTrueCondition(pod, "Ready"),
          .sentinel_ready = IsContainerReady(pod, "sentinel"),
          .deleting = !k8s::StringAt(pod, "metadata.deletionTimestamp").empty()};
}

k8s::Json SlimPod(const k8s::Json& pod) {
  k8s::Json slim = k8s::Json::object();
  if (const k8s::Json* metadata = k8s::Find(pod, "metadata"); metadata && metadata->is_object()) {
    for (const char* key : {"name", "namespace", "uid", "labels", "resourceVersion",
                            "ownerReferences", "deletionTimestamp"}) {
      Copy(*metadata, key, &slim["metadata"]);
    }
    for (const auto name : {desired::kAnnotationVoters, desired::kAnnotationWaitsFor}) {
      const std::string value = k8s::AnnotationOf(pod, name);
      if (!value.empty()) slim["metadata"]["annotations"][std::string(name)] = value;
    }
  }
  const std::string node = k8s::StringAt(pod, "spec.nodeName");
  if (!node.empty()) slim["spec"]["nodeName"] = node;
  for (const std::string list : {"conditions", "containerStatuses"}) {
    const k8s::Json* from = k8s::Find(pod, "status." + list);
    if (from == nullptr || !from->is_array()) continue;
    for (const k8s::Json& element : *from) {
      if (!element.is_object()) continue;
      k8s::Json kept = k8s::Json::object();
      for (const char* key : {"type", "status", "name", "ready"}) Copy(element, key, &kept);
      slim["status"][list].push_back(std::move(kept));
    }
  }
  return slim;
}

k8s::ObjectPtr Observed::StatefulSet() const {
  for (const auto& [key, object] : children) {
    if (key.kind == k8s::kStatefulSets.kind) return object;
  }
  return nullptr;
}

}  // namespace rha::op::reconcile
