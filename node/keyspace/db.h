// The door to the data: the only way to look up, insert, change or erase a key.
//
// Everything that must happen with each change hangs here, registered once, and no command can
// forget it: expiry on access, WATCH, keyspace notifications, the dirty counter, hits and misses,
// a snapshot's pre-images. What stands behind the door (node/structs, node/types) may be replaced
// without a command noticing.
//
// Reading gives an Item (item.h), changing goes through an Edit (edit.h) or Put().
// Time is Keyspace::now_ms(), set by whoever runs the engine; it does not move within one command.
//
// Thread rule: the engine's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/prng.h"
#include "node/keyspace/change.h"
#include "node/keyspace/edit.h"
#include "node/keyspace/event.h"
#include "node/keyspace/eviction.h"
#include "node/keyspace/held_memory.h"
#include "node/keyspace/item.h"
#include "node/keyspace/key_use.h"
#include "node/keyspace/limits.h"
#include "node/keyspace/own_timed.h"
#include "node/keyspace/reclaimer.h"
#include "node/keyspace/use_notes.h"
#include "node/keyspace/watch.h"
#include "node/structs/entry_table.h"
#include "node/types/field_lives.h"

namespace rha::node::keyspace {

class Db;
class Keyspace;
class Libraries;

// What a lookup does with an expired key.
enum class ExpiryMode : uint8_t {
  kDelete,  // a primary: delete it, tell the observer
  kHide,    // a replica's client: not there, but the primary decides when it goes, unless it is
            // written to here (replica-read-only no)
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
  // Likewise fields of a hash: replicas need an HDEL.
  virtual void OnFieldsEnded(int db, std::string_view key,
                             const std::vector<std::string>& fields) = 0;
  // Only while somebody asks (Keyspace::interest()).
  virtual void OnChanged(int db, std::string_view key, Change change) = 0;
  // All keys of the database have gone; -1: of all databases.
  virtual void OnCleared(int db) = 0;
  // Two databases changed places: any of their keys may have appeared.
  virtual void OnSwapped(int first, int second) = 0;
};

// Takes the values of a snapshot that is under way.
class Image {
 public:
  virtual ~Image() = default;
  // The entry, not captured yet, is about to change or go.
  virtual void Capture(const structs::KeyTable& table, structs::Entry* entry) = 0;
  // The value would be freed now, but is still being walked.
  virtual void TakeOver(std::unique_ptr<types::LargeValue> value) = 0;
  // Likewise a table of keys, with all that are in it, walked or not.
  virtual void TakeOver(std::unique_ptr<structs::KeyTable> table) = 0;
};

struct Stats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t expired_keys = 0;
  uint64_t expired_fields = 0;
  uint64_t evicted_keys = 0;
  uint64_t expire_cycle_time_limit_reached = 0;
  double expired_stale_percent = 0;
};

class Db {
 public:
  Db(Keyspace& keyspace, int index);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  int index() const { return index_; }
  size_t size() const { return table_->size(); }
  size_t expiring() const { return timed_; }
  size_t slots() const { return table_->slots(); }
  // Hashes with fields that have a lifetime.
  size_t with_field_ends() const { return field_ends_.size(); }

  // ---- looking up
  // For a command that reads: counts a hit or miss and the access.
  Item Read(std::string_view key);
  // For one that looks at a key without using it (OBJECT): counts nothing.
  Item Peek(std::string_view key);
  // Likewise, but counts a hit or miss (EXISTS, TYPE, TTL).
  Item CountedPeek(std::string_view key);
  // Whether or not its time is over (DEBUG OBJECT).
  Item Stored(std::string_view key);
  bool Exists(std::string_view key) { return static_cast<bool>(Peek(key)); }
  // Of a key's use either the time of the last one is kept or, under an LFU policy, the frequency
  // (EvictionPolicy::counts_uses). REQUIRES: the key is there, and that is what is kept.
  int64_t IdleSeconds(std::string_view key);
  uint8_t UseFrequency(std::string_view key);

  // ---- changing
  Edit Write(std::string_view key);
  // An empty collection of that type if there is no such key.
  Edit WriteOrCreate(std::string_view key, Type type);
  // Inserts or replaces by a string. `expire_at_ms`: kNoExpiry drops an expiry the key had.
  // REQUIRES: neither view lies in the keyspace.
  void Put(std::string_view key, std::string_view text, int64_t expire_at_ms, Event event);
  void Put(std::string_view key, types::Value value, int64_t expire_at_ms, Event event);
  // Inserts or replaces by a string of `size` bytes, which `fill` writes where they stay; without
  // an expiry. REQUIRES: `fill` reads no value of this key.
  void PutFilled(std::string_view key, size_t size,
                 const std::function<void(std::span<char>)>& fill, Event event);
  // Likewise, but to listeners the key is a new one even if another was there (COPY, RESTORE).
  void PutNew(std::string_view key, types::Value value, int64_t expire_at_ms, Event event);
  void PutNew(std::string_view key, std::string_view text, int64_t expire_at_ms, Event event);
  // How the key was used elsewhere; as a fresh one if that says nothing. REQUIRES: it is there.
  void SetUse(std::string_view key, KeyUse use);
  // False: there was no such key (or only an expired one).
  bool Erase(std::string_view key, Event event = events::kDel);
  // The value moves: it is never copied. REQUIRES: `from` is there, and is not `to` itself.
  struct Target {
    Db& db;
    std::string_view key;
  };
  void Move(std::string_view from, Target to, Event from_event, Event to_event);
  // An additional notification for a key that was changed already.
  void Notify(Event event, std::string_view key);

  // Loading from a file or a replication snapshot: no event, no dirty count, no WATCH. Replaces.
  void LoadString(std::string_view key, std::string_view text, int64_t expire_at_ms,
                  KeyUse use = {});
  Edit Load(std::string_view key, Type type, int64_t expire_at_ms, KeyUse use = {});
  // More of what Load() began.
  Edit LoadMore(std::string_view key);
  // Room for that many keys at once.
  void Reserve(size_t keys) { table_->Reserve(keys); }

  // ---- many keys at once: brings what a lookup will read into the cache, in two stages
  uint64_t Hash(std::string_view key) const { return table_->Hash(key); }
  [[gnu::always_inline]] void PrefetchBucket(uint64_t hash) const { table_->PrefetchBucket(hash); }
  [[gnu::always_inline]] void PrefetchKey(uint64_t hash) const { table_->PrefetchKey(hash); }

  // ---- walking
  // Redis' SCAN guarantee: a key that is there from the first call (cursor 0) to the last (0
  // returned) is seen at least once. `visit(Item)` must not change the keyspace. Expired keys are
  // visited too.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit visit) const {
    return table_->Scan(cursor, [&](structs::Entry& entry) { visit(Item(entry)); });
  }
  // All keys, in no order; `visit(Item)` must not change the keyspace.
  template <typename Visit>
  void ForEach(Visit visit) const {
    table_->ForEach([&](structs::Entry& entry) { visit(Item(entry)); });
  }
  // Likewise `visit(Item, KeyUse)`.
  template <typename Visit>
  void ForEachWithUse(Visit visit) const;
  // Any key that has not expired, or none.
  Item Random();
  bool IsExpired(Item item) const;
  // The key is still stored although its time has come. Deletes nothing.
  bool HoldsExpired(std::string_view key);

  // What the key costs, in the allocator's classes.
  static size_t MemoryBytes(Item item);
  // The table with all blocks, large values left out.
  size_t table_bytes() const { return table_->heap_bytes(); }
  // What holds the keys together, their blocks left out.
  size_t index_bytes() const {
    return table_->heap_bytes() - table_->entry_bytes() + field_ends_.heap_bytes();
  }
  // Mean time to live of the keys that have one, in milliseconds, as the sweep found it.
  int64_t AverageTtlMs() const;

 private:
  friend class Edit;
  friend class Evictor;
  friend class Keyspace;
  structs::Entry* Find(std::string_view key, uint64_t hash);
  // `entry` unless it has expired; then does what the mode demands.
  structs::Entry* Alive(structs::Entry* entry);
  // Likewise for a change: what is hidden goes, or the key would be there twice.
  structs::Entry* AliveToChange(structs::Entry* entry);
  structs::Entry* Count(structs::Entry* entry, std::string_view key);
  void MarkUsed(structs::Entry* entry);
  void Capture(structs::Entry* entry);
  structs::Entry* Insert(std::string_view key, const structs::EntryValue& value,
                         int64_t expire_at_ms, uint64_t hash);
  void Replace(structs::Entry* entry, const structs::EntryValue& value, int64_t expire_at_ms);
  structs::Entry* LoadEntry(std::string_view key, const structs::EntryValue& value,
                            int64_t expire_at_ms, KeyUse use);
  // Puts the value there. True: there was no such key.
  bool Store(std::string_view key, const structs::EntryValue& value, int64_t expire_at_ms);
  void StoreNew(std::string_view key, types::Value value, int64_t expire_at_ms);
  void SetExpireAt(structs::Entry* entry, int64_t expire_at_ms);
  // A command gave the key an expiry, or none.
  void NoteExpiry(std::string_view key, int64_t expire_at_ms);
  void ReleaseLarge(structs::Entry entry);
  // Takes the entry out. With its large value, unless that has been moved.
  enum class LargePart : uint8_t { kFree, kMoved };
  void Remove(structs::Entry* entry, LargePart large = LargePart::kFree);
  void Changed(std::string_view key, Event event, uint64_t changes, Change change);
  void DeleteExpired(structs::Entry* entry);
  void DeleteIfExpired(std::string_view key);
  void DeleteEvicted(structs::Entry* entry);
  void DeleteUnasked(structs::Entry* entry, Event event);
  Watcher::Presence PresenceOf(std::string_view key);
  void Clear();
  void Exchange(Db& other);
  // ---- lifetimes of fields (db_fields.cc)
  bool FieldsDue() const;
  // A hash all of whose fields have ended is as good as gone.
  bool HasFieldsLeft(const structs::Entry& entry) const;
  // Takes out what has ended, up to `most` fields; null: the key has gone with them.
  structs::Entry* EndFields(structs::Entry* entry, size_t most);
  // The hash whose next field ended first.
  void EndSomeFields();
  // The value's lifetimes have changed, or it has come or is about to go.
  void FileFields(structs::Entry* entry) {
    if (entry->kind() == structs::Entry::Kind::kPointer) FileFieldsOfLarge(entry);
  }
  void UnfileFields(const structs::Entry& entry) {
    if (entry.kind() == structs::Entry::Kind::kPointer) UnfileFieldsOfLarge(entry);
  }
  void FileFieldsOfLarge(structs::Entry* entry);
  void UnfileFieldsOfLarge(const structs::Entry& entry);
  void ForgetFieldEnds();
  struct Swept {
    size_t visited = 0, timed = 0, deleted = 0;
  };
  Swept Sweep(size_t buckets);

  Keyspace& keyspace_;
  int index_;
  std::unique_ptr<structs::KeyTable> table_;
  size_t timed_ = 0;                       // keys with an expiry
  types::EndTree field_ends_;              // of hashes: the next end of a field, and the key's hash
  int64_t next_field_end_ms_ = INT64_MAX;  // the first of them
  uint64_t sweep_cursor_ = 0;              // where the next slice of the sweep looks
  DecayClock decay_clock_;     // of frequencies of use, which each round of the sweep lowers
  uint8_t decay_steps_ = 0;    // in the round that is under way
  uint64_t evict_cursor_ = 0;  // where the next search for keys to evict looks
  double average_ttl_ms_ = 0;
};

class Keyspace {
 public:
  // `seed` is of the generator whose output clients see (SRANDMEMBER), so `secret` must not follow
  // from it.
  explicit Keyspace(int databases = kDatabasesDefault, uint64_t seed = 1,
                    const structs::HashSecret& secret = structs::HashSecret::FromSeed(1));
  ~Keyspace();

  int databases() const { return static_cast<int>(dbs_.size()); }
  // REQUIRES: 0 <= index < databases().
  Db& db(int index) { return *dbs_[static_cast<size_t>(index)]; }
  const Db& db(int index) const { return *dbs_[static_cast<size_t>(index)]; }

  int64_t now_ms() const { return now_ms_; }
  void set_now_ms(int64_t now_ms) {
    now_ms_ = now_ms;
    if (now_ms >= next_second_ms_ || now_ms < next_second_ms_ - 1000) EnterSecond();
    MoveFieldHorizon();
  }
  ExpiryMode expiry_mode() const { return expiry_mode_; }
  void set_expiry_mode(ExpiryMode mode) {
    expiry_mode_ = mode;
    MoveFieldHorizon();
  }
  // False: what is looked up is not used thereby (CLIENT NO-TOUCH).
  void set_touching(bool touching) { touching_ = touching; }
  void set_observer(Observer* observer) { observer_ = observer; }
  // Those of this dataset; null: none are kept.
  Libraries* libraries() const { return libraries_; }
  void set_libraries(Libraries* libraries) { libraries_ = libraries; }
  // Which events reach the observer (notify-keyspace-events); 0: none.
  uint32_t event_mask() const { return event_mask_; }
  void set_event_mask(uint32_t mask) { event_mask_ = mask; }

  // Changes since the last save; a command that changed nothing leaves it alone.
  uint64_t dirty() const { return dirty_; }
  void AddDirty(uint64_t changes) { dirty_ += changes; }
  void set_dirty(uint64_t dirty) { dirty_ = dirty; }

  types::FormLimits& form_limits() { return form_limits_; }
  // Of every table of keys and members.
  const structs::HashSecret& secret() const { return *secret_; }
  Reclaimer& reclaimer() { return reclaimer_; }
  // What an image keeps of the memory in use.
  HeldMemory& held() { return held_; }
  const EvictionPolicy& eviction() const { return eviction_; }
  void set_eviction(const EvictionPolicy& policy) {
    if (policy.counts_uses() != eviction_.counts_uses()) use_kind_since_s_ = now_s_;
    eviction_ = policy;
    evictor_.Forget();
  }
  // What a snapshot should say of the entry's use: nothing unless the policy goes by that.
  KeyUse UseOf(structs::Entry* entry) const;
  // A field of some hash has a lifetime.
  bool HasFieldEnds() const;
  // Deletes one key, as the policy says.
  Evictor::Outcome EvictOne() { return evictor_.EvictOne(); }
  // A snapshot of all that is here now is under way until EndImage(): entries are shown to it
  // before they change. The tables to walk (ScanUnseen), in order of the databases.
  // REQUIRES: none is under way.
  std::vector<structs::KeyTable*> BeginImage(Image* image);
  // REQUIRES: all tables have been walked to their end.
  void EndImage() { image_ = nullptr; }

  WatchTable& watches() { return watches_; }
  Interest& interest() { return interest_; }
  Stats& stats() { return stats_; }
  Prng& prng() { return prng_; }

  // Returns how many keys went. `db`: -1 for all.
  size_t Flush(int db);
  // As Flush(-1), and forgets whose time was set here: before a full synchronisation loads another
  // dataset.
  void Reset();
  // Another dataset takes the place of what is here, silently: what was loaded aside. REQUIRES: it
  // was made by BesideThis().
  void Adopt(std::unique_ptr<Keyspace> loaded);
  // Empty, for a dataset that may take the place of this one. It learns of no change of settings.
  std::unique_ptr<Keyspace> BesideThis() const;
  // Frees what such a one holds in slices.
  void Discard(std::unique_ptr<Keyspace> loaded);
  void Swap(int first, int second);

  // One slice of the sweep that deletes what has expired and keeps the ages of keys readable; ends
  // after about `budget_us` by `clock_us`. True: there is more that has expired; come again soon.
  bool SweepSlice(int64_t budget_us, const std::function<int64_t()>& clock_us);
  // Deletes what has expired of the keys that this replica's own clients made (OwnTimedKeys).
  // `is_replica` false: all are everybody's now.
  void SweepOwn(bool is_replica);

 private:
  Keyspace(std::shared_ptr<const structs::HashSecret> secret, int databases, uint64_t seed);

  friend class Db;
  friend class Edit;
  friend class Evictor;
  void EnterSecond();
  // To all who want to know of changed keys; no other way leads to them.
  void Tell(int db, std::string_view key, Change change) {
    if (interest_.any()) TellParties(db, key, change);
  }
  void TellParties(int db, std::string_view key, Change change);
  void MoveFieldHorizon() {
    if (aside_) return;
    *field_horizon_ms_ = expiry_mode_ == ExpiryMode::kIgnore ? INT64_MIN : now_ms_;
  }
  bool EndFieldsUntil(int64_t end_us, const std::function<int64_t()>& clock_us);
  void Emit(int db, Event event, std::string_view key) {
    if ((event.kind & event_mask_) != 0 && observer_ != nullptr) observer_->OnEvent(db, event, key);
  }

  int64_t now_ms_ = 0;
  ExpiryMode expiry_mode_ = ExpiryMode::kDelete;
  bool touching_ = true;
  uint32_t event_mask_ = 0;
  uint64_t dirty_ = 0;
  Observer* observer_ = nullptr;
  Libraries* libraries_ = nullptr;
  std::unique_ptr<Libraries> own_libraries_;  // of a dataset that is loaded aside
  // One with the keyspaces whose tables are exchanged with this one's (BesideThis): they hold on to
  // it.
  std::shared_ptr<const structs::HashSecret> secret_;
  // Likewise: fields that ended before are hidden. What is loaded aside does not move it.
  std::shared_ptr<int64_t> field_horizon_ms_ = std::make_shared<int64_t>(0);
  bool aside_ = false;
  Interest interest_;
  WatchTable watches_{*secret_, interest_};
  Stats stats_;
  Prng prng_;
  int64_t next_second_ms_ = 0;
  int64_t now_s_ = 0;
  bool editing_ = false;  // an Edit is open
  Image* image_ = nullptr;
  types::FormLimits form_limits_;
  HeldMemory held_;
  Reclaimer reclaimer_;
  UseNotes use_notes() const { return {eviction_, use_kind_since_s_, now_s_}; }

  EvictionPolicy eviction_;
  int64_t use_kind_since_s_ = 0;  // counting uses, or not
  Evictor evictor_{*this};
  std::vector<std::unique_ptr<Db>> dbs_;
  int sweep_db_ = 0;
  int end_fields_db_ = 0;
  OwnTimedKeys own_timed_;
};

inline bool Db::FieldsDue() const { return keyspace_.now_ms_ > next_field_end_ms_; }

template <typename Visit>
void Db::ForEachWithUse(Visit visit) const {
  table_->ForEach([&](structs::Entry& entry) { visit(Item(entry), keyspace_.UseOf(&entry)); });
}

}  // namespace rha::node::keyspace
