// A cursor over one JSON object that reads typed fields and collects errors with their paths.
//
//   FieldReader sentinel = spec.Object("sentinel");
//   down_after_ms = sentinel.Int("downAfterMilliseconds", 2000, {200, 600000});
//
// A missing or null field yields the default; a wrong one yields the default and an error.
// One owner; must not outlive the JSON or the error list.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/redisha.h"

namespace rha::op::api {

class FieldReader {
 public:
  struct Range {
    int64_t low;
    int64_t high;
  };

  // `value` may be null (the field is absent).
  FieldReader(const k8s::Json* value, std::string path, std::vector<FieldError>* errors);

  bool Has(std::string_view name) const { return Field(name) != nullptr; }
  FieldReader Object(std::string_view name) const;
  std::string String(std::string_view name, std::string fallback) const;
  int Int(std::string_view name, int fallback, Range range) const;
  bool Bool(std::string_view name, bool fallback) const;
  std::map<std::string, std::string> StringMap(std::string_view name) const;
  // The `name` of each {name: …} in a list, as imagePullSecrets has it.
  std::vector<std::string> Names(std::string_view name) const;
  // A copy of an object that is passed on as it is, or null.
  k8s::ObjectPtr Raw(std::string_view name) const;
  // The same of a list.
  k8s::ObjectPtr RawList(std::string_view name) const;
  // The index of the string in `allowed`, or of the fallback.
  size_t Enum(std::string_view name, const std::vector<std::string_view>& allowed,
              size_t fallback) const;

  void Error(std::string_view name, std::string message) const;

 private:
  const k8s::Json* Field(std::string_view name) const;
  std::string PathOf(std::string_view name) const { return path_ + "." + std::string(name); }

  const k8s::Json* value_;
  const std::string path_;
  std::vector<FieldError>* errors_;
};

}  // namespace rha::op::api
