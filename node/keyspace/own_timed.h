// On a writable replica (replica-read-only no): the keys to which its own clients gave an expiry.
// Their primary does not know of it and will never delete them; the others are the primary's.
//
// Bounds: kOwnTimedKeysMax of them; further ones are only hidden once their time is over.
// Thread rule: the engine's thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "node/keyspace/limits.h"

namespace rha::node::keyspace {

class OwnTimedKeys {
 public:
  void Note(int db, std::string_view key) {
    if (keys_.size() < kOwnTimedKeysMax) keys_.emplace(db, key);
  }
  void Clear() { keys_.clear(); }
  bool empty() const { return keys_.empty(); }
  size_t size() const { return keys_.size(); }

  enum class Fate : uint8_t { kStays, kGoes };
  // Shows some of them in turn to fate(db, key), which says whether it is still to be looked after
  // and must not call back.
  template <typename Judge>
  void LookAtSome(size_t count, Judge&& judge) {
    for (; count > 0 && !keys_.empty(); --count) {
      auto at = keys_.upper_bound(last_);
      if (at == keys_.end()) at = keys_.begin();
      last_ = *at;
      if (judge(last_.first, last_.second) == Fate::kGoes) keys_.erase(at);
    }
  }

 private:
  using Key = std::pair<int, std::string>;
  std::set<Key> keys_;
  Key last_{-1, {}};  // that was looked at
};

}  // namespace rha::node::keyspace
