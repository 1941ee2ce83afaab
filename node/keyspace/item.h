// What a lookup found: one key with its value, to read.
//
// An Item holds the entry's handle by value: it stays valid while other keys come and go, until
// this key itself is changed or erased.
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "node/types/slot.h"
#include "node/types/value.h"

namespace rha::node::keyspace {

using types::Type;

constexpr int64_t kNoExpiry = -1;

class Item {
 public:
  Item() = default;
  explicit Item(structs::Entry entry) : entry_(entry) {}

  // False: there is no such key.
  explicit operator bool() const { return static_cast<bool>(entry_); }

  std::string_view key() const { return entry_.key(); }
  Type type() const { return types::TypeOf(types::FormOf(entry_)); }
  const char* encoding() const { return types::EncodingName(entry_); }
  bool has_expiry() const { return entry_.is_timed(); }
  // Unix milliseconds, or kNoExpiry.
  int64_t expire_at_ms() const { return has_expiry() ? entry_.expire_at() : kNoExpiry; }

  // The value: item.As<types::StringView>(). REQUIRES: it is of that type.
  template <typename View>
  View As() const {
    return View(entry_);
  }
  structs::Entry entry() const { return entry_; }

 private:
  structs::Entry entry_;
};

}  // namespace rha::node::keyspace
