// ValueLoader: builds the collection at which an RdbReader stands, under its key, in slices.
//
// Invariant: between two slices no Edit is open, so that the keyspace can be used meanwhile.
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>

#include "common/base/status.h"
#include "node/codec/value_builder.h"
#include "node/keyspace/db.h"
#include "node/persist/rdb_reader.h"

namespace rha::node::persist {

class ValueLoader {
 public:
  // All must outlive it.
  ValueLoader(codec::ValueReader& reader, const types::FormLimits& limits,
              const structs::HashSecret& secret)
      : builder_(reader, limits, secret) {}

  // The elements of `key` go to `db`, replacing what is there; null: nowhere, they are only read.
  void Begin(keyspace::Db* db, const RdbCollectionKey& key) {
    db_ = db;
    key_ = key;
    builder_.Begin(key.type);
    busy_ = true;
    begun_ = false;
  }
  bool busy() const { return busy_; }
  // Takes elements while `budget` lasts. True: the value is complete.
  Result<bool> Step(size_t* budget) {
    const Result<bool> complete = db_ == nullptr ? builder_.Pass(budget) : StepInto(budget);
    busy_ = complete.ok() && !*complete;
    return complete;
  }
  // The value that is complete had no elements: there is no such key.
  bool empty() const { return builder_.empty(); }
  // REQUIRES: busy(), or the step that completed the value was the last call.
  std::string_view key() const { return key_.key; }

 private:
  Result<bool> StepInto(size_t* budget) {
    keyspace::Edit edit = begun_ ? db_->LoadMore(key_.key)
                                 : db_->Load(key_.key, key_.type, key_.expire_at_ms, key_.use);
    if (!edit) return Status(Code::kInternal, "a key went away while it was being loaded");
    begun_ = true;
    const Result<bool> complete = builder_.Step(edit.As<types::Slot>(), budget);
    // What stays empty goes away here.
    edit.Commit(keyspace::events::kRestore, 0);
    return complete;
  }

  codec::ValueBuilder builder_;
  keyspace::Db* db_ = nullptr;
  RdbCollectionKey key_{};
  bool busy_ = false;
  bool begun_ = false;  // the key is there
};

}  // namespace rha::node::persist
