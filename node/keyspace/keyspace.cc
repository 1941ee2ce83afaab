#include "common/base/check.h"
#include "node/keyspace/db.h"

namespace rha::node::keyspace {

Keyspace::Keyspace(int databases, uint64_t seed) : prng_(seed) {
  RHA_CHECK(databases > 0);
  for (int i = 0; i < databases; ++i) dbs_.push_back(std::make_unique<Db>(*this, i));
}

void Keyspace::TouchFlushed(Db& db) {
  watches_.TouchDb(db.index(), [&](std::string_view key) {
    return WatchTable::Fate{db.PresenceOf(key), WatchTable::Presence::kAbsent};
  });
}

size_t Keyspace::Flush(int db) {
  size_t removed = 0;
  for (auto& each : dbs_) {
    if (db != -1 && each->index() != db) continue;
    removed += each->size();
    TouchFlushed(*each);
    each->Clear();
  }
  return removed;
}

void Keyspace::Reset() {
  for (auto& db : dbs_) {
    TouchFlushed(*db);
    db->Clear();
  }
}

void Keyspace::Swap(int first, int second) {
  if (first == second) return;
  Db& a = db(first);
  Db& b = db(second);
  watches_.TouchDb(first, [&](std::string_view key) {
    return WatchTable::Fate{a.PresenceOf(key), b.PresenceOf(key)};
  });
  watches_.TouchDb(second, [&](std::string_view key) {
    return WatchTable::Fate{b.PresenceOf(key), a.PresenceOf(key)};
  });
  a.table_.Swap(b.table_);
  a.expiring_.swap(b.expiring_);
  std::swap(a.expire_cursor_, b.expire_cursor_);
}

void Keyspace::RehashSome(size_t buckets_per_db) {
  for (auto& db : dbs_) db->table_.Rehash(buckets_per_db);
}

size_t Keyspace::ExpireSlice(int64_t budget_us, const std::function<int64_t()>& clock_us) {
  const int64_t end_us = clock_us() + budget_us;
  size_t deleted = 0, looked_at = 0;
  for (int visited = 0; visited < databases(); ++visited) {
    Db& db = *dbs_[static_cast<size_t>(expire_db_)];
    expire_db_ = (expire_db_ + 1) % databases();
    size_t sample = 0, stale = 0;
    do {
      if (db.expiring() == 0) break;
      sample = 0;
      stale = db.ExpireSome(&sample);
      deleted += stale;
      looked_at += sample;
      if (clock_us() >= end_us) {
        ++stats_.expire_cycle_time_limit_reached;
        visited = databases();
        break;
      }
    } while (stale * 100 > sample * kExpireStalePercentAccepted);
  }
  const double percent =
      looked_at == 0 ? 0 : 100.0 * static_cast<double>(deleted) / static_cast<double>(looked_at);
  stats_.expired_stale_percent = stats_.expired_stale_percent * 0.95 + percent * 0.05;
  return deleted;
}

}  // namespace rha::node::keyspace
