#include <utility>

#include "common/base/check.h"
#include "node/keyspace/db.h"
#include "node/keyspace/libraries.h"

namespace rha::node::keyspace {

Keyspace::Keyspace(int databases, uint64_t seed, const structs::HashSecret& secret)
    : Keyspace(std::make_shared<const structs::HashSecret>(secret), databases, seed) {}

Keyspace::Keyspace(std::shared_ptr<const structs::HashSecret> secret, int databases, uint64_t seed)
    : secret_(std::move(secret)), prng_(seed) {
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

void Keyspace::TellParties(int db, std::string_view key, Change change) {
  watches_.Touch(db, key, change);
  if (observer_ != nullptr) observer_->OnChanged(db, key, change);
}

size_t Keyspace::Flush(int db) {
  size_t removed = 0;
  for (auto& each : dbs_) {
    if (db != -1 && each->index() != db) continue;
    removed += each->size();
    watches_.TouchDb(each->index(), [&](std::string_view key) {
      return WatchTable::Fate{each->PresenceOf(key), WatchTable::Presence::kAbsent};
    });
    each->Clear();
  }
  if (observer_ != nullptr) observer_->OnCleared(db);
  return removed;
}

void Keyspace::Reset() {
  own_timed_.Clear();
  if (libraries_ != nullptr) libraries_->Clear();
  Flush(-1);
}

std::unique_ptr<Keyspace> Keyspace::BesideThis() const {
  std::unique_ptr<Keyspace> beside(new Keyspace(secret_, databases(), 1));
  beside->field_horizon_ms_ = field_horizon_ms_;
  beside->aside_ = true;
  beside->form_limits_ = form_limits_;
  beside->eviction_ = eviction_;
  beside->use_kind_since_s_ = use_kind_since_s_;
  beside->set_now_ms(now_ms_);
  if (libraries_ != nullptr) {
    beside->own_libraries_ = libraries_->Beside();
    beside->libraries_ = beside->own_libraries_.get();
  }
  return beside;
}

void Keyspace::Adopt(std::unique_ptr<Keyspace> loaded) {
  RHA_CHECK(loaded->databases() == databases());
  own_timed_.Clear();
  for (auto& db : dbs_) {
    Db& next = loaded->db(db->index());
    watches_.TouchDb(db->index(), [&](std::string_view key) {
      return WatchTable::Fate{db->PresenceOf(key), next.PresenceOf(key)};
    });
    db->Clear();
    db->Exchange(next);
  }
  if (libraries_ != nullptr) libraries_->Adopt(*loaded->libraries_);
  if (observer_ != nullptr) observer_->OnCleared(-1);
}

void Keyspace::Discard(std::unique_ptr<Keyspace> loaded) {
  for (auto& db : loaded->dbs_) {
    reclaimer_.Free(
        std::exchange(db->table_, std::make_unique<structs::KeyTable>(*loaded->secret_)));
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
  a.Exchange(b);
  if (observer_ != nullptr) observer_->OnSwapped(first, second);
}

void Keyspace::SweepOwn(bool is_replica) {
  if (own_timed_.empty()) return;
  if (!is_replica) return own_timed_.Clear();
  std::vector<std::pair<Db*, std::string>> expired;
  own_timed_.LookAtSome(kOwnTimedPerSlice, [&](int index, const std::string& key) {
    const Item item = db(index).Stored(key);
    if (!item || !item.has_expiry()) return OwnTimedKeys::Fate::kGoes;
    if (!db(index).IsExpired(item)) return OwnTimedKeys::Fate::kStays;
    expired.emplace_back(&db(index), key);
    return OwnTimedKeys::Fate::kGoes;
  });
  for (const auto& [db, key] : expired) db->DeleteIfExpired(key);
}

bool Keyspace::SweepSlice(int64_t budget_us, const std::function<int64_t()>& clock_us) {
  const int64_t start_us = clock_us(), end_us = start_us + budget_us;
  Db::Swept all;
  // Half the time: keys end meanwhile, too.
  const bool fields_left = EndFieldsUntil(start_us + budget_us / 2, clock_us);
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
  return fields_left || (out_of_time && stale);
}

}  // namespace rha::node::keyspace
