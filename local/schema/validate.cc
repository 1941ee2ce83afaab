// Validation of one value after another; the messages are those of k8s.io/kube-openapi's validator
// as the API server words them.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "local/object/json.h"
#include "local/object/times.h"
#include "local/schema/quantity.h"
#include "local/schema/structural.h"

namespace rha::local::schema {
namespace {

using object::Bool;
using object::Cause;
using object::Dump;
using object::Find;
using object::FindKey;
using object::Json;
using object::Str;

std::string TypeName(const Json& value) {
  if (value.is_number_float()) return "number";
  if (value.is_number()) return "integer";
  if (value.is_boolean()) return "boolean";
  if (value.is_null()) return "null";
  return value.type_name();
}

bool HasType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "number") return value.is_number();
  if (type == "integer") {
    return value.is_number_integer() ||
           (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
  }
  return true;
}

class Validator {
 public:
  void Check(const Json& schema, const Json& value, const std::string& path, bool root);
  std::vector<Cause> Take() { return std::move(causes_); }

 private:
  void CheckString(const Json& schema, const std::string& text, const std::string& path);
  void CheckFormat(const std::string& format, const std::string& text, const std::string& path);
  void CheckNumber(const Json& schema, const Json& value, const std::string& path);
  void CheckArray(const Json& schema, const Json& value, const std::string& path);
  void CheckObject(const Json& schema, const Json& value, const std::string& path, bool root);
  void CheckUnique(const Json& schema, const Json& value, const std::string& path);
  void CheckEnum(const Json& allowed, const Json& value, const std::string& path);

  void Invalid(const std::string& path, const Json& value, const std::string& why) {
    const std::string shown = value.is_structured() ? "" : Dump(value) + ": ";
    causes_.push_back(
        {"FieldValueInvalid", "Invalid value: " + shown + path + " in body " + why, path});
  }
  // "should be at least 1" and its kin, one rule of a number or a size.
  template <typename T>
  void Bound(const Json& schema, std::string_view rule, T actual, const std::string& path,
             const Json& value, const char* words);

  std::vector<Cause> causes_;
};

void Validator::Check(const Json& schema, const Json& value, const std::string& path, bool root) {
  const std::string type = Str(schema, {"type"});
  if (value.is_null() && Bool(schema, {"nullable"})) return;
  if (Bool(schema, {"x-kubernetes-int-or-string"})) {
    if (!value.is_string() && !HasType(value, "integer")) {
      causes_.push_back({"FieldValueTypeInvalid",
                         fmt::format("Invalid value: \"{}\": {} in body must be of type "
                                     "integer,string: \"{}\"",
                                     TypeName(value), path, TypeName(value)),
                         path});
      return;
    }
  } else if (!type.empty() && !HasType(value, type)) {
    causes_.push_back({"FieldValueTypeInvalid",
                       fmt::format("Invalid value: \"{}\": {} in body must be of type {}: \"{}\"",
                                   TypeName(value), path, type, TypeName(value)),
                       path});
    return;
  }
  if (const Json* allowed = FindKey(schema, "enum")) CheckEnum(*allowed, value, path);
  if (value.is_string()) CheckString(schema, value.get_ref<const std::string&>(), path);
  if (value.is_number()) CheckNumber(schema, value, path);
  if (value.is_array()) CheckArray(schema, value, path);
  if (value.is_object()) CheckObject(schema, value, path, root);
}

void Validator::CheckEnum(const Json& allowed, const Json& value, const std::string& path) {
  std::string list;
  for (const auto& each : allowed) {
    if (each == value) return;
    list += (list.empty() ? "" : ", ") + Dump(each);
  }
  causes_.push_back({"FieldValueNotSupported",
                     "Unsupported value: " + Dump(value) + ": supported values: " + list, path});
}

template <typename T>
void Validator::Bound(const Json& schema, std::string_view rule, T actual, const std::string& path,
                      const Json& value, const char* words) {
  const Json* limit = FindKey(schema, rule);
  if (limit == nullptr || !limit->is_number()) return;
  const double bound = limit->get<double>(), number = static_cast<double>(actual);
  const bool lower = rule.starts_with("min");
  const bool exclusive =
      Bool(schema, {lower ? "exclusiveMinimum" : "exclusiveMaximum"}) && rule.size() == 7;
  const bool good = lower ? (exclusive ? number > bound : number >= bound)
                          : (exclusive ? number < bound : number <= bound);
  if (!good) Invalid(path, value, fmt::format(fmt::runtime(words), Dump(*limit)));
}

void Validator::CheckString(const Json& schema, const std::string& text, const std::string& path) {
  size_t runes = 0;
  for (const char c : text) runes += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  Bound(schema, "minLength", runes, path, text, "should be at least {} chars long");
  if (const Json* limit = FindKey(schema, "maxLength");
      limit != nullptr && limit->is_number() && static_cast<double>(runes) > limit->get<double>()) {
    causes_.push_back({"FieldValueTooLong",
                       fmt::format("Too long: may not be more than {} bytes", Dump(*limit)), path});
  }
  const std::string pattern = Str(schema, {"pattern"});
  if (!pattern.empty()) {
    try {
      if (!std::regex_search(text, std::regex(pattern, std::regex::ECMAScript))) {
        Invalid(path, text, "should match '" + pattern + "'");
      }
    } catch (const std::regex_error& error) {
      Invalid(path, text, "cannot be matched with '" + pattern + "': " + error.what());
    }
  }
  CheckFormat(Str(schema, {"format"}), text, path);
}

void Validator::CheckFormat(const std::string& format, const std::string& text,
                            const std::string& path) {
  if (format == "date-time" && !object::ParseTimestamp(text)) {
    Invalid(path, text, "must be of type date-time: " + Dump(text));
  }
  if (format == "quantity" && !ParseQuantity(text)) {
    Invalid(path, text, "must be of type quantity: " + Dump(text));
  }
}

void Validator::CheckNumber(const Json& schema, const Json& value, const std::string& path) {
  const double number = value.get<double>();
  const char* least = Bool(schema, {"exclusiveMinimum"}) ? "should be greater than {}"
                                                         : "should be greater than or equal to {}";
  const char* most = Bool(schema, {"exclusiveMaximum"}) ? "should be less than {}"
                                                        : "should be less than or equal to {}";
  Bound(schema, "minimum", number, path, value, least);
  Bound(schema, "maximum", number, path, value, most);
  const double step =
      Find(schema, {"multipleOf"}) ? Find(schema, {"multipleOf"})->get<double>() : 0;
  if (step > 0 && std::fmod(number, step) != 0) {
    Invalid(path, value, fmt::format("should be a multiple of {}", step));
  }
}

void Validator::CheckArray(const Json& schema, const Json& value, const std::string& path) {
  Bound(schema, "minItems", value.size(), path, value, "should have at least {} items");
  if (const Json* limit = FindKey(schema, "maxItems");
      limit != nullptr && limit->is_number() &&
      static_cast<double>(value.size()) > limit->get<double>()) {
    causes_.push_back(
        {"FieldValueTooMany",
         fmt::format("Too many: {}: must have at most {} items", value.size(), Dump(*limit)),
         path});
  }
  CheckUnique(schema, value, path);
  const Json* items = FindKey(schema, "items");
  if (items == nullptr) return;
  for (size_t i = 0; i < value.size(); ++i) {
    Check(*items, value[i], path + "[" + std::to_string(i) + "]", false);
  }
}

void Validator::CheckUnique(const Json& schema, const Json& value, const std::string& path) {
  const std::string kind = Str(schema, {"x-kubernetes-list-type"});
  if (kind != "map" && kind != "set") return;
  std::set<std::string> seen;
  for (size_t i = 0; i < value.size(); ++i) {
    Json identity = value[i];
    if (kind == "map") {
      identity = Json::object();
      for (const auto& key : object::Items(schema, {"x-kubernetes-list-map-keys"})) {
        if (const Json* part = FindKey(value[i], key.get<std::string>())) {
          identity[key.get<std::string>()] = *part;
        }
      }
    }
    if (!seen.insert(Dump(identity)).second) {
      causes_.push_back({"FieldValueDuplicate", "Duplicate value: " + Dump(identity),
                         path + "[" + std::to_string(i) + "]"});
    }
  }
}

void Validator::CheckObject(const Json& schema, const Json& value, const std::string& path,
                            bool root) {
  Bound(schema, "minProperties", value.size(), path, value, "should have at least {} properties");
  Bound(schema, "maxProperties", value.size(), path, value, "should have at most {} properties");
  for (const auto& field : object::Items(schema, {"required"})) {
    const std::string name = field.is_string() ? field.get<std::string>() : "";
    if (FindKey(value, name) == nullptr) {
      causes_.push_back(
          {"FieldValueRequired", "Required value", path.empty() ? name : path + "." + name});
    }
  }
  const Json* rest = FindKey(schema, "additionalProperties");
  for (const auto& [key, child] : value.items()) {
    if (root && key == "metadata") continue;
    const Json* property = Find(schema, {"properties", key});
    const bool known = property != nullptr;
    if (!known && rest != nullptr && rest->is_object()) property = rest;
    if (property == nullptr) continue;
    const std::string at = path.empty() ? key : known ? path + "." + key : path + "." + key;
    Check(*property, child, at, false);
  }
}

}  // namespace

std::vector<Cause> Validate(const Json& schema, const Json& object) {
  Validator validator;
  validator.Check(schema, object, "", true);
  return validator.Take();
}

}  // namespace rha::local::schema
