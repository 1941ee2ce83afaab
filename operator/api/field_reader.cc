#include "operator/api/field_reader.h"

#include <nlohmann/json.hpp>

namespace rha::op::api {
namespace {

const char* TypeName(const k8s::Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a string";
  if (value.is_boolean()) return "a boolean";
  return "a number";
}

std::string Wanted(const char* wanted, const k8s::Json& value) {
  return std::string("must be ") + wanted + ", is " + TypeName(value);
}

}  // namespace

FieldReader::FieldReader(const k8s::Json* value, std::string path, std::vector<FieldError>* errors)
    : value_(value), path_(std::move(path)), errors_(errors) {
  if (value_ != nullptr && !value_->is_object()) {
    errors_->push_back({path_, Wanted("an object", *value_)});
    value_ = nullptr;
  }
}

const k8s::Json* FieldReader::Field(std::string_view name) const {
  if (value_ == nullptr) return nullptr;
  const auto found = value_->find(name);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

void FieldReader::Error(std::string_view name, std::string message) const {
  errors_->push_back({PathOf(name), std::move(message)});
}

FieldReader FieldReader::Object(std::string_view name) const {
  return FieldReader(Field(name), PathOf(name), errors_);
}

std::string FieldReader::String(std::string_view name, std::string fallback) const {
  const k8s::Json* field = Field(name);
  if (field == nullptr) return fallback;
  if (field->is_string()) return field->get<std::string>();
  Error(name, Wanted("a string", *field));
  return fallback;
}

int FieldReader::Int(std::string_view name, int fallback, Range range) const {
  const k8s::Json* field = Field(name);
  if (field == nullptr) return fallback;
  if (!field->is_number_integer()) {
    Error(name, field->is_number() ? "must be a whole number" : Wanted("a whole number", *field));
    return fallback;
  }
  const int64_t number = field->get<int64_t>();
  if (number < range.low || number > range.high) {
    Error(name, "must be between " + std::to_string(range.low) + " and " +
                    std::to_string(range.high) + ", is " + std::to_string(number));
    return fallback;
  }
  return static_cast<int>(number);
}

bool FieldReader::Bool(std::string_view name, bool fallback) const {
  const k8s::Json* field = Field(name);
  if (field == nullptr) return fallback;
  if (field->is_boolean()) return field->get<bool>();
  Error(name, Wanted("a boolean", *field));
  return fallback;
}

std::map<std::string, std::string> FieldReader::StringMap(std::string_view name) const {
  std::map<std::string, std::string> map;
  const k8s::Json* field = Field(name);
  if (field == nullptr) return map;
  if (!field->is_object()) {
    Error(name, Wanted("a map of strings", *field));
    return map;
  }
  for (const auto& [key, value] : field->items()) {
    if (value.is_string()) {
      map[key] = value.get<std::string>();
    } else {
      Error(std::string(name) + "[" + key + "]", Wanted("a string", value));
    }
  }
  return map;
}

std::vector<std::string> FieldReader::Names(std::string_view name) const {
  std::vector<std::string> names;
  const k8s::Json* field = Field(name);
  if (field == nullptr) return names;
  if (!field->is_array()) {
    Error(name, Wanted("a list", *field));
    return names;
  }
  for (size_t i = 0; i < field->size(); ++i) {
    const std::string path = std::string(name) + "[" + std::to_string(i) + "]";
    const std::string entry = k8s::StringAt((*field)[i], "name");
    if (entry.empty()) {
      Error(path + ".name", "is required");
    } else {
      names.push_back(entry);
    }
  }
  return names;
}

k8s::ObjectPtr FieldReader::Raw(std::string_view name) const {
  const k8s::Json* field = Field(name);
  if (field == nullptr) return nullptr;
  if (field->is_object()) return std::make_shared<const k8s::Json>(*field);
  Error(name, Wanted("an object", *field));
  return nullptr;
}

k8s::ObjectPtr FieldReader::RawList(std::string_view name) const {
  const k8s::Json* field = Field(name);
  if (field == nullptr) return nullptr;
  if (field->is_array()) return std::make_shared<const k8s::Json>(*field);
  Error(name, Wanted("a list", *field));
  return nullptr;
}

size_t FieldReader::Enum(std::string_view name, const std::vector<std::string_view>& allowed,
                         size_t fallback) const {
  const k8s::Json* field = Field(name);
  if (field == nullptr) return fallback;
  const std::string text = String(name, std::string(allowed[fallback]));
  std::string list;
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (text == allowed[i]) return i;
    list += (i == 0 ? "" : ", ") + std::string(allowed[i]);
  }
  Error(name, "must be one of " + list + ", is '" + text + "'");
  return fallback;
}

}  // namespace rha::op::api
