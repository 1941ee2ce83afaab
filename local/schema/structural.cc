#include "local/schema/structural.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::schema {
namespace {

using object::Bool;
using object::Cause;
using object::Find;
using object::FindKey;
using object::Json;
using object::Map;
using object::Str;

const Json* PropertySchema(const Json& schema, const std::string& key) {
  if (const Json* property = Find(schema, {"properties", key})) return property;
  const Json* rest = FindKey(schema, "additionalProperties");
  return rest != nullptr && rest->is_object() ? rest : nullptr;
}

void PruneValue(const Json& schema, Json& value, const std::string& path, bool root,
                std::vector<std::string>& removed) {
  if (value.is_array()) {
    const Json* items = FindKey(schema, "items");
    if (items == nullptr) return;
    for (size_t i = 0; i < value.size(); ++i) {
      PruneValue(*items, value[i], path + "[" + std::to_string(i) + "]", false, removed);
    }
    return;
  }
  if (!value.is_object()) return;
  const bool preserve = Bool(schema, {"x-kubernetes-preserve-unknown-fields"});
  const bool embedded = root || Bool(schema, {"x-kubernetes-embedded-resource"});
  const Json* rest = FindKey(schema, "additionalProperties");
  const bool anything = preserve || (rest != nullptr && rest->is_boolean() && rest->get<bool>());
  for (auto it = value.begin(); it != value.end();) {
    const std::string& key = it.key();
    const std::string at = path.empty() ? key : path + "." + key;
    const bool identity = key == "apiVersion" || key == "kind" || key == "metadata";
    const Json* property = PropertySchema(schema, key);
    if (embedded && identity) {
      ++it;
    } else if (property != nullptr) {
      PruneValue(*property, it.value(), at, false, removed);
      ++it;
    } else if (anything) {
      ++it;
    } else {
      removed.push_back(at);
      it = value.erase(it);
    }
  }
}

}  // namespace

std::vector<std::string> Prune(const Json& schema, Json& object) {
  std::vector<std::string> removed;
  PruneValue(schema, object, "", true, removed);
  return removed;
}

void ApplyDefaults(const Json& schema, Json& value) {
  if (value.is_array()) {
    const Json* items = FindKey(schema, "items");
    if (items == nullptr) return;
    for (auto& item : value) ApplyDefaults(*items, item);
    return;
  }
  if (!value.is_object()) return;
  for (const auto& [key, property] : Map(schema, {"properties"}).items()) {
    const Json* fallback = FindKey(property, "default");
    const Json* present = FindKey(value, key);
    const bool null = present != nullptr && present->is_null() && !Bool(property, {"nullable"});
    if (fallback != nullptr && (present == nullptr || null)) {
      value[key] = *fallback;
    } else if (null) {
      value.erase(key);
    }
  }
  for (auto& [key, child] : value.items()) {
    if (const Json* property = PropertySchema(schema, key)) ApplyDefaults(*property, child);
  }
}

std::vector<Cause> CheckSchema(const Json& schema, const std::string& path) {
  std::vector<Cause> causes;
  const bool free = Bool(schema, {"x-kubernetes-int-or-string"}) ||
                    Bool(schema, {"x-kubernetes-preserve-unknown-fields"});
  if (Str(schema, {"type"}).empty() && !free) {
    causes.push_back({"FieldValueRequired",
                      "Required value: must not be empty for specified object fields",
                      path + ".type"});
  }
  const auto descend = [&](const Json& child, const std::string& at) {
    auto more = CheckSchema(child, at);
    causes.insert(causes.end(), more.begin(), more.end());
  };
  for (const auto& [key, property] : Map(schema, {"properties"}).items()) {
    if (path.ends_with("openAPIV3Schema") && key == "metadata") continue;
    descend(property, path + ".properties[" + key + "]");
  }
  if (const Json* items = FindKey(schema, "items")) descend(*items, path + ".items");
  const Json* rest = FindKey(schema, "additionalProperties");
  if (rest != nullptr && rest->is_object()) descend(*rest, path + ".additionalProperties");
  if (Str(schema, {"type"}) == "array" && FindKey(schema, "items") == nullptr) {
    causes.push_back({"FieldValueRequired", "Required value: must be specified", path + ".items"});
  }
  return causes;
}

}  // namespace rha::local::schema
