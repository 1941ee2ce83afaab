// All objects of the cluster, each write with a version of its own from one counter.
//
// Invariants
//  * A stored object is immutable; a write replaces it. metadata.resourceVersion is its version.
//  * history_ holds the last kHistoryEventsMax writes in order, so a list's version starts a watch
//    without a gap.
//  * Every write is in the journal before anyone sees it. A crash of the process loses nothing; a
//  line
//    cut off by a crash is dropped at the next start.
// Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/base/unique_fd.h"

namespace rha::local::store {

using Object = std::shared_ptr<const nlohmann::json>;

struct Key {
  std::string resource;    // "pods", "redishas.ha.redisha.io"
  std::string name_space;  // "" for cluster-wide objects
  std::string name;
  auto operator<=>(const Key&) const = default;
};

enum class Change { kAdded, kModified, kDeleted };

struct Event {
  uint64_t version = 0;
  Change change = Change::kAdded;
  Key key;
  Object object;    // of a deletion: the last state, with the deletion's version
  Object previous;  // null when added
};

struct Snapshot {
  std::vector<Object> objects;  // sorted by namespace, then name
  uint64_t version = 0;
};

struct Batch {
  std::vector<Event> events;
  uint64_t version = 0;  // everything up to here has been seen
};

class Store {
 public:
  // `folder` is made if missing; empty: in memory only.
  static Result<std::unique_ptr<Store>> Open(const std::string& folder);

  Object Get(const Key& key) const;  // null: there is none
  Snapshot List(const std::string& resource, const std::string& name_space = "") const;
  uint64_t Version() const;

  // Stores `object` if the version there is `expected` (0: nothing is there), else kConflict.
  Result<Object> Put(const Key& key, nlohmann::json object, uint64_t expected);
  Result<Object> Erase(const Key& key, uint64_t expected);

  // Events after `version`, of one resource ("": of all); waits for one until `timeout`.
  // kNotFound: the history no longer reaches that far back.
  Result<Batch> Wait(const std::string& resource, uint64_t version, Millis timeout) const;
  // Wakes all waiters for good: Wait then answers at once with what there is.
  void Close();

 private:
  Store() = default;
  Status Load(const std::string& path);
  Status Replay(const std::string& line);
  Status Compact();
  void CompactIfGrown();
  Status Append(const Event& event);
  void Record(Event event);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<Key, Object> objects_;
  std::deque<Event> history_;
  uint64_t version_ = 1;
  uint64_t history_begin_ = 1;  // events after this version are all in history_
  bool closed_ = false;

  std::string journal_path_;
  UniqueFd journal_;
  size_t journal_bytes_ = 0, compacted_bytes_ = 0;
};

uint64_t VersionOf(const nlohmann::json& object);

}  // namespace rha::local::store
