// OpenAPI v3: for custom resources the schema of their definition, so that `kubectl explain` can
// read it; kinds built in are free-form objects. Every PATCH names fieldValidation, which is what
// kubectl looks for before it leaves validation to the server.
#include <nlohmann/json.hpp>

#include "local/api_server/discovery.h"
#include "local/object/json.h"

namespace rha::local::api_server {
namespace {

using object::Json;
using registry::Resource;

std::string SchemaName(const Resource& resource) {
  // io.redisha.ha.v1.RedisHA: the group's labels from the right, as the API server names them.
  if (resource.group.empty()) return "io.k8s.api.core." + resource.version + "." + resource.kind;
  std::string name, rest = resource.group;
  while (!rest.empty()) {
    const size_t dot = rest.rfind('.');
    name += (dot == std::string::npos ? rest : rest.substr(dot + 1)) + ".";
    rest = dot == std::string::npos ? "" : rest.substr(0, dot);
  }
  return name + resource.version + "." + resource.kind;
}

Json SchemaOf(const Resource& resource) {
  Json schema = resource.custom
                    ? *resource.schema
                    : Json{{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  Json& properties = object::Make(schema, {"properties"});
  if (!properties.is_object()) properties = Json::object();
  object::Default(properties, {"apiVersion"},
                  {{"type", "string"}, {"description", "APIVersion of this representation."}});
  object::Default(properties, {"kind"},
                  {{"type", "string"}, {"description", "Kind of this resource."}});
  properties["metadata"] = {{"type", "object"}, {"description", "Standard object's metadata."}};
  schema["x-kubernetes-group-version-kind"] = Json::array(
      {{{"group", resource.group}, {"version", resource.version}, {"kind", resource.kind}}});
  return schema;
}

Json Parameter(const char* name, const char* type) {
  return {{"name", name}, {"in", "query"}, {"schema", {{"type", type}, {"uniqueItems", true}}}};
}

Json Operation(const Resource& resource, const char* action) {
  const Json gvk{{"group", resource.group}, {"version", resource.version}, {"kind", resource.kind}};
  const Json content{{"application/json",
                      {{"schema", {{"$ref", "#/components/schemas/" + SchemaName(resource)}}}}}};
  return {{"x-kubernetes-action", action},
          {"x-kubernetes-group-version-kind", gvk},
          {"parameters",
           Json::array({Parameter("dryRun", "string"), Parameter("fieldManager", "string"),
                        Parameter("fieldValidation", "string")})},
          {"responses", {{"200", {{"description", "OK"}, {"content", content}}}}}};
}

}  // namespace

Json OpenApiDocument(const registry::Catalog& catalog, const std::string& group,
                     const std::string& version) {
  Json schemas = Json::object(), paths = Json::object();
  for (const auto& resource : catalog.All()) {
    if (resource->group != group || resource->version != version) continue;
    schemas[SchemaName(*resource)] = SchemaOf(*resource);
    std::string path = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
    if (resource->namespaced) path += "/namespaces/{namespace}";
    path += "/" + resource->plural;
    paths[path] = {{"get", Operation(*resource, "list")}, {"post", Operation(*resource, "post")}};
    paths[path + "/{name}"] = {{"get", Operation(*resource, "get")},
                               {"put", Operation(*resource, "put")},
                               {"patch", Operation(*resource, "patch")},
                               {"delete", Operation(*resource, "delete")}};
  }
  return {{"openapi", "3.0.0"},
          {"info", {{"title", "Kubernetes"}, {"version", "v1.34.0"}}},
          {"paths", paths},
          {"components", {{"schemas", schemas}}}};
}

}  // namespace rha::local::api_server
