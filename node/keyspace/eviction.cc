#include "node/keyspace/eviction.h"

#include <algorithm>

#include "node/keyspace/db.h"

namespace rha::node::keyspace {

using structs::Entry;
using First = EvictionPolicy::First;
using From = EvictionPolicy::From;

bool Evictor::MayGo(Entry entry) const {
  return keyspace_.eviction().from == From::kAll || entry.is_timed();
}

uint64_t Evictor::Ripeness(Entry* entry) const {
  const UseNotes notes = keyspace_.use_notes();
  const structs::AgeNote note = structs::KeyTable::Age(entry);
  switch (keyspace_.eviction().first) {
    case First::kLeastRecent:
      return static_cast<uint64_t>(notes.IdleSeconds(note));
    case First::kLeastFrequent:
      return static_cast<uint64_t>(UINT8_MAX - notes.CounterOf(note));
    case First::kSoonestExpiry:
      return UINT64_MAX - static_cast<uint64_t>(entry->expire_at());
    case First::kRandom:
      break;
  }
  return keyspace_.prng().Next();
}

void Evictor::Offer(int db, Entry entry, uint64_t ripeness) {
  if (pool_.size() == kEvictionPoolMax && ripeness <= pool_.front().ripeness) return;
  const std::string_view key = entry.key();
  for (const Candidate& known : pool_) {
    if (known.db == db && known.key == key) return;
  }
  if (pool_.size() == kEvictionPoolMax) pool_.erase(pool_.begin());
  const auto place =
      std::upper_bound(pool_.begin(), pool_.end(), ripeness,
                       [](uint64_t left, const Candidate& right) { return left < right.ripeness; });
  pool_.insert(place, {ripeness, db, std::string(key)});
}

void Evictor::Sample(Db& db) {
  size_t looked_at = 0;
  for (size_t bucket = 0; bucket < kEvictionBucketsMax; ++bucket) {
    if (looked_at >= keyspace_.eviction().samples) break;
    db.evict_cursor_ = db.table_->Scan(db.evict_cursor_, [&](Entry& entry) {
      if (!MayGo(entry)) return;
      ++looked_at;
      Offer(db.index(), entry, Ripeness(&entry));
    });
  }
}

Evictor::Outcome Evictor::EvictOne() {
  const EvictionPolicy& policy = keyspace_.eviction();
  if (policy.from == From::kNothing) return Outcome::kNothing;
  bool any = false;
  for (int i = 0; i < keyspace_.databases(); ++i) {
    Db& db = keyspace_.db(i);
    const size_t eligible = policy.from == From::kAll ? db.size() : db.expiring();
    if (eligible == 0) continue;
    any = true;
    Sample(db);
  }
  if (!any) return Outcome::kNothing;
  while (!pool_.empty()) {
    const Candidate ripest = std::move(pool_.back());
    pool_.pop_back();
    Db& db = keyspace_.db(ripest.db);
    Entry* entry = db.table_->Find(ripest.key);
    if (entry == nullptr || !MayGo(*entry)) continue;
    if (policy.first != First::kRandom && Ripeness(entry) < ripest.ripeness) continue;
    db.DeleteEvicted(entry);
    return Outcome::kEvicted;
  }
  return Outcome::kSearching;
}

}  // namespace rha::node::keyspace
