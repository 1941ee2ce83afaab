// WATCH: who must not commit because a key changed.
//
// A Watcher lives in its session. Touch() marks the watchers of a key; a watched key that had already
// expired when it was watched and is deleted later does not count as a change.
//
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rha::node::keyspace {

class WatchTable;

class Watcher {
 public:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  bool dirty() const { return dirty_; }
  void MarkDirty() { dirty_ = true; }
  bool watching() const { return !keys_.empty(); }

  struct Key {
    int db;
    std::string name;
    bool expired_when_watched;
  };
  const std::vector<Key>& keys() const { return keys_; }

 private:
  friend class WatchTable;
  WatchTable* table_ = nullptr;
  bool dirty_ = false;
  std::vector<Key> keys_;
};

class WatchTable {
 public:
  bool empty() const { return watchers_.empty(); }
  void Watch(Watcher& watcher, int db, std::string_view key, bool expired_now);
  // Forgets all keys and the mark.
  void Unwatch(Watcher& watcher);

  void Touch(int db, std::string_view key) {
    if (!watchers_.empty()) TouchWatched(db, key);
  }
  // The whole database is about to go or to be swapped: marks those whose key `exists` says is concerned.
  template <typename Predicate>
  void TouchDb(int db, Predicate concerned) {
    for (auto& [id, list] : watchers_) {
      if (id.db != db || !concerned(std::string_view(id.name))) continue;
      for (Watcher* watcher : list) watcher->MarkDirty();
    }
  }

 private:
  struct KeyId {
    int db;
    std::string name;
    bool operator==(const KeyId&) const = default;
  };
  struct KeyIdHash {
    size_t operator()(const KeyId& id) const {
      return std::hash<std::string>()(id.name) ^ (static_cast<size_t>(id.db) * 0x9e3779b97f4a7c15ULL);
    }
  };
  void TouchWatched(int db, std::string_view key);

  std::unordered_map<KeyId, std::vector<Watcher*>, KeyIdHash> watchers_;
};

}  // namespace rha::node::keyspace
