// Safe access to API objects, whose shape is whatever a client sent: no function here throws.
//
//   Str(pod, {"spec", "nodeName"})      ""  where any step is missing or of another type
// Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::local::object {

using Json = nlohmann::json;
using Path = std::initializer_list<std::string_view>;

// Null where a step is missing.
const Json* Find(const Json& object, Path path);
const Json* FindKey(const Json& object, std::string_view key);
std::string Str(const Json& object, Path path, std::string_view fallback = "");
int64_t Int(const Json& object, Path path, int64_t fallback = 0);
bool Bool(const Json& object, Path path, bool fallback = false);
// The array or object there, else an empty one.
const Json& Items(const Json& object, Path path);
const Json& Map(const Json& object, Path path);
// The value there; whatever is missing on the way, or is no object, becomes one.
Json& Make(Json& object, Path path);
void Erase(Json& object, Path path);
// Sets `path` to `value` unless something is there already.
void Default(Json& object, Path path, const Json& value);

// Bytes that are not UTF-8 become U+FFFD.
std::string Dump(const Json& value);
// Nesting deeper than kJsonDepthMax is refused.
Result<Json> ParseJson(std::string_view text);
// One document; the JSON types YAML 1.2's core schema gives.
Result<Json> ParseYaml(std::string_view text);
// All documents of a stream, empty ones left out.
Result<std::vector<Json>> ParseYamlStream(std::string_view text);

std::string Name(const Json& object);
std::string Namespace(const Json& object);
std::string Uid(const Json& object);

}  // namespace rha::local::object
