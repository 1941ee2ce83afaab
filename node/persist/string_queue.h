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
#include "node/persist/rdb_reader.h"

namespace rha::node::persist {

class StringQueue {
 public:
  void Add(keyspace::Db& db, const RdbKey& key) {
    if (&db != db_ || key.value.size() > kValueBytesMax) Flush();
    db_ = &db;
    if (key.value.size() > kValueBytesMax) {
      return db.LoadString(key.key, key.value, key.expire_at_ms, key.use);
    }
    db.PrefetchBucket(db.Hash(key.key));
    Waiting& slot = waiting_[count_++];
    slot.key = key.key;
    slot.value = key.value;
    slot.expire_at_ms = key.expire_at_ms;
    slot.use = key.use;
    if (count_ == waiting_.size()) Flush();
  }
  void Flush() {
    for (size_t i = 0; i < count_; ++i) {
      const Waiting& slot = waiting_[i];
      db_->LoadString(slot.key, slot.value, slot.expire_at_ms, slot.use);
    }
    count_ = 0;
  }

 private:
  // A longer value costs more to copy once more than a cache miss does.
  static constexpr size_t kValueBytesMax = 1024;
  struct Waiting {
    std::string key, value;
    int64_t expire_at_ms;
    keyspace::KeyUse use;
  };

  keyspace::Db* db_ = nullptr;
  std::array<Waiting, 16> waiting_;
  size_t count_ = 0;
};

}  // namespace rha::node::persist
