// StringQueue: loads strings some at a time, so that their buckets have come into the cache.
//
// Invariant: nothing is in the keyspace for sure before Flush().
// Thread rule: the engine's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/keyspace/db.h"

namespace rha::node::persist {

class StringQueue {
 public:
  void Add(keyspace::Db& db, std::string_view key, std::string_view value, int64_t expire_at_ms) {
    if (&db != db_ || value.size() > kValueBytesMax) Flush();
    db_ = &db;
    if (value.size() > kValueBytesMax) return db.LoadString(key, value, expire_at_ms);
    db.PrefetchBucket(db.Hash(key));
    Waiting& slot = waiting_[count_++];
    slot.key = key;
    slot.value = value;
    slot.expire_at_ms = expire_at_ms;
    if (count_ == waiting_.size()) Flush();
  }
  void Flush() {
    for (size_t i = 0; i < count_; ++i) {
      db_->LoadString(waiting_[i].key, waiting_[i].value, waiting_[i].expire_at_ms);
    }
    count_ = 0;
  }

 private:
  // A longer value costs more to copy once more than a cache miss does.
  static constexpr size_t kValueBytesMax = 1024;
  struct Waiting {
    std::string key, value;
    int64_t expire_at_ms;
  };

  keyspace::Db* db_ = nullptr;
  std::array<Waiting, 16> waiting_;
  size_t count_ = 0;
};

}  // namespace rha::node::persist
