// Which keys go when memory is short (maxmemory-policy).
//
//   Evictor::EvictOne ─▶ each database: look at the next bucket or two of a round without end
//                    ─▶ the best of them join the pool, ordered by how ripe they are
//                    ─▶ the ripest of the pool goes, unless it was used since
//
// The byte beside each key tells how long it has been idle or how often it is used, so that a
// bucket's twelve keys are judged by what lies in two cache lines; only volatile-ttl reads blocks.
// Hash order knows nothing of use, so going round is as good a sample as drawing at random.
//
// Invariant: nothing in the pool refers into the keyspace (names are copies).
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/structs/entry.h"

namespace rha::node::keyspace {

class Db;
class Keyspace;

struct EvictionPolicy {
  enum class From : uint8_t { kNothing, kVolatile, kAll };
  enum class First : uint8_t { kLeastRecent, kLeastFrequent, kSoonestExpiry, kRandom };
  From from = From::kNothing;
  First first = First::kLeastRecent;
  size_t samples = 5;             // maxmemory-samples: keys to look at for each one that goes
  int64_t lfu_log_factor = 10;    // lfu-log-factor
  int64_t lfu_decay_minutes = 1;  // lfu-decay-time

  bool counts_uses() const { return first == First::kLeastFrequent; }
  bool tracks_use() const {
    return from != From::kNothing && (first == First::kLeastRecent || counts_uses());
  }
};

class Evictor {
 public:
  explicit Evictor(Keyspace& keyspace) : keyspace_(keyspace) {}

  enum class Outcome : uint8_t {
    kEvicted,
    kSearching,  // keys that may go are few: ask again
    kNothing,    // no key may go
  };
  Outcome EvictOne();
  // Another policy holds: what was chosen by the old one means nothing.
  void Forget() { pool_.clear(); }

 private:
  struct Candidate {
    uint64_t ripeness;
    int db;
    std::string key;
  };
  void Sample(Db& db);
  void Offer(int db, structs::Entry entry, uint64_t ripeness);
  uint64_t Ripeness(structs::Entry* entry) const;
  bool MayGo(structs::Entry entry) const;

  Keyspace& keyspace_;
  std::vector<Candidate> pool_;  // the ripest last
};

}  // namespace rha::node::keyspace
