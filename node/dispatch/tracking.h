// Client side caching (CLIENT TRACKING): sessions that keep what they read are told when it is out
// of date.
//
//   by key       a command reads ─▶ Remember ─▶ tracked_keys.h      the key changes ─▶ told once
//   by prefix    (BCAST) a key of it changes ─▶ the list of the prefix ─▶ told as the turn ends
//
// They are told by a push, or, redirected to a subscriber of RESP2, by a message. A message for the
// session whose command runs comes behind its reply (Session::push_out).
//
// Bounds: the table holds at most tracking-table-max-keys keys and kTrackedBytesPerKey for each of
// them; beyond it any keys are forgotten, and who has read them is told as if they had changed. A
// list of changed keys leaves before the turn ends when it has become long.
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/dispatch/command.h"
#include "node/dispatch/limits.h"
#include "node/dispatch/session.h"
#include "node/dispatch/sessions.h"
#include "node/dispatch/tracked_keys.h"
#include "node/keyspace/db.h"

namespace rha::node::dispatch {

// What a session has asked for.
struct TrackingState {
  enum class Mode : uint8_t {
    kAll,        // every key it reads
    kOptIn,      // those of a command after CLIENT CACHING YES
    kOptOut,     // all but those of a command after CLIENT CACHING NO
    kBroadcast,  // by prefix, read or not
  };
  Mode mode = Mode::kAll;
  bool no_loop = false;  // not what it changes itself
  bool caching = false;  // CLIENT CACHING holds for the next command
  bool redirect_broken = false;
  uint64_t redirect = 0;                        // who is told instead; 0: nobody
  std::set<std::string, std::less<>> prefixes;  // kBroadcast
  size_t bytes = 0;                             // of memory

  bool broadcasts() const { return mode == Mode::kBroadcast; }
  bool Remembers() const {
    return mode == Mode::kAll || (mode == Mode::kOptIn && caching) ||
           (mode == Mode::kOptOut && !caching);
  }
};

class Tracking {
 public:
  Tracking(keyspace::Keyspace& keyspace, SessionRegistry& sessions);

  struct Options {
    TrackingState::Mode mode = TrackingState::Mode::kAll;
    bool no_loop = false;
    uint64_t redirect = 0;
    std::span<const std::string_view> prefixes;  // kBroadcast; empty: every key
  };
  // Also changes what is on; a session keeps the prefixes it has.
  void Enable(Session& session, const Options& options);
  void Disable(Session& session);

  // A script says itself whether it has read.
  static bool Reads(const CommandSpec& spec) {
    return spec.Has(kReadonly) && (spec.acl & kAclScripting) == 0;
  }
  // The session has executed a command that reads.
  void Remember(Session& session, const CommandSpec& spec, Args args);
  // `by`: whose command runs; null: none has asked for the change.
  void KeyChanged(std::string_view key, const Session* by);
  // Whatever is kept is out of date.
  void AllChanged();
  // Tells what has changed by prefix in this turn.
  void EndTurn() {
    if (!changed_.empty()) SendChanged();
  }
  // Forgets keys beyond the bounds, a share of them.
  void Trim();

  // 0: no bound.
  void set_keys_max(size_t keys_max) {
    keys_max_ = keys_max;
    Trim();
  }
  size_t clients() const { return clients_; }
  size_t prefixes() const { return prefixes_.size(); }
  const TrackedKeys& keys() const { return keys_; }

 private:
  struct Prefix {
    std::vector<Session*> sessions;
    std::map<std::string, uint64_t, std::less<>> changed;  // who changed it last; 0: nobody
  };
  using Prefixes = std::map<std::string, Prefix, std::less<>>;

  void AddPrefix(Session& session, std::string_view prefix);
  void NotePrefixes(std::string_view key, const Session* by);
  void SendChanged();
  void SendChangedOf(const Prefix& prefix);
  bool IsOver() const;
  void Forget(std::string_view key, const Session* by);
  // Sends `keys`, an array or a null as bytes; empty: a null.
  void Tell(Session& session, std::string_view keys);

  keyspace::Keyspace& keyspace_;
  SessionRegistry& sessions_;
  TrackedKeys keys_;
  size_t keys_max_ = kTrackedKeysDefault;
  size_t clients_ = 0;
  Prefixes prefixes_;
  std::map<size_t, size_t> lengths_;  // how many prefixes there are of each length
  std::vector<Prefixes::value_type*> changed_;
  size_t changed_bytes_ = 0;
};

}  // namespace rha::node::dispatch
