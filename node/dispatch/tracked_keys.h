// Which sessions have read which key, so that they can be told when it changes. A key is known by
// its name alone, in whatever database: that is what clients are told (as in Redis).
//
//   an entry (structs/entry.h):  key ─▶ one id, an integer, or many, 8 bytes each, in order
//
// A session that ends stays named until the key changes or its ids are about to double; so a key
// takes at most twice the ids of those who are there, however many come and go.
//
// Memory: 45 bytes for a key of 16 bytes that one session has read.
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/prng.h"
#include "node/keyspace/reclaimer.h"
#include "node/structs/entry_table.h"

namespace rha::node::dispatch {

class TrackedKeys {
 public:
  using Ids = std::vector<uint64_t>;
  // Whether a session still wants to be told of keys.
  using Wants = std::function<bool(uint64_t id)>;

  // Both must outlive it.
  TrackedKeys(const structs::HashSecret& secret, keyspace::Reclaimer& reclaimer);

  void Add(std::string_view key, uint64_t id, const Wants& wants);
  // Forgets the key: who has read it, in order of their ids.
  Ids Take(std::string_view key);
  // Forgets everything; the memory is freed in slices.
  void Clear();
  // Any key. REQUIRES: keys() > 0.
  std::string Random(Prng& prng) const;

  size_t keys() const { return table_->size(); }
  // Ids of all keys together.
  size_t items() const { return items_; }
  // Of memory.
  size_t bytes() const { return table_->heap_bytes(); }

 private:
  void AddToMany(structs::Entry* entry, uint64_t id, const Wants& wants);

  const structs::HashSecret& secret_;
  keyspace::Reclaimer& reclaimer_;
  std::unique_ptr<structs::KeyTable> table_;
  size_t items_ = 0;
};

}  // namespace rha::node::dispatch
