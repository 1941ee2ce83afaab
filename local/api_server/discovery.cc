#include "local/api_server/discovery.h"

#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::api_server {
namespace {

using object::Json;
using registry::Catalog;
using registry::Resource;
using registry::ResourcePtr;

// The Kubernetes version whose API this one is a part of.
constexpr const char* kMajor = "1";
constexpr const char* kMinor = "34";
constexpr const char* kGitVersion = "v1.34.0+redisha-local";

Json Version() {
  return {{"major", kMajor},     {"minor", kMinor},    {"gitVersion", kGitVersion},
          {"gitCommit", ""},     {"gitTreeState", ""}, {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", "none"}, {"compiler", "gcc"},  {"platform", "linux/amd64"}};
}

Json Entry(const Resource& resource) {
  Json entry{{"name", resource.plural},
             {"singularName", resource.singular},
             {"namespaced", resource.namespaced},
             {"kind", resource.kind},
             {"verbs",
              {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}},
             {"storageVersionHash", ""}};
  entry.erase("storageVersionHash");
  if (!resource.short_names.empty()) entry["shortNames"] = resource.short_names;
  if (!resource.categories.empty()) entry["categories"] = resource.categories;
  return entry;
}

Json SubEntry(const Resource& resource, const std::string& name) {
  Json entry{{"name", resource.plural + "/" + name},
             {"singularName", ""},
             {"namespaced", resource.namespaced},
             {"kind", resource.kind},
             {"verbs", {"get", "patch", "update"}}};
  if (name == "scale") {
    entry["kind"] = "Scale";
    entry["group"] = "autoscaling";
    entry["version"] = "v1";
  }
  if (name == "log") entry["verbs"] = {"get"};
  if (name == "eviction") {
    entry["kind"] = "Eviction";
    entry["group"] = "policy";
    entry["version"] = "v1";
    entry["verbs"] = {"create"};
  }
  return entry;
}

Json ResourceList(const Catalog& catalog, const std::string& group, const std::string& version) {
  Json resources = Json::array();
  for (const ResourcePtr& resource : catalog.All()) {
    if (resource->group != group || resource->version != version) continue;
    resources.push_back(Entry(*resource));
    if (resource->status) resources.push_back(SubEntry(*resource, "status"));
    if (resource->scale) resources.push_back(SubEntry(*resource, "scale"));
    for (const auto& more : resource->more_subresources) {
      resources.push_back(SubEntry(*resource, more));
    }
  }
  if (resources.empty()) return nullptr;
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group.empty() ? version : group + "/" + version},
          {"resources", resources}};
}

// The groups with their versions, in the catalog's order.
std::vector<std::pair<std::string, std::vector<std::string>>> Groups(const Catalog& catalog) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const ResourcePtr& resource : catalog.All()) {
    auto at = std::find_if(groups.begin(), groups.end(),
                           [&](const auto& g) { return g.first == resource->group; });
    if (at == groups.end()) at = groups.insert(groups.end(), {resource->group, {}});
    auto& versions = at->second;
    if (std::find(versions.begin(), versions.end(), resource->version) == versions.end()) {
      versions.push_back(resource->version);
    }
  }
  return groups;
}

Json GroupEntry(const std::string& group, const std::vector<std::string>& versions) {
  Json list = Json::array();
  for (const auto& version : versions) {
    list.push_back({{"groupVersion", group + "/" + version}, {"version", version}});
  }
  return {{"name", group}, {"versions", list}, {"preferredVersion", list.front()}};
}

Json GroupList(const Catalog& catalog) {
  Json groups = Json::array();
  for (const auto& [group, versions] : Groups(catalog)) {
    if (!group.empty()) groups.push_back(GroupEntry(group, versions));
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}};
}

std::string PathOf(const std::string& group, const std::string& version) {
  return group.empty() ? "api/" + version : "apis/" + group + "/" + version;
}

Json OpenApiIndex(const Catalog& catalog) {
  Json paths = Json::object();
  for (const auto& [group, versions] : Groups(catalog)) {
    for (const auto& version : versions) {
      const std::string path = PathOf(group, version);
      const size_t hash =
          std::hash<std::string>()(object::Dump(OpenApiDocument(catalog, group, version)));
      paths[path] = {
          {"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + std::to_string(hash)}};
    }
  }
  return {{"paths", paths}};
}

// Old clients only check that there is a document: {swagger: "2.0", info: {x, 1}, paths: {}}.
Response OpenApiV2() {
  Response response;
  response.content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  static constexpr char kDocument[] =
      "\x0a\x03"
      "2.0"
      "\x12\x06\x0a\x01"
      "x"
      "\x12\x01"
      "1"
      "\x42\x00";
  response.body.assign(kDocument, sizeof kDocument - 1);
  return response;
}

std::optional<Response> OpenApi(const Request& request, const Catalog& catalog) {
  if (request.path == "/openapi/v2") return OpenApiV2();
  if (request.path == "/openapi/v3" || request.path == "/openapi/v3/") {
    return JsonResponse(200, OpenApiIndex(catalog));
  }
  const std::string rest = request.path.substr(std::string("/openapi/v3/").size());
  for (const auto& [group, versions] : Groups(catalog)) {
    for (const auto& version : versions) {
      if (rest == PathOf(group, version)) {
        return JsonResponse(200, OpenApiDocument(catalog, group, version));
      }
    }
  }
  return ErrorResponse(object::UnknownPath());
}

std::optional<Response> Apis(const Request& request, const Catalog& catalog) {
  if (request.path == "/apis" || request.path == "/apis/") {
    return JsonResponse(200, GroupList(catalog));
  }
  const std::string rest = request.path.substr(std::string("/apis/").size());
  const size_t slash = rest.find('/');
  const std::string group = rest.substr(0, slash);
  if (slash == std::string::npos || slash + 1 == rest.size()) {
    for (const auto& [name, versions] : Groups(catalog)) {
      if (name != group || group.empty()) continue;
      Json entry = GroupEntry(name, versions);
      entry["kind"] = "APIGroup";
      entry["apiVersion"] = "v1";
      return JsonResponse(200, entry);
    }
    return ErrorResponse(object::UnknownPath());
  }
  const std::string version = rest.substr(slash + 1);
  if (version.find('/') != std::string::npos) return std::nullopt;
  const Json list = ResourceList(catalog, group, version);
  return list.is_null() ? ErrorResponse(object::UnknownPath()) : JsonResponse(200, list);
}

Response Text(const std::string& text) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  return response;
}

}  // namespace

std::optional<Response> AnswerDiscovery(const Request& request, const Catalog& catalog) {
  const std::string& path = request.path;
  if (path == "/healthz" || path == "/livez" || path == "/readyz") return Text("ok");
  if (path == "/version" || path == "/version/") return JsonResponse(200, Version());
  if (path == "/api" || path == "/api/") {
    return JsonResponse(200, {{"kind", "APIVersions"},
                              {"versions", {"v1"}},
                              {"serverAddressByClientCIDRs", Json::array()}});
  }
  if (path == "/api/v1" || path == "/api/v1/") {
    return JsonResponse(200, ResourceList(catalog, "", "v1"));
  }
  if (path.starts_with("/openapi/")) return OpenApi(request, catalog);
  if (path == "/apis" || path.starts_with("/apis/")) return Apis(request, catalog);
  return std::nullopt;
}

}  // namespace rha::local::api_server
