// One kind the API serves, built in or from a CustomResourceDefinition.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "local/object/api_error.h"
#include "local/object/field_type.h"

namespace rha::local::registry {

// A column of `kubectl get`; path is a JSONPath into the object.
struct Column {
  std::string name, type, path, description;
  int priority = 0;  // > 0: only with -o wide
};

struct Resource {
  std::string group, version, kind, list_kind, plural, singular;
  std::vector<std::string> short_names, categories;
  bool namespaced = true;
  bool status = false;      // has a status subresource
  bool scale = false;       // has a scale subresource
  bool generation = false;  // metadata.generation counts changes of spec
  std::vector<std::string> more_subresources;

  // Custom resources only.
  bool custom = false;
  std::shared_ptr<const nlohmann::json> schema;
  std::vector<Column> columns;
  std::string storage_version;
  std::string spec_replicas_path, status_replicas_path, label_selector_path;

  std::string Id() const { return group.empty() ? plural : plural + "." + group; }
  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  object::Subject Named(const std::string& name) const { return {group, plural, kind, name}; }
  object::FieldType Type() const {
    return custom ? object::FieldType::Custom(schema.get()) : object::FieldType::BuiltIn();
  }
};

using ResourcePtr = std::shared_ptr<const Resource>;

// Every kind built in, in the order discovery lists them.
std::vector<Resource> BuiltInResources();
// One entry for each served version of a CustomResourceDefinition.
std::vector<Resource> ResourcesOf(const nlohmann::json& crd);

}  // namespace rha::local::registry
