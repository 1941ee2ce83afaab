// WATCH: who must not commit because a key changed.
//
// A Watcher lives in its session. Touch() marks the watchers of a key; a watched key that had
// already expired when it was watched and is deleted later does not count as a change.
//
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "node/keyspace/change.h"
#include "node/structs/keyed_hash.h"

namespace rha::node::keyspace {

class WatchTable;

class Watcher {
 public:
  enum class Hears : uint8_t { kValues, kEverything };  // also of a stream's groups
  explicit Watcher(Hears hears = Hears::kValues) : hears_(hears) {}
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  bool dirty() const { return dirty_; }
  void MarkDirty() { dirty_ = true; }
  bool watching() const { return !keys_.empty(); }
  // Of memory, here and in the table.
  size_t bytes() const { return bytes_; }

  struct Key {
    int db;
    std::string name;
    bool expired_when_watched;
  };
  const std::vector<Key>& keys() const { return keys_; }

  enum class Presence : uint8_t { kAbsent, kExpired, kPresent };
  struct Fate {
    Presence before, after;
  };

 private:
  friend class WatchTable;
  // An expired key counts as absent: from there to absence nothing has changed.
  void Apply(int db, std::string_view name, Fate fate);

  const Hears hears_;
  WatchTable* table_ = nullptr;
  bool dirty_ = false;
  size_t bytes_ = 0;
  std::vector<Key> keys_;
};

class WatchTable {
 public:
  WatchTable(const structs::HashSecret& secret, Interest& interest)
      : interest_(interest), watchers_(0, KeyIdHash{{secret}}) {}

  // Where a key is kept, for tests.
  size_t HashOf(int db, std::string_view key) const {
    return watchers_.hash_function()(KeyId{db, std::string(key)});
  }
  void Watch(Watcher& watcher, int db, std::string_view key, bool expired_now);
  // Forgets all keys and the mark.
  void Unwatch(Watcher& watcher);
  size_t keys() const { return watchers_.size(); }

  // The key was changed, or is not there any more.
  void Touch(int db, std::string_view key, Change change) {
    if (!watchers_.empty()) TouchWatched(db, key, change);
  }
  // All keys of a database change at once (FLUSHDB, SWAPDB). `fate` tells what was and what will
  // be.
  using Presence = Watcher::Presence;
  using Fate = Watcher::Fate;
  template <typename FateOf>
  void TouchDb(int db, FateOf fate_of) {
    for (auto& [id, list] : watchers_) {
      if (id.db != db) continue;
      const Fate fate = fate_of(std::string_view(id.name));
      for (Watcher* watcher : list) watcher->Apply(id.db, id.name, fate);
    }
  }

 private:
  struct KeyId {
    int db;
    std::string name;
    bool operator==(const KeyId&) const = default;
  };
  struct KeyIdHash {
    structs::KeyedHasher hasher;
    size_t operator()(const KeyId& id) const {
      return hasher(id.name) ^ (static_cast<size_t>(id.db) * 0x9e3779b97f4a7c15ULL);
    }
  };
  void TouchWatched(int db, std::string_view key, Change change);

  Interest& interest_;
  std::unordered_map<KeyId, std::vector<Watcher*>, KeyIdHash> watchers_;
};

}  // namespace rha::node::keyspace
