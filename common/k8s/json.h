// The edge to nlohmann::json: parsing and printing as Result, and look-ups that never throw.
//
// Objects of the API are kept as immutable shared JSON (ObjectPtr), so caches hand them out without
// copies. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/k8s/object_ref.h"

namespace rha::k8s {

using Json = nlohmann::json;
using ObjectPtr = std::shared_ptr<const Json>;

Result<Json> ParseJson(std::string_view text);
// One line; bytes that are not UTF-8 are replaced rather than refused.
std::string DumpJson(const Json& value);

// The value at a path such as "metadata.labels" (keys separated by dots), or null.
// Keys that contain dots themselves (labels, annotations) are reached through MapValue.
const Json* Find(const Json& value, std::string_view path);
std::string StringAt(const Json& value, std::string_view path);
int64_t IntAt(const Json& value, std::string_view path, int64_t fallback = 0);
bool BoolAt(const Json& value, std::string_view path, bool fallback = false);
// The string under `key` of the map at `path`, or "".
std::string MapValue(const Json& value, std::string_view path, std::string_view key);

ObjectKey KeyOf(const Json& object);
inline std::string UidOf(const Json& object) { return StringAt(object, "metadata.uid"); }
inline std::string ResourceVersionOf(const Json& object) {
  return StringAt(object, "metadata.resourceVersion");
}
std::string LabelOf(const Json& object, std::string_view label);
std::string AnnotationOf(const Json& object, std::string_view annotation);
// The uid of the owner marked controller, or "".
std::string ControllerUidOf(const Json& object);

void DropManagedFields(Json* object);

// {apiVersion, kind, metadata: {name, namespace}}, the start of any object.
Json NewObject(const ResourceType& type, const ObjectKey& key);

}  // namespace rha::k8s
