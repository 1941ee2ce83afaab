#include "local/registry/built_in_types.h"

#include <nlohmann/json.hpp>

#include "common/base/check.h"
#include "local/object/json.h"

namespace rha::local::registry {
namespace {

using object::FindKey;
using object::Json;

const Json& Table() {
  static const auto* table = [] {
    auto* parsed = new Json(Json::parse(kBuiltInTypes, nullptr, false));
    RHA_CHECK(parsed->is_object());
    return parsed;
  }();
  return *table;
}

const char* GoType(const std::string& type) {
  if (type == "integer") return "int64";
  if (type == "boolean") return "bool";
  return type == "number" ? "float64" : "string";
}

bool HasType(const Json& value, const std::string& type) {
  if (type == "any" || value.is_null()) return true;
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  return value.is_number();
}

class Walker {
 public:
  explicit Walker(std::string kind) : kind_(std::move(kind)) {}

  void Walk(const Json& type, Json& value, const std::string& path) {
    if (type.is_string()) {
      const auto& name = type.get_ref<const std::string&>();
      if (name.starts_with('#')) return Walk(Table()["types"].at(name.substr(1)), value, path);
      if (!HasType(value, name)) Mismatch(value, path, GoType(name));
    } else if (type.is_array()) {
      WalkList(type, value, path);
    } else {
      WalkMap(type, value, path);
    }
  }
  TypeCheck Take() { return std::move(check_); }

 private:
  void WalkList(const Json& type, Json& value, const std::string& path) {
    if (value.is_null()) return;
    if (!value.is_array()) return Mismatch(value, path, "[]" + kind_);
    for (size_t i = 0; i < value.size(); ++i) {
      Walk(type[0], value[i], path + "[" + std::to_string(i) + "]");
    }
  }

  void WalkMap(const Json& type, Json& value, const std::string& path) {
    if (value.is_null()) return;
    if (!value.is_object()) return Mismatch(value, path, "map[string]interface {}");
    const Json* any = FindKey(type, "*");
    for (auto it = value.begin(); it != value.end();) {
      const std::string at = path.empty() ? it.key() : path + "." + it.key();
      const Json* field = any != nullptr ? any : FindKey(type, it.key());
      if (field == nullptr) {
        check_.unknown.push_back(at);
        it = value.erase(it);
        continue;
      }
      Walk(*field, it.value(), at);
      ++it;
    }
  }

  void Mismatch(const Json& value, const std::string& path, const std::string& wanted) {
    if (!check_.mismatch.empty()) return;
    const char* found = value.is_boolean()  ? "bool"
                        : value.is_number() ? "number"
                        : value.is_string() ? "string"
                        : value.is_array()  ? "array"
                                            : "object";
    check_.mismatch = std::string("json: cannot unmarshal ") + found + " into Go struct field " +
                      kind_ + "." + path + " of type " + wanted;
  }

  std::string kind_;
  TypeCheck check_;
};

}  // namespace

TypeCheck CheckBuiltInTypes(const Resource& resource, Json& object) {
  const Json* type = object::Find(Table(), {"kinds", resource.ApiVersion() + "/" + resource.kind});
  if (type == nullptr) return {};
  Walker walker(resource.kind);
  walker.Walk(Json("#" + type->get<std::string>()), object, "");
  return walker.Take();
}

}  // namespace rha::local::registry
