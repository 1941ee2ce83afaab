// Commands that answer later: WAIT, those that wait for a key (BLPOP, BZPOPMIN), SHUTDOWN, MIGRATE,
// and anything that a paused node holds back. Who waits for what; the answers are the engine's
// (serve.cc).
//
//   awaited  (db, key) ─▶ queue of sessions, first come first served;  ready: it has appeared
//   session.blocked    ─▶ its places in these queues, its deadline, its command in copied words
//
// A blocked session executes nothing; its owner leaves further input unparsed until
// Session::Resume(). Every way out of a block goes through Blocking::Release.
//
// Complexity: blocking, releasing and the next deadline cost O(log sessions), never a walk over
// all of them. While nobody waits, a change costs nothing (keyspace/change.h).
// Invariants: a queue is never empty; a session stands in a queue once, however often its command
// names the key.
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "node/dispatch/session.h"
#include "node/keyspace/change.h"
#include "node/structs/keyed_hash.h"

namespace rha::node::dispatch {

inline constexpr std::string_view kNoLocalLog =
    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

enum class BlockKind : uint8_t {
  kWait,      // WAIT, WAITAOF: until enough replicas have acknowledged
  kPause,     // CLIENT PAUSE: the command stays in the input and is executed afterwards
  kKeys,      // until one of its keys has appeared
  kShutdown,  // until the process ends, or does not
  kRemote,    // MIGRATE: until another server has answered, or has not
};
constexpr size_t kBlockKinds = 5;

struct AwaitedKey {
  int db;
  std::string name;
};

// Sessions in the order in which they blocked.
using SessionQueue = std::list<Session*>;
struct Awaited {
  SessionQueue sessions;
  size_t needing = 0;  // sessions to whom it is news that the key has gone
  bool ready = false;
};

struct AwaitedHash {
  using is_transparent = void;
  using View = std::pair<int, std::string_view>;
  structs::KeyedHasher hasher;
  size_t operator()(const View& key) const {
    return hasher(key.second) + static_cast<size_t>(key.first);
  }
  size_t operator()(const AwaitedKey& key) const { return (*this)(View(key.db, key.name)); }
};
struct AwaitedEqual {
  using is_transparent = void;
  static AwaitedHash::View View(const AwaitedKey& key) { return {key.db, key.name}; }
  static AwaitedHash::View View(const AwaitedHash::View& key) { return key; }
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return View(a) == View(b);
  }
};
using AwaitedMap = std::unordered_map<AwaitedKey, Awaited, AwaitedHash, AwaitedEqual>;

struct BlockedState {
  BlockKind kind;
  int64_t deadline_ms = 0;            // Unix milliseconds; 0: none
  int64_t offset = 0;                 // kWait
  int replicas = 0;                   // kWait
  bool on_disk = false;               // kWait: WAITAOF
  bool local = false;                 // kWait: on this node's disk, too
  uint32_t flags = 0;                 // kPause: of the command that is held back
  uint64_t logged = 0;                // kWait: NodeState::log_changes, for `local`
  const CommandSpec* spec = nullptr;  // kKeys: what is executed again
  std::vector<std::string> words;     // kKeys
  std::vector<std::string> asked;     // kKeys: what the client sent, if that is not `words`
  int64_t spent_us = 0;               // executing it, so far
  uint64_t wait = 0;                  // kRemote: of which answer
  bool needs_key = false;             // kKeys: it is also executed again when a key has gone

  // Kept by Blocking.
  size_t bytes = 0;
  struct Place {
    AwaitedMap::value_type* awaited;
    SessionQueue::iterator at;
  };
  std::vector<Place> places;
  SessionQueue::iterator among_kind;
};

class Blocking {
 public:
  Blocking(const structs::HashSecret& secret, keyspace::Interest& interest)
      : interest_(interest), awaited_(0, AwaitedHash{{secret}}) {}

  // REQUIRES: it is not blocked. `keys`: what it waits for, in its database (kKeys).
  void Block(Session& session, BlockedState state, Args keys = {});
  // Unblocks and lets the owner go on. No reply is written here.
  void Release(Session& session);
  // The session goes away.
  void Forget(Session& session);

  bool empty() const { return size() == 0; }
  size_t size() const {
    return count(BlockKind::kWait) + count(BlockKind::kPause) + count(BlockKind::kKeys) +
           count(BlockKind::kShutdown) + count(BlockKind::kRemote);
  }
  size_t count(BlockKind kind) const { return sessions(kind).size(); }
  const SessionQueue& sessions(BlockKind kind) const { return by_kind_[static_cast<size_t>(kind)]; }
  // Keys that somebody waits for, and those of them whose end would be news to somebody.
  size_t keys() const { return awaited_.size(); }
  size_t keys_needed() const {
    return static_cast<size_t>(std::count_if(
        awaited_.begin(), awaited_.end(), [](const auto& key) { return key.second.needing > 0; }));
  }
  // With a deadline.
  size_t timed() const { return deadlines_.size(); }
  // The nearest deadline, if any.
  std::optional<int64_t> NextDeadlineMs() const;
  // A session whose time is over; null: none.
  Session* Overdue(int64_t now_ms) const;

  // ---- keys
  void KeyChanged(int db, std::string_view key, keyspace::Change change) {
    if (change.wakes && !awaited_.empty()) AwaitedChanged({db, key}, change.exists);
  }
  // Any key of the database may have appeared; -1: of all databases.
  void DbChanged(int db);
  bool has_ready() const { return !ready_.empty(); }
  // The keys that have appeared or gone, in that order; they can appear again from now on.
  std::vector<AwaitedKey> TakeReady();
  // Null: nobody waits for it.
  const SessionQueue* Waiting(const AwaitedKey& key) const;
  // Where a key is kept, for tests.
  size_t HashOf(int db, std::string_view key) const {
    return awaited_.hash_function()(AwaitedHash::View(db, key));
  }
  // One of those who wait for it needs_key.
  bool SomeNeed(const AwaitedKey& key) const;

 private:
  void AwaitedChanged(AwaitedHash::View key, bool exists);
  void MarkReady(AwaitedMap::value_type& awaited);

  keyspace::Interest& interest_;
  SessionQueue by_kind_[kBlockKinds];
  std::set<std::pair<int64_t, Session*>> deadlines_;
  AwaitedMap awaited_;
  std::vector<AwaitedKey> ready_;
};

}  // namespace rha::node::dispatch
