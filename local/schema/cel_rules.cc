#include "local/schema/cel_rules.h"

#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/schema/cel.h"

namespace rha::local::schema {
namespace {

using object::Cause;
using object::Find;
using object::FindKey;
using object::Json;
using object::Str;

struct At {
  const Json& schema;
  const Json& value;
  const Json* old;
  const std::string& path;
};

std::string Shown(const Json& value) {
  if (value.is_object()) return "\"object\"";
  if (value.is_array()) return "\"array\"";
  return object::Dump(value);
}

std::string MessageOf(const Json& rule, const CelVariables& variables) {
  const std::string expression = Str(rule, {"messageExpression"});
  if (!expression.empty()) {
    const auto parsed = ParseCel(expression);
    if (parsed.ok()) {
      const auto text = EvaluateCel(*parsed, variables);
      if (text.ok() && text->is_string()) return text->get<std::string>();
    }
  }
  const std::string message = Str(rule, {"message"});
  return message.empty() ? "failed rule: " + Str(rule, {"rule"}) : message;
}

void CheckRule(const Json& rule, const At& at, std::vector<Cause>& causes) {
  const std::string text = Str(rule, {"rule"});
  const bool transition = text.find("oldSelf") != std::string::npos;
  if (transition && at.old == nullptr) return;
  const auto parsed = ParseCel(text);
  if (!parsed.ok()) return;
  CelVariables variables{{"self", at.value}};
  if (at.old != nullptr) variables["oldSelf"] = *at.old;
  const auto outcome = EvaluateCel(*parsed, variables);
  if (outcome.ok() && (!outcome->is_boolean() || outcome->get<bool>())) return;
  if (!outcome.ok() && outcome.status().code() == Code::kUnsupported) return;
  const std::string field = at.path + Str(rule, {"fieldPath"});
  std::string message = MessageOf(rule, variables);
  if (!outcome.ok()) message = outcome.status().message() + " evaluating rule: " + message;
  causes.push_back({Str(rule, {"reason"}, "FieldValueInvalid"),
                    "Invalid value: " + Shown(at.value) + ": " + message,
                    field.starts_with('.') ? field.substr(1) : field});
}

// The item of the old list that a new item continues: by its keys, if the list has them.
const Json* OldItem(const Json& schema, const Json* old, const Json& item) {
  const Json& keys = object::Items(schema, {"x-kubernetes-list-map-keys"});
  if (old == nullptr || !old->is_array() || keys.empty()) return nullptr;
  for (const auto& candidate : *old) {
    bool same = true;
    for (const auto& key : keys) {
      const Json *a = FindKey(candidate, key.get<std::string>()),
                 *b = FindKey(item, key.get<std::string>());
      same = same && a != nullptr && b != nullptr && *a == *b;
    }
    if (same) return &candidate;
  }
  return nullptr;
}

void Walk(const At& at, std::vector<Cause>& causes) {
  for (const auto& rule : object::Items(at.schema, {"x-kubernetes-validations"})) {
    CheckRule(rule, at, causes);
  }
  if (at.value.is_array()) {
    const Json* items = FindKey(at.schema, "items");
    if (items == nullptr) return;
    for (size_t i = 0; i < at.value.size(); ++i) {
      Walk({*items, at.value[i], OldItem(at.schema, at.old, at.value[i]),
            at.path + "[" + std::to_string(i) + "]"},
           causes);
    }
    return;
  }
  if (!at.value.is_object()) return;
  for (const auto& [key, child] : at.value.items()) {
    const Json* property = Find(at.schema, {"properties", key});
    if (property == nullptr) property = FindKey(at.schema, "additionalProperties");
    if (property == nullptr || !property->is_object()) continue;
    Walk({*property, child, at.old == nullptr ? nullptr : FindKey(*at.old, key),
          at.path.empty() ? key : at.path + "." + key},
         causes);
  }
}

}  // namespace

std::vector<Cause> CheckRules(const Json& schema, const Json& object, const Json* old) {
  std::vector<Cause> causes;
  Walk({schema, object, old, ""}, causes);
  return causes;
}

}  // namespace rha::local::schema
