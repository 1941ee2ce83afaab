#include "common/base/check.h"
#include "node/keyspace/db.h"

namespace rha::node::keyspace {

Keyspace::Keyspace(int databases, uint64_t seed, const structs::HashSecret& secret)
    : secret_(secret), prng_(seed) {
  RHA_CHECK(databases > 0);
  for (int i = 0; i < databases; ++i) dbs_.push_back(std::make_unique<Db>(*this, i));
}

Keyspace::~Keyspace() = default;

void Keyspace::EnterSecond() {
  now_s_ = now_ms_ / 1000;
  next_second_ms_ = (now_s_ + 1) * 1000;
}

KeyUse Keyspace::UseOf(structs::Entry* entry) const {
  if (!eviction_.tracks_use()) return {};
  const structs::AgeNote note = structs::KeyTable::Age(entry);
  if (eviction_.counts_uses()) return KeyUse::Frequency(use_notes().CounterOf(note));
  return KeyUse::Idle(static_cast<uint64_t>(use_notes().IdleSeconds(note)));
}

std::vector<structs::KeyTable*> Keyspace::BeginImage(Image* image) {
  RHA_CHECK(image_ == nullptr);
  image_ = image;
  std::vector<structs::KeyTable*> tables;
  for (const auto& db : dbs_) {
    tables.push_back(db->table_.get());
    db->table_->Watch(nullptr);
  }
  return tables;
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
  a.table_.swap(b.table_);
  std::swap(a.timed_, b.timed_);
  std::swap(a.sweep_cursor_, b.sweep_cursor_);
  std::swap(a.decay_clock_, b.decay_clock_);
  std::swap(a.decay_steps_, b.decay_steps_);
  std::swap(a.evict_cursor_, b.evict_cursor_);
  std::swap(a.average_ttl_ms_, b.average_ttl_ms_);
  if (observer_ != nullptr) observer_->OnSwapped(first, second);
}

bool Keyspace::SweepSlice(int64_t budget_us, const std::function<int64_t()>& clock_us) {
  const int64_t end_us = clock_us() + budget_us;
  Db::Swept all;
  bool out_of_time = false, stale = false;
  for (int turn = 0; turn < databases() && !out_of_time; ++turn) {
    Db& db = *dbs_[static_cast<size_t>(sweep_db_)];
    const size_t share = std::min(db.size(), std::max(kSweepKeysMin, db.size() / kSweepShare));
    size_t visited = 0;
    do {
      if (db.size() == 0) break;
      const Db::Swept some = db.Sweep(kSweepBuckets);
      visited += some.visited;
      all.timed += some.timed;
      all.deleted += some.deleted;
      stale = some.deleted * 100 > some.timed * kSweepStalePercentAccepted;
      out_of_time = clock_us() >= end_us;
    } while (!out_of_time && (visited < share || stale));
    if (!out_of_time) sweep_db_ = (sweep_db_ + 1) % databases();
  }
  if (out_of_time) ++stats_.expire_cycle_time_limit_reached;
  const double percent =
      all.timed == 0 ? 0
                     : 100.0 * static_cast<double>(all.deleted) / static_cast<double>(all.timed);
  stats_.expired_stale_percent = stats_.expired_stale_percent * 0.95 + percent * 0.05;
  return out_of_time && stale;
}

}  // namespace rha::node::keyspace
