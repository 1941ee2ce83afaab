// One reply as a tree of values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rha::resp {

struct Value {
  enum class Type {
    kSimple,   // text
    kError,    // text without the leading '-'
    kInteger,  // integer
    kBulk,     // text
    kNull,
    kArray,      // items
    kMap,        // items: key, value, key, value, ...
    kSet,        // items
    kPush,       // items; not the answer to a request
    kDouble,     // number; text as received
    kBool,       // integer 0 or 1
    kBigNumber,  // text
    kVerbatim,   // text without the "txt:" prefix
  };

  Type type = Type::kNull;
  std::string text;
  int64_t integer = 0;
  double number = 0;
  std::vector<Value> items;

  bool is_null() const { return type == Type::kNull; }
  bool is_error() const { return type == Type::kError; }
  bool is_string() const {
    return type == Type::kSimple || type == Type::kBulk || type == Type::kVerbatim;
  }
  bool is_aggregate() const {
    return type == Type::kArray || type == Type::kMap || type == Type::kSet || type == Type::kPush;
  }
};

}  // namespace rha::resp
