#include "local/registry/validation.h"

#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/selector.h"
#include "local/schema/structural.h"

namespace rha::local::registry {
namespace {

using object::Bool;
using object::Cause;
using object::Find;
using object::Int;
using object::Items;
using object::Json;
using object::Map;
using object::Str;
using Causes = std::vector<Cause>;

constexpr size_t kNameBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;

bool LowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || text.size() > kLabelBytesMax) return false;
  if (!LowerOrDigit(text.front()) || !LowerOrDigit(text.back())) return false;
  for (const char c : text) {
    if (!LowerOrDigit(c) && c != '-') return false;
  }
  return true;
}

bool IsDnsSubdomain(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) return false;
  while (!text.empty()) {
    const size_t dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (label.empty() || !LowerOrDigit(label.front()) || !LowerOrDigit(label.back())) return false;
    for (const char c : label) {
      if (!LowerOrDigit(c) && c != '-') return false;
    }
    if (dot == std::string_view::npos) break;
    text = text.substr(dot + 1);
    if (text.empty()) return false;
  }
  return true;
}

bool IsLabelValue(std::string_view text) {
  if (text.size() > kLabelBytesMax) return false;
  for (const char c : text) {
    if (!isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') return false;
  }
  return text.empty() || (isalnum(static_cast<unsigned char>(text.front())) &&
                          isalnum(static_cast<unsigned char>(text.back())));
}

void Required(Causes& causes, const Json& object, object::Path path, const std::string& field) {
  const Json* value = Find(object, path);
  if (value == nullptr || value->is_null() || (value->is_structured() && value->empty()) ||
      (value->is_string() && value->get_ref<const std::string&>().empty())) {
    causes.push_back({"FieldValueRequired", "Required value", field});
  }
}

void CheckContainers(Causes& causes, const Json& spec, const std::string& path) {
  if (Items(spec, {"containers"}).empty()) {
    causes.push_back({"FieldValueRequired", "Required value", path + ".containers"});
  }
  for (const char* list : {"initContainers", "containers"}) {
    size_t i = 0;
    for (const auto& container : Items(spec, {list})) {
      const std::string at = path + "." + list + "[" + std::to_string(i++) + "]";
      Required(causes, container, {"name"}, at + ".name");
      Required(causes, container, {"image"}, at + ".image");
      for (const auto& mount : Items(container, {"volumeMounts"})) {
        bool known = false;
        for (const auto& volume : Items(spec, {"volumes"})) {
          known = known || Str(volume, {"name"}) == Str(mount, {"name"});
        }
        const bool claimed = path != "spec";  // a StatefulSet's claims become volumes of its pods
        if (!known && !claimed) {
          causes.push_back({"FieldValueNotFound", "Not found: \"" + Str(mount, {"name"}) + "\"",
                            at + ".volumeMounts.name"});
        }
      }
    }
  }
}

void CheckWorkload(Causes& causes, const Json& object) {
  const Json& spec = Map(object, {"spec"});
  Required(causes, spec, {"selector"}, "spec.selector");
  const Json& labels = Map(spec, {"template", "metadata", "labels"});
  if (!Map(spec, {"selector"}).empty() &&
      !object::FromLabelSelectorObject(Map(spec, {"selector"})).MatchesLabels(labels)) {
    causes.push_back(
        {"FieldValueInvalid",
         "Invalid value: " + object::Dump(labels) + ": `selector` does not match template `labels`",
         "spec.template.metadata.labels"});
  }
  if (Int(spec, {"replicas"}, 0) < 0) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + std::to_string(Int(spec, {"replicas"})) +
                          ": must be greater than or equal to 0",
                      "spec.replicas"});
  }
  CheckContainers(causes, Map(spec, {"template", "spec"}), "spec.template.spec");
}

void CheckService(Causes& causes, const Json& object) {
  const Json& spec = Map(object, {"spec"});
  const bool headless = Str(spec, {"clusterIP"}) == "None";
  if (!headless && Str(spec, {"type"}) != "ExternalName" && Items(spec, {"ports"}).empty()) {
    causes.push_back({"FieldValueRequired", "Required value", "spec.ports"});
  }
  size_t i = 0;
  for (const auto& port : Items(spec, {"ports"})) {
    const std::string at = "spec.ports[" + std::to_string(i++) + "]";
    const int64_t number = Int(port, {"port"});
    if (number < 1 || number > 65535) {
      causes.push_back(
          {"FieldValueInvalid",
           "Invalid value: " + std::to_string(number) + ": must be between 1 and 65535, inclusive",
           at + ".port"});
    }
    if (Items(spec, {"ports"}).size() > 1) Required(causes, port, {"name"}, at + ".name");
  }
}

void CheckDefinition(Causes& causes, const Json& object) {
  const Json& spec = Map(object, {"spec"});
  Required(causes, spec, {"group"}, "spec.group");
  Required(causes, spec, {"scope"}, "spec.scope");
  Required(causes, spec, {"names", "plural"}, "spec.names.plural");
  Required(causes, spec, {"names", "kind"}, "spec.names.kind");
  const std::string name = Str(spec, {"names", "plural"}) + "." + Str(spec, {"group"});
  if (object::Name(object) != name) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: \"" + object::Name(object) +
                          "\": must be spec.names.plural+\".\"+spec.group",
                      "metadata.name"});
  }
  size_t storage = 0, i = 0;
  for (const auto& version : Items(spec, {"versions"})) {
    storage += Bool(version, {"storage"}) ? 1 : 0;
    const std::string at = "spec.versions[" + std::to_string(i++) + "].schema.openAPIV3Schema";
    const Json* schema = Find(version, {"schema", "openAPIV3Schema"});
    if (schema == nullptr) {
      causes.push_back({"FieldValueRequired", "Required value: schemas are required", at});
      continue;
    }
    auto more = schema::CheckSchema(*schema, at);
    causes.insert(causes.end(), more.begin(), more.end());
  }
  if (storage != 1) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: must have exactly one version marked as storage version",
                      "spec.versions"});
  }
}

void Forbid(Causes& causes, const std::string& field, const std::string& why) {
  causes.push_back({"FieldValueForbidden", "Forbidden: " + why, field});
}

bool Same(const Json& before, const Json& after, object::Path path) {
  const Json *old = Find(before, path), *now = Find(after, path);
  return old == now || (old != nullptr && now != nullptr && *old == *now);
}

void CheckStatefulSetUpdate(Causes& causes, const Json& before, const Json& after) {
  Json old = Map(before, {"spec"}), now = Map(after, {"spec"});
  for (const char* field :
       {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}) {
    old.erase(field);
    now.erase(field);
  }
  if (old == now) return;
  Forbid(causes, "spec",
         "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
         "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
         "'minReadySeconds' are forbidden");
}

void CheckPodUpdate(Causes& causes, const Json& before, const Json& after) {
  Json old = Map(before, {"spec"}), now = Map(after, {"spec"});
  for (Json* spec : {&old, &now}) {
    for (const char* field :
         {"activeDeadlineSeconds", "tolerations", "nodeName", "terminationGracePeriodSeconds"}) {
      spec->erase(field);
    }
    for (const char* list : {"containers", "initContainers"}) {
      if (Find(*spec, {list}) == nullptr) continue;
      for (auto& container : (*spec)[list]) container.erase("image");
    }
  }
  if (old == now) return;
  Forbid(causes, "spec",
         "pod updates may not change fields other than "
         "`spec.containers[*].image`,`spec.initContainers[*].image`,"
         "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
         "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
         "previously negative)");
}

}  // namespace

Causes ValidateMetadata(const Resource& resource, const Json& object) {
  Causes causes;
  const std::string name = object::Name(object);
  if (name.empty()) {
    causes.push_back({"FieldValueRequired", "Required value: name or generateName is required",
                      "metadata.name"});
    return causes;
  }
  const bool label = resource.kind == "Namespace" || resource.kind == "Service";
  const bool free = resource.group == "rbac.authorization.k8s.io";
  if (free ? name.find_first_of("/%") != std::string::npos
           : (label ? !IsDnsLabel(name) : !IsDnsSubdomain(name))) {
    causes.push_back(
        {"FieldValueInvalid",
         "Invalid value: \"" + name +
             (label ? "\": a lowercase RFC 1123 label must consist of lower case alphanumeric "
                      "characters or '-', and must start and end with an alphanumeric character "
                      "(e.g. 'my-name',  or '123-abc', regex used for validation is "
                      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                    : "\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                      "characters, '-' or '.', and must start and end with an alphanumeric "
                      "character (e.g. 'example.com', regex used for validation is "
                      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"),
         "metadata.name"});
  }
  for (const auto& [key, value] : Map(object, {"metadata", "labels"}).items()) {
    if (value.is_string() && IsLabelValue(value.get_ref<const std::string&>())) continue;
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + object::Dump(value) +
                          ": a valid label must be an empty string or consist of alphanumeric "
                          "characters, '-', '_' or '.', and must start and end with an "
                          "alphanumeric character",
                      "metadata.labels"});
  }
  return causes;
}

Causes ValidateBuiltIn(const Resource& resource, const Json& object) {
  Causes causes;
  const std::string& kind = resource.kind;
  if (kind == "Pod") CheckContainers(causes, Map(object, {"spec"}), "spec");
  if (kind == "StatefulSet" || kind == "Deployment" || kind == "ReplicaSet") {
    CheckWorkload(causes, object);
  }
  if (kind == "Service") CheckService(causes, object);
  if (kind == "CustomResourceDefinition") CheckDefinition(causes, object);
  if (kind == "PersistentVolumeClaim") {
    Required(causes, object, {"spec", "accessModes"}, "spec.accessModes");
    Required(causes, object, {"spec", "resources", "requests", "storage"},
             "spec.resources[storage]");
  }
  if (kind == "RoleBinding" || kind == "ClusterRoleBinding") {
    Required(causes, object, {"roleRef", "name"}, "roleRef.name");
  }
  return causes;
}

Causes ValidateBuiltInUpdate(const Resource& resource, const Json& before, const Json& after) {
  Causes causes;
  const std::string& kind = resource.kind;
  const std::string immutable = "field is immutable";
  if (kind == "StatefulSet") CheckStatefulSetUpdate(causes, before, after);
  if (kind == "Pod") CheckPodUpdate(causes, before, after);
  if (kind == "Deployment" && !Same(before, after, {"spec", "selector"})) {
    causes.push_back(
        {"FieldValueInvalid",
         "Invalid value: " + object::Dump(Map(after, {"spec", "selector"})) + ": " + immutable,
         "spec.selector"});
  }
  if ((kind == "ConfigMap" || kind == "Secret") && Bool(before, {"immutable"}) &&
      (!Same(before, after, {"data"}) || !Same(before, after, {"immutable"}))) {
    Forbid(causes, "data", "field is immutable when `immutable` is set");
  }
  if (kind == "Secret" && !Same(before, after, {"type"})) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: \"" + Str(after, {"type"}) + "\": " + immutable, "type"});
  }
  if (kind == "Service" && !Str(before, {"spec", "clusterIP"}).empty() &&
      !Same(before, after, {"spec", "clusterIP"})) {
    causes.push_back(
        {"FieldValueInvalid",
         "Invalid value: \"" + Str(after, {"spec", "clusterIP"}) + "\": may not change once set",
         "spec.clusterIPs[0]"});
  }
  if ((kind == "RoleBinding" || kind == "ClusterRoleBinding") &&
      !Same(before, after, {"roleRef"})) {
    causes.push_back({"FieldValueInvalid", "Invalid value: cannot change roleRef", "roleRef"});
  }
  return causes;
}

}  // namespace rha::local::registry
