#include "local/object/field_type.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::object {
namespace {

// Lists that merge, from the patchMergeKey and listMapKey tags of k8s.io/api. A row with a parent
// holds only below it.
struct ListRow {
  std::string_view parent, field;
  std::string_view keys;       // "": a set of scalars
  std::string_view patch_key;  // "": replaced by a strategic merge patch
};
constexpr std::array kLists = {
    ListRow{"", "conditions", "type", "type"},
    ListRow{"", "containers", "name", "name"},
    ListRow{"", "initContainers", "name", "name"},
    ListRow{"", "ephemeralContainers", "name", "name"},
    ListRow{"", "env", "name", "name"},
    ListRow{"containers", "ports", "containerPort protocol", "containerPort"},
    ListRow{"initContainers", "ports", "containerPort protocol", "containerPort"},
    ListRow{"spec", "ports", "port protocol", "port"},
    ListRow{"", "volumes", "name", "name"},
    ListRow{"", "volumeMounts", "mountPath", "mountPath"},
    ListRow{"", "volumeDevices", "devicePath", "devicePath"},
    ListRow{"", "imagePullSecrets", "name", "name"},
    ListRow{"", "secrets", "name", "name"},
    ListRow{"", "hostAliases", "ip", "ip"},
    ListRow{"", "topologySpreadConstraints", "topologyKey whenUnsatisfiable", "topologyKey"},
    ListRow{"", "resourceClaims", "name", "name"},
    ListRow{"status", "addresses", "type", "type"},
    ListRow{"status", "podIPs", "ip", "ip"},
    ListRow{"metadata", "ownerReferences", "uid", "uid"},
    ListRow{"metadata", "finalizers", "", "."},
};

constexpr std::array<std::string_view, 13> kAtomicMaps = {
    "selector",        "labelSelector", "nodeSelector",     "namespaceSelector", "podSelector",
    "configMapKeyRef", "secretKeyRef",  "resourceFieldRef", "fieldRef",          "involvedObject",
    "claimRef",        "roleRef",       "regarding"};

const ListRow* FindList(std::string_view parent, std::string_view field) {
  for (const auto& row : kLists) {
    if (row.field == field && (row.parent.empty() || row.parent == parent)) return &row;
  }
  return nullptr;
}

std::vector<std::string> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    words.emplace_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  }
  return words;
}

const Json kNothing = nullptr;

}  // namespace

FieldType FieldType::Custom(const Json* schema) {
  FieldType type;
  type.custom_ = true;
  type.schema_ = schema;
  return type;
}

FieldType FieldType::Field(std::string_view key) const {
  FieldType type;
  if (custom_ && !(name_.empty() && key == "metadata")) {
    type.custom_ = true;
    if (schema_ != nullptr) {
      type.schema_ = Find(*schema_, {"properties", key});
      if (type.schema_ == nullptr) type.schema_ = Find(*schema_, {"additionalProperties"});
    }
  }
  type.name_ = key;
  type.parent_ = name_;
  return type;
}

FieldType FieldType::Item() const {
  FieldType type = *this;
  if (custom_ && schema_ != nullptr) type.schema_ = Find(*schema_, {"items"});
  return type;
}

ListKind FieldType::list_kind() const {
  if (custom_) {
    const std::string kind = schema_ == nullptr ? "" : Str(*schema_, {"x-kubernetes-list-type"});
    if (kind == "map") return ListKind::kMap;
    return kind == "set" ? ListKind::kSet : ListKind::kAtomic;
  }
  const ListRow* row = FindList(parent_, name_);
  if (row == nullptr) return ListKind::kAtomic;
  return row->keys.empty() ? ListKind::kSet : ListKind::kMap;
}

std::vector<std::string> FieldType::list_keys() const {
  std::vector<std::string> keys;
  if (custom_) {
    for (const auto& key :
         Items(schema_ == nullptr ? kNothing : *schema_, {"x-kubernetes-list-map-keys"})) {
      if (key.is_string()) keys.push_back(key.get<std::string>());
    }
    return keys;
  }
  const ListRow* row = FindList(parent_, name_);
  return row == nullptr ? keys : SplitWords(row->keys);
}

bool FieldType::atomic_map() const {
  if (custom_) return schema_ != nullptr && Str(*schema_, {"x-kubernetes-map-type"}) == "atomic";
  return std::find(kAtomicMaps.begin(), kAtomicMaps.end(), name_) != kAtomicMaps.end();
}

std::string FieldType::patch_merge_key() const {
  if (custom_) return "";
  const ListRow* row = FindList(parent_, name_);
  return row == nullptr ? "" : std::string(row->patch_key);
}

}  // namespace rha::local::object
