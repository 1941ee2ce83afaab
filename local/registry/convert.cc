#include "local/registry/convert.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "local/object/json.h"

namespace rha::local::registry {
namespace {

using object::Json;

// Field names of an Event: core/v1, events.k8s.io/v1.
constexpr std::array<std::pair<const char*, const char*>, 7> kEventFields = {{
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"reportingComponent", "reportingController"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
}};

bool IsEvents(const Resource& resource) { return resource.group == "events.k8s.io"; }

void Rename(Json& object, const char* from, const char* to) {
  const auto it = object.find(from);
  if (it == object.end()) return;
  Json value = std::move(*it);
  object.erase(it);
  object[to] = std::move(value);
}

}  // namespace

std::string StoreId(const Resource& resource) {
  return IsEvents(resource) ? "events" : resource.Id();
}

bool NeedsConversion(const Resource& resource, const Json& stored) {
  return object::Str(stored, {"apiVersion"}) != resource.ApiVersion();
}

Json ToStorage(const Resource& resource, Json object) {
  if (IsEvents(resource)) {
    for (const auto& [core, events] : kEventFields) Rename(object, events, core);
    object["apiVersion"] = "v1";
  } else if (resource.custom) {
    object["apiVersion"] = resource.group + "/" + resource.storage_version;
  }
  return object;
}

Json FromStorage(const Resource& resource, Json object) {
  if (IsEvents(resource)) {
    for (const auto& [core, events] : kEventFields) Rename(object, core, events);
  }
  object["apiVersion"] = resource.ApiVersion();
  return object;
}

}  // namespace rha::local::registry
