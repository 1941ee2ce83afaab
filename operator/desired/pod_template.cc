#include "operator/desired/pod_template.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace rha::op::desired {
namespace {

std::string_view MergeKey(std::string_view list) {
  struct Row {
    std::string_view list;
    std::string_view key;
  };
  static constexpr Row kRows[] = {{"containers", "name"},
                                  {"initContainers", "name"},
                                  {"volumes", "name"},
                                  {"env", "name"},
                                  {"imagePullSecrets", "name"},
                                  {"volumeMounts", "mountPath"},
                                  {"volumeDevices", "devicePath"},
                                  {"ports", "containerPort"},
                                  {"hostAliases", "ip"},
                                  {"topologySpreadConstraints", "topologyKey"}};
  for (const Row& row : kRows) {
    if (row.list == list) return row.key;
  }
  return {};
}

void MergeList(std::string_view key, const k8s::Json& overlay, k8s::Json* base) {
  for (const k8s::Json& element : overlay) {
    k8s::Json* same = nullptr;
    if (element.is_object() && element.contains(key)) {
      for (k8s::Json& candidate : *base) {
        if (candidate.is_object() && candidate.contains(key) &&
            candidate[std::string(key)] == element[std::string(key)]) {
          same = &candidate;
        }
      }
    }
    if (same == nullptr) {
      base->push_back(element);
    } else {
      MergePodTemplate(element, same);
    }
  }
}

}  // namespace

void MergePodTemplate(const k8s::Json& overlay, k8s::Json* base) {
  for (const auto& [name, value] : overlay.items()) {
    if (value.is_null()) {
      base->erase(name);
      continue;
    }
    const auto mine = base->find(name);
    if (mine == base->end()) {
      (*base)[name] = value;
    } else if (value.is_object() && mine->is_object()) {
      MergePodTemplate(value, &*mine);
    } else if (value.is_array() && mine->is_array() && !MergeKey(name).empty()) {
      MergeList(MergeKey(name), value, &*mine);
    } else {
      *mine = value;
    }
  }
}

}  // namespace rha::op::desired
