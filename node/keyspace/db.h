// The door to the data: the only way to look up, insert, change or erase a key.
//
// Everything that must happen with each change hangs here, registered once, and no command can
// forget it: expiry on access, WATCH, keyspace notifications, the dirty counter, hits and misses.
// What stands behind the door (tables, entries, encodings) may be replaced without a command
// noticing.
//
// Rules
//  * A pointer to an Entry is valid until the next call that may erase or insert a key of any
//    database.
//  * An entry returned by Write() may be changed freely; then call Changed() once.
//  * Time is Keyspace::now_ms(), set by whoever runs the engine; it does not move within one
//    command.
//
// Thread rule: the engine's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/prng.h"
#include "node/keyspace/event.h"
#include "node/keyspace/limits.h"
#include "node/keyspace/object.h"
#include "node/keyspace/watch.h"
#include "node/structs/hash_table.h"

namespace rha::node::keyspace {

class Db;
class Keyspace;

constexpr int64_t kNoExpiry = -1;

// One key with its value. Made and destroyed by Db alone.
class Entry {
 public:
  std::string_view key() const { return key_; }
  const Object& value() const { return value_; }
  Object& value() { return value_; }
  Type type() const { return value_.type(); }
  // Unix milliseconds, or kNoExpiry.
  int64_t expire_at_ms() const { return expire_at_ms_; }
  bool has_expiry() const { return expire_at_ms_ != kNoExpiry; }
  // Unix seconds of the last access that counts as one.
  uint32_t last_access_s() const { return last_access_s_; }

 private:
  friend class Db;
  friend class structs::HashTable<Entry>;
  Entry(std::string_view key, Object value) : key_(key), value_(std::move(value)) {}
  std::string_view HashKey() const { return key_; }

  Entry* next_ = nullptr;        // chain of the hash table
  uint32_t expiring_index_ = 0;  // place in Db::expiring_, meaningful with an expiry
  uint32_t last_access_s_ = 0;
  int64_t expire_at_ms_ = kNoExpiry;
  std::string key_;
  Object value_;
};

// What a lookup does with an expired key.
enum class ExpiryMode : uint8_t {
  kDelete,  // a primary: delete it, tell the observer
  kHide,    // a replica's client: not there, but the primary decides when it goes
  kIgnore,  // the primary's own stream and loading: still there
};

// Receives what must leave the keyspace. Called after the change.
class Observer {
 public:
  virtual ~Observer() = default;
  // Only for kinds in Keyspace::event_mask().
  virtual void OnEvent(int db, Event event, std::string_view key) = 0;
  // A key was deleted because its time had come or memory was short: replicas need a DEL.
  virtual void OnDeleted(int db, std::string_view key) = 0;
};

struct Stats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t expired_keys = 0;
  uint64_t evicted_keys = 0;
  uint64_t expire_cycle_time_limit_reached = 0;
  double expired_stale_percent = 0;
};

class Db {
 public:
  Db(Keyspace& keyspace, int index) : keyspace_(keyspace), index_(index) {}
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  int index() const { return index_; }
  size_t size() const { return table_.size(); }
  size_t expiring() const { return expiring_.size(); }

  // ---- looking up; null: no such key
  // For a command that reads: counts a hit or miss and the access.
  const Entry* Read(std::string_view key);
  // For one that looks at a key without using it (TYPE, TTL, OBJECT): counts nothing.
  const Entry* Peek(std::string_view key);
  // Likewise, but counts a hit or miss (EXISTS, TYPE).
  const Entry* CountedPeek(std::string_view key);
  // For a command that may change it.
  Entry* Write(std::string_view key);
  bool Exists(std::string_view key) { return Peek(key) != nullptr; }

  // ---- changing
  // Inserts or replaces. `expire_at_ms`: kNoExpiry drops an expiry the key had.
  Entry& Put(std::string_view key, Object value, int64_t expire_at_ms, Event event);
  // The value of an entry from Write() was changed in place.
  void Changed(Entry& entry, Event event);
  void SetExpiry(Entry& entry, int64_t expire_at_ms, Event event);
  void ClearExpiry(Entry& entry, Event event);
  // False: there was no such key (or only an expired one).
  bool Erase(std::string_view key, Event event = events::kDel);
  // An additional notification for a key that was changed already.
  void Notify(Event event, std::string_view key);

  // Loading from a file or a replication snapshot: no event, no dirty count, no WATCH. Replaces.
  void Load(std::string_view key, Object value, int64_t expire_at_ms, uint32_t last_access_s = 0);
  // Room for that many keys at once.
  void Reserve(size_t keys) { table_.Reserve(keys); }

  // ---- walking
  // Redis' SCAN guarantee: a key that is there from the first call (cursor 0) to the last (0
  // returned) is seen at least once. `visit` must not change the keyspace. Expired keys are visited
  // too.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit visit) const {
    return table_.Scan(cursor, visit);
  }
  // All entries, in no order; `visit` must not change the keyspace.
  template <typename Visit>
  void ForEach(Visit visit) const {
    table_.ForEach(visit);
  }
  // Any key that has not expired, or null.
  const Entry* Random();
  bool IsExpired(const Entry& entry) const;
  // The key is still stored although its time has come. Deletes nothing.
  bool HoldsExpired(std::string_view key) {
    const Entry* entry = Find(key);
    return entry != nullptr && IsExpired(*entry);
  }

  // What the key costs, the allocator's rounding left out.
  static size_t MemoryBytes(const Entry& entry);
  // Mean time to live of the keys that have one, in milliseconds, over a sample.
  int64_t AverageTtlMs() const;

 private:
  friend class Keyspace;
  Entry* Find(std::string_view key) { return table_.Find(key); }
  // `entry` unless it has expired; then does what the mode demands.
  Entry* Alive(Entry* entry);
  void LinkExpiry(Entry& entry, int64_t expire_at_ms);
  void UnlinkExpiry(Entry& entry);
  void Remove(std::string_view key);
  Watcher::Presence PresenceOf(std::string_view key);
  void DeleteExpired(Entry& entry);
  void Clear();
  size_t ExpireSome(size_t* looked_at);

  Keyspace& keyspace_;
  int index_;
  structs::HashTable<Entry> table_;
  std::vector<Entry*> expiring_;  // every entry that has an expiry, in no order
  size_t expire_cursor_ = 0;      // where the next slice of active expiry looks
};

class Keyspace {
 public:
  explicit Keyspace(int databases = kDatabasesDefault, uint64_t seed = 1);

  int databases() const { return static_cast<int>(dbs_.size()); }
  // REQUIRES: 0 <= index < databases().
  Db& db(int index) { return *dbs_[static_cast<size_t>(index)]; }
  const Db& db(int index) const { return *dbs_[static_cast<size_t>(index)]; }

  int64_t now_ms() const { return now_ms_; }
  void set_now_ms(int64_t now_ms) { now_ms_ = now_ms; }
  ExpiryMode expiry_mode() const { return expiry_mode_; }
  void set_expiry_mode(ExpiryMode mode) { expiry_mode_ = mode; }
  void set_observer(Observer* observer) { observer_ = observer; }
  // Which events reach the observer (notify-keyspace-events); 0: none.
  uint32_t event_mask() const { return event_mask_; }
  void set_event_mask(uint32_t mask) { event_mask_ = mask; }

  // Changes since the last save; a command that changed nothing leaves it alone.
  uint64_t dirty() const { return dirty_; }
  void AddDirty(uint64_t changes) { dirty_ += changes; }
  void set_dirty(uint64_t dirty) { dirty_ = dirty; }

  WatchTable& watches() { return watches_; }
  Stats& stats() { return stats_; }
  Prng& prng() { return prng_; }

  // Returns how many keys went. `db`: -1 for all.
  size_t Flush(int db);
  // As Flush(-1), but silently: before a full resynchronisation loads another dataset.
  void Reset();
  void Swap(int first, int second);

  // Moves tables that change their size along, for idle time; a table nobody touches would never
  // finish.
  void RehashSome(size_t buckets_per_db);
  // One slice of active expiry; ends at `budget_us` at the latest, by `clock_us`. Returns keys
  // deleted.
  size_t ExpireSlice(int64_t budget_us, const std::function<int64_t()>& clock_us);

 private:
  friend class Db;
  void TouchFlushed(Db& db);
  void Emit(int db, Event event, std::string_view key) {
    if ((event.kind & event_mask_) != 0 && observer_ != nullptr) observer_->OnEvent(db, event, key);
  }

  int64_t now_ms_ = 0;
  ExpiryMode expiry_mode_ = ExpiryMode::kDelete;
  uint32_t event_mask_ = 0;
  uint64_t dirty_ = 0;
  Observer* observer_ = nullptr;
  WatchTable watches_;
  Stats stats_;
  Prng prng_;
  std::vector<std::unique_ptr<Db>> dbs_;
  int expire_db_ = 0;
};

}  // namespace rha::node::keyspace
