// ValueLoader: builds the collection at which an RdbReader stands, under its key, in slices.
//
// Invariant: between two slices no Edit is open, so that the keyspace can be used meanwhile.
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/status.h"
#include "node/keyspace/db.h"
#include "node/persist/rdb_reader.h"
#include "node/persist/seen_texts.h"

namespace rha::node::persist {

class ValueLoader {
 public:
  // `limits` must outlive it.
  ValueLoader(RdbReader& reader, const types::FormLimits& limits)
      : reader_(reader), limits_(limits) {}

  // The elements of `key` go to `db`, replacing what is there; null: nowhere, they are only read.
  void Begin(keyspace::Db* db, const RdbCollectionKey& key);
  bool busy() const { return busy_; }
  // Takes elements while `budget` lasts. True: the value is complete.
  Result<bool> Step(size_t* budget);
  // The value that is complete had no elements: there is no such key.
  bool empty() const { return elements_ == 0; }

 private:
  keyspace::Edit Open();
  Result<bool> Fill(keyspace::Edit& edit, size_t* budget);
  Result<bool> FillList(keyspace::Edit& edit, size_t* budget);
  Result<bool> FillSet(keyspace::Edit& edit, size_t* budget);
  Result<bool> FillZset(keyspace::Edit& edit, size_t* budget);
  Result<bool> FillHash(keyspace::Edit& edit, size_t* budget);
  Result<bool> FillStream(keyspace::Edit& edit, size_t* budget);
  // Hands elements to `add`, which is false for one that was there before.
  template <typename Add>
  Result<bool> Each(size_t* budget, Add&& add);

  RdbReader& reader_;
  const types::FormLimits& limits_;
  keyspace::Db* db_ = nullptr;
  RdbCollectionKey key_{};
  SeenTexts fields_;  // of a packed hash
  uint64_t elements_ = 0;
  bool busy_ = false;
  bool begun_ = false;  // the key is there
};

}  // namespace rha::node::persist
