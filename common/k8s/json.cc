#include "common/k8s/json.h"

#include <nlohmann/json.hpp>

namespace rha::k8s {

Result<Json> ParseJson(std::string_view text) {
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    return Status(Code::kCorrupt, "not JSON: " + std::string(text.substr(0, 120)));
  }
  return value;
}

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* Find(const Json& value, std::string_view path) {
  const Json* at = &value;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    const std::string_view key = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (!at->is_object()) return nullptr;
    const auto found = at->find(key);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string StringAt(const Json& value, std::string_view path) {
  const Json* found = Find(value, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

int64_t IntAt(const Json& value, std::string_view path, int64_t fallback) {
  const Json* found = Find(value, path);
  return found != nullptr && found->is_number_integer() ? found->get<int64_t>() : fallback;
}

bool BoolAt(const Json& value, std::string_view path, bool fallback) {
  const Json* found = Find(value, path);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : fallback;
}

std::string MapValue(const Json& value, std::string_view path, std::string_view key) {
  const Json* map = Find(value, path);
  if (map == nullptr || !map->is_object()) return {};
  const auto found = map->find(key);
  return found != map->end() && found->is_string() ? found->get<std::string>() : std::string();
}

ObjectKey KeyOf(const Json& object) {
  return {StringAt(object, "metadata.namespace"), StringAt(object, "metadata.name")};
}

std::string LabelOf(const Json& object, std::string_view label) {
  return MapValue(object, "metadata.labels", label);
}

std::string AnnotationOf(const Json& object, std::string_view annotation) {
  return MapValue(object, "metadata.annotations", annotation);
}

std::string ControllerUidOf(const Json& object) {
  const Json* owners = Find(object, "metadata.ownerReferences");
  if (owners == nullptr || !owners->is_array()) return {};
  for (const Json& owner : *owners) {
    if (BoolAt(owner, "controller")) return StringAt(owner, "uid");
  }
  return {};
}

void DropManagedFields(Json* object) {
  const auto metadata = object->find("metadata");
  if (metadata != object->end() && metadata->is_object()) metadata->erase("managedFields");
}

Json NewObject(const ResourceType& type, const ObjectKey& key) {
  Json object = {{"apiVersion", type.ApiVersion()},
                 {"kind", std::string(type.kind)},
                 {"metadata", {{"name", key.name}}}};
  if (type.namespaced) object["metadata"]["namespace"] = key.ns;
  return object;
}

}  // namespace rha::k8s
