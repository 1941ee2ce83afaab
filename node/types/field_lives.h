// The lifetimes of a hash's fields: which have one, in the order of their ends.
//
//   ends   (end in Unix ms, hash of the field)  ─▶  the field's entry, which has the end as its
//                                                   expiry
//
// Only a hash of which a field has a lifetime has this (HashTable). A field is hidden from when its
// end lies before the horizon, the keyspace's idea of now; it is there until somebody who may
// change the data takes it out.
// Invariant: each entry of the table with an expiry stands in `ends`, and nothing else does (two
// fields with the same hash and end share a place).
// Complexity: O(log fields). Thread rule: the engine's thread; a copy belongs to whoever has it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "node/structs/id_tree.h"

namespace rha::node::types {

// No end; before every end.
constexpr int64_t kEndless = -1;
// The last end there is: year 4199, as in Redis.
constexpr int64_t kFieldEndMaxMs = (int64_t{1} << 46) - 1;

struct Nothing {};
// By a time in Unix ms and the hash of a key or field.
using EndTree = structs::IdTree<Nothing>;

struct FieldLives {
  EndTree ends;
  const int64_t* horizon = nullptr;  // null: nothing is hidden
  int64_t filed_ms = kEndless;       // the next end as the keyspace knows it (keyspace/db.h)

  static structs::StreamId At(int64_t end_ms, uint64_t hash) {
    return {static_cast<uint64_t>(end_ms), hash};
  }
  int64_t next_ms() const {
    return ends.empty() ? kEndless : static_cast<int64_t>(ends.First()->id.ms);
  }
  int64_t last_ms() const {
    return ends.empty() ? kEndless : static_cast<int64_t>(ends.Last()->id.ms);
  }
  bool Hides(int64_t end_ms) const { return horizon != nullptr && end_ms < *horizon; }
  bool hides_any() const { return !ends.empty() && Hides(next_ms()); }
  size_t HiddenCount() const {
    size_t count = 0;
    for (auto at = ends.First(); at && Hides(static_cast<int64_t>(at->id.ms)); ++at) ++count;
    return count;
  }
};

}  // namespace rha::node::types
