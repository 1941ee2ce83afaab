// A value with its type. Strings are the only type so far; the tag is what TYPE, WRONGTYPE and the
// file formats ask for, and where further types join.
#pragma once

#include <cstdint>
#include <utility>
#include <variant>

#include "node/keyspace/string_value.h"

namespace rha::node::keyspace {

enum class Type : uint8_t { kString, kList, kSet, kZset, kHash, kStream };

// "string", "list", ...: what TYPE answers.
const char* TypeName(Type type);

class Object {
 public:
  explicit Object(StringValue value) : value_(std::move(value)) {}

  Type type() const { return Type::kString; }
  // REQUIRES: type() == kString.
  StringValue& string() { return std::get<StringValue>(value_); }
  const StringValue& string() const { return std::get<StringValue>(value_); }

  const char* encoding() const { return string().encoding(); }
  size_t heap_bytes() const { return string().heap_bytes(); }

 private:
  std::variant<StringValue> value_;
};

}  // namespace rha::node::keyspace
