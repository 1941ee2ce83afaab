#include "operator/reconcile/observe.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "operator/desired/names.h"
#include "operator/reconcile/limits.h"

namespace rha::op::reconcile {
namespace {

bool IsArray(const k8s::Json* list) { return list != nullptr && list->is_array(); }

bool HasTrueCondition(const k8s::Json& pod, std::string_view type) {
  const k8s::Json* conditions = k8s::Find(pod, "status.conditions");
  if (!IsArray(conditions)) return false;
  for (const k8s::Json& condition : *conditions) {
    if (k8s::StringAt(condition, "type") == type) {
      return k8s::StringAt(condition, "status") == "True";
    }
  }
  return false;
}

bool IsContainerReady(const k8s::Json& pod, std::string_view name) {
  const k8s::Json* statuses = k8s::Find(pod, "status.containerStatuses");
  if (!IsArray(statuses)) return false;
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

// The last lines of a text on one line: what a program says before it ends stands at the end.
std::string LastLines(std::string text) {
  if (text.size() > kLastWordsBytesMax) {
    text.erase(0, text.size() - kLastWordsBytesMax);
    text.erase(0, text.find('\n') + 1);  // whole lines, unless there is one only
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) {
    text.replace(at, 1, " | ");
  }
  return text;
}

// Why the kubelet does not start this container; empty: it does, or has not come to it yet.
std::string WhyNotStarted(const k8s::Json& container) {
  const std::string reason = k8s::StringAt(container, "state.waiting.reason");
  if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") return {};
  std::string why = "container " + k8s::StringAt(container, "name") + ": " + reason;
  std::string text = k8s::StringAt(container, "state.waiting.message");
  if (reason == "CrashLoopBackOff") {
    why +=
        ", it ended with " + std::to_string(k8s::IntAt(container, "lastState.terminated.exitCode"));
    text = k8s::StringAt(container, "lastState.terminated.message");
  }
  return text.empty() ? why : why + ": " + LastLines(std::move(text));
}

std::string WhyNotStartedPod(const k8s::Json& pod) {
  if (const k8s::Json* conditions = k8s::Find(pod, "status.conditions"); IsArray(conditions)) {
    for (const k8s::Json& condition : *conditions) {
      if (k8s::StringAt(condition, "type") == "PodScheduled" &&
          k8s::StringAt(condition, "reason") == "Unschedulable") {
        return "it cannot be scheduled: " + LastLines(k8s::StringAt(condition, "message"));
      }
    }
  }
  if (const k8s::Json* statuses = k8s::Find(pod, "status.containerStatuses"); IsArray(statuses)) {
    for (const k8s::Json& status : *statuses) {
      if (std::string why = WhyNotStarted(status); !why.empty()) return why;
    }
  }
  return {};
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
          .cannot_start = WhyNotStartedPod(pod),
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
    if (!IsArray(from)) continue;
    for (const k8s::Json& element : *from) {
      if (!element.is_object()) continue;
      k8s::Json kept = k8s::Json::object();
      for (const char* key : {"type", "status", "name", "ready"}) Copy(element, key, &kept);
      // Of those that say why a pod does not start, what they say.
      if (k8s::StringAt(element, "reason") == "Unschedulable") {
        for (const char* key : {"reason", "message"}) Copy(element, key, &kept);
      }
      if (!WhyNotStarted(element).empty()) {
        for (const char* key : {"state", "lastState"}) Copy(element, key, &kept);
      }
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
