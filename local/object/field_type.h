// How the value at a place in an object merges: which lists are maps by key, sets or replaced
// whole, which maps are atomic. Kinds built in know it by field name, custom resources by their
// schema (x-kubernetes-list-type, -list-map-keys, -map-type).
//
// A FieldType is a place while walking down an object: type.Field("spec").Field("ports").Item().
// It refers to the schema and to key texts of the object walked; both must outlive it.
// Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rha::local::object {

enum class ListKind { kAtomic, kSet, kMap };

class FieldType {
 public:
  // The root of an object of a kind built in.
  static FieldType BuiltIn() { return FieldType(); }
  // The root of a custom resource; null: no schema, everything granular and every list atomic.
  static FieldType Custom(const nlohmann::json* schema);

  FieldType Field(std::string_view key) const;
  // The type of a list's items.
  FieldType Item() const;

  ListKind list_kind() const;
  std::vector<std::string> list_keys() const;
  bool atomic_map() const;
  // Strategic merge patch: the one key that identifies items; "" when the list is replaced,
  // "." when it is a set of scalars that is merged.
  std::string patch_merge_key() const;

 private:
  bool custom_ = false;
  const nlohmann::json* schema_ = nullptr;
  std::string_view name_, parent_;
};

}  // namespace rha::local::object
