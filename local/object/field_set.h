// Sets of field paths, as metadata.managedFields[].fieldsV1 writes them:
//   {"f:spec": {"f:ports": {"k:{\"port\":6379}": {".": {}, "f:port": {}}}}}
// A node is a member of the set, or only on the way to members. Pure; any thread.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "local/object/field_type.h"

namespace rha::local::object {

struct FieldSet {
  bool member = false;
  std::map<std::string, FieldSet> children;

  bool empty() const;
  static FieldSet FromJson(const nlohmann::json& fields_v1);
  nlohmann::json ToJson() const;
  bool operator==(const FieldSet&) const = default;
};

// The leaves of `value`: scalars, empty maps and lists, atomic values, items of keyed lists.
FieldSet FieldsOf(const nlohmann::json& value, const FieldType& type);
// The leaves of `after` that `before` lacks or has with another value.
FieldSet ChangedFields(const nlohmann::json& before, const nlohmann::json& after,
                       const FieldType& type);

FieldSet Union(const FieldSet& a, const FieldSet& b);
FieldSet Intersect(const FieldSet& a, const FieldSet& b);
FieldSet Subtract(const FieldSet& a, const FieldSet& b);
// ".spec.ports[port=6379].name", sorted.
std::vector<std::string> FieldPaths(const FieldSet& set);

// Removes the members of `set` from `value`, and maps and lists that become empty by it.
void RemoveFields(nlohmann::json& value, const FieldSet& set, const FieldType& type);
// `applied` over `live`: maps and keyed lists merge, sets unite, everything else is replaced.
nlohmann::json MergeApplied(const nlohmann::json& live, const nlohmann::json& applied,
                            const FieldType& type);

}  // namespace rha::local::object
