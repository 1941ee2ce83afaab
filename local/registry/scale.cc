// The scale subresource: one number and a selector, at paths that differ by kind.
#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/registry/registry.h"

namespace rha::local::registry {

using object::Int;
using object::Json;
using object::Make;
using object::Map;
using object::Str;

namespace {

// ".spec.replicas" → the field names.
std::vector<std::string> Steps(const std::string& path) {
  std::vector<std::string> steps;
  size_t begin = 1;
  while (begin < path.size()) {
    const size_t dot = path.find('.', begin);
    steps.push_back(path.substr(begin, dot - begin));
    begin = dot == std::string::npos ? path.size() : dot + 1;
  }
  return steps;
}

const Json* At(const Json& object, const std::string& path) {
  const Json* at = &object;
  for (const auto& step : Steps(path)) {
    at = object::FindKey(*at, step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string SpecPath(const Resource& r) {
  return r.custom ? r.spec_replicas_path : ".spec.replicas";
}
std::string StatusPath(const Resource& r) {
  return r.custom ? r.status_replicas_path : ".status.replicas";
}

std::string SelectorText(const Resource& resource, const Json& object) {
  if (resource.custom) {
    const Json* text = At(object, resource.label_selector_path);
    return text != nullptr && text->is_string() ? text->get<std::string>() : "";
  }
  std::string text;
  for (const auto& [key, value] : Map(object, {"spec", "selector", "matchLabels"}).items()) {
    text +=
        (text.empty() ? "" : ",") + key + "=" + (value.is_string() ? value.get<std::string>() : "");
  }
  return text;
}

Json ScaleOf(const Resource& resource, const Json& object) {
  Json metadata = Json::object();
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    metadata[field] = Str(object, {"metadata", field});
  }
  const Json* wanted = At(object, SpecPath(resource));
  const Json* present = At(object, StatusPath(resource));
  Json scale{{"kind", "Scale"},
             {"apiVersion", "autoscaling/v1"},
             {"metadata", metadata},
             {"spec", Json::object()},
             {"status", {{"replicas", present && present->is_number() ? *present : Json(0)}}}};
  if (wanted != nullptr && wanted->is_number()) scale["spec"]["replicas"] = *wanted;
  const std::string selector = SelectorText(resource, object);
  if (!selector.empty()) scale["status"]["selector"] = selector;
  return scale;
}

}  // namespace

Answer<Json> Registry::GetScale(const Place& place) const {
  LOCAL_ASSIGN_OR_REFUSE(const Object object, Get(place));
  return ScaleOf(place.resource, *object);
}

Answer<Json> Registry::UpdateScale(const Place& place, const Json& scale,
                                   const WriteOptions& options) {
  const Json* wanted = object::Find(scale, {"spec", "replicas"});
  if (wanted == nullptr || !wanted->is_number_integer() || wanted->get<int64_t>() < 0) {
    return object::Invalid(
        place.resource.Named(place.name),
        {{"FieldValueInvalid", "Invalid value: must be greater than or equal to 0",
          "spec.replicas"}});
  }
  const std::string version = Str(scale, {"metadata", "resourceVersion"});
  auto updated = Mutate(place, options, [&](const Json& current) -> Answer<Json> {
    Json next = current;
    if (!version.empty()) next["metadata"]["resourceVersion"] = version;
    Json* at = &next;
    for (const auto& step : Steps(SpecPath(place.resource))) at = &(*at)[step];
    *at = *wanted;
    return next;
  });
  if (!updated.ok()) return updated.error();
  return ScaleOf(place.resource, **updated);
}

}  // namespace rha::local::registry
