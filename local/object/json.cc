#include "local/object/json.h"

#include <nlohmann/json.hpp>

#include "local/object/limits.h"

namespace rha::local::object {
namespace {

// Counts nesting while parsing, so that a hostile body cannot exhaust the stack later.
class DepthGuard {
 public:
  bool operator()(int depth, Json::parse_event_t /*event*/, Json& /*parsed*/) {
    too_deep_ = too_deep_ || depth > kJsonDepthMax;
    return !too_deep_;
  }
  bool too_deep() const { return too_deep_; }

 private:
  bool too_deep_ = false;
};

}  // namespace

const Json* FindKey(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

const Json* Find(const Json& object, Path path) {
  const Json* at = &object;
  for (const auto step : path) {
    at = FindKey(*at, step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string Str(const Json& object, Path path, std::string_view fallback) {
  const Json* value = Find(object, path);
  if (value == nullptr || !value->is_string()) return std::string(fallback);
  return value->get_ref<const std::string&>();
}

int64_t Int(const Json& object, Path path, int64_t fallback) {
  const Json* value = Find(object, path);
  if (value == nullptr || !value->is_number()) return fallback;
  return value->get<int64_t>();
}

bool Bool(const Json& object, Path path, bool fallback) {
  const Json* value = Find(object, path);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : fallback;
}

const Json& Items(const Json& object, Path path) {
  static const Json kEmpty = Json::array();
  const Json* value = Find(object, path);
  return value != nullptr && value->is_array() ? *value : kEmpty;
}

const Json& Map(const Json& object, Path path) {
  static const Json kEmpty = Json::object();
  const Json* value = Find(object, path);
  return value != nullptr && value->is_object() ? *value : kEmpty;
}

Json& Make(Json& object, Path path) {
  Json* at = &object;
  for (const auto step : path) {
    if (!at->is_object()) *at = Json::object();
    at = &(*at)[std::string(step)];
  }
  return *at;
}

void Erase(Json& object, Path path) {
  Json* at = &object;
  size_t left = path.size();
  for (const auto step : path) {
    if (!at->is_object()) return;
    const auto it = at->find(step);
    if (it == at->end()) return;
    if (--left == 0) {
      at->erase(it);
      return;
    }
    at = &*it;
  }
}

void Default(Json& object, Path path, const Json& value) {
  const Json* present = Find(object, path);
  if (present == nullptr || present->is_null()) Make(object, path) = value;
}

std::string Dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> ParseJson(std::string_view text) {
  DepthGuard guard;
  Json value = Json::parse(text, std::ref(guard), /*allow_exceptions=*/false);
  if (guard.too_deep()) return Status(Code::kInvalid, "JSON is nested too deeply");
  if (value.is_discarded()) return Status(Code::kInvalid, "body is not valid JSON");
  return value;
}

std::string Name(const Json& object) { return Str(object, {"metadata", "name"}); }
std::string Namespace(const Json& object) { return Str(object, {"metadata", "namespace"}); }
std::string Uid(const Json& object) { return Str(object, {"metadata", "uid"}); }

}  // namespace rha::local::object
