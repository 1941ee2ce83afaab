// All a handler can see and do: its arguments, the data, the sender, the reply, the time, and what
// replicas are to be told. Never the App.
//
// The three steps of a handler: parse every argument (no effect before that has succeeded), operate
// on the keyspace, write exactly one reply. Thread rule: lives for one command, on the engine's
// thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "common/resp/parser.h"
#include "common/resp/writer.h"
#include "node/dispatch/command.h"
#include "node/dispatch/node_state.h"
#include "node/dispatch/services.h"
#include "node/dispatch/session.h"
#include "node/keyspace/db.h"

namespace rha::node::dispatch {

class CommandTable;
class Engine;
class LatencyMonitor;
class Permissions;
class Pubsub;
class Slowlog;
class Tracking;
struct EngineOptions;
struct EngineStats;

class Context {
 public:
  Context(Engine& engine, Session& session, const CommandSpec& spec, Args args,
          resp::Writer& reply);

  Args args;              // args[0] is the name
  std::string_view wire;  // they as they came, if resp::WriteRequest would write them so; or empty
  const CommandSpec& spec;
  Session& session;
  resp::Writer& reply;
  keyspace::Keyspace& keyspace;
  int64_t now_ms;  // Unix milliseconds; the same throughout the command

  std::string_view arg(size_t i) const { return args[i]; }
  size_t argc() const { return args.size(); }
  keyspace::Db& db() { return keyspace.db(session.db); }
  const NodeState& state() const;
  const Services& services() const;

  // ---- doors, each to one part of the engine, for the commands that are about it
  const Clock& clock() const;
  EngineOptions& options() const;  // limits and switches
  CommandTable& table() const;
  SessionRegistry& sessions() const;
  Permissions& permissions() const;
  Pubsub& pubsub() const;
  Tracking& tracking() const;
  Slowlog& slowlog() const;
  LatencyMonitor& latency() const;
  EngineStats& stats() const;
  // All of it, for what steers it: EXEC, scripts, pauses, RESET.
  Engine& engine() const { return engine_; }

  // ---- what replicas and files see. Without a call: the command itself, if it changed the
  // keyspace. Instead of it, this; may be called several times.
  void Propagate(std::initializer_list<std::string_view> command);
  void PropagateArgs(Args command, Audience audience = kEverybody);
  // Nothing.
  void PropagateNothing();
  // The command itself even though the keyspace did not change (FLUSHALL).
  void PropagateAnyway();
  // Likewise, but replicas alone: it is a message, and leaves nothing in the data (PUBLISH).
  void PropagateMessage();

  // The error in the reply was counted when something else was answered it (a script's command).
  void ErrorIsCounted() { error_counted_ = true; }

  // ---- commands that wait for a key to appear (blocking.h). If one finds nothing to take, it
  // calls WaitForKeys; it is executed again when one of them has appeared.
  // The key as it sees it: executed again, only the one that has appeared, if it is of the type,
  // and with no wrong types among the keys.
  keyspace::Item Awaited(std::string_view key, keyspace::Type type);
  // False: it may not wait (EXEC, the primary's stream) and answers at once as if its time were
  // over. `deadline_ms` 0: none.
  bool WaitForKeys(Args keys, int64_t deadline_ms) {
    return WaitForKeys({keys, deadline_ms, args});
  }
  struct Wait {
    Args keys;
    int64_t deadline_ms;
    Args words;              // to be executed again, in place of the own ones
    bool needs_key = false;  // also when a key that was there has gone
  };
  bool WaitForKeys(const Wait& wait);
  // For other waits than those for keys: the session waits as it says.
  void Block(BlockedState state);
  // It may answer later.
  bool MayWait() const;
  // It is executed again because something has happened to one of its keys; of that one?
  bool is_again() const { return appeared_ != nullptr; }
  bool Concerns(std::string_view key) const { return appeared_ == nullptr || *appeared_ == key; }

  // ---- errors that many commands share
  void WrongType();
  void SyntaxError() { reply.Error("ERR syntax error"); }
  void NotAnInteger() { reply.Error("ERR value is not an integer or out of range"); }

 private:
  friend class Engine;
  Engine& engine_;
  enum class Propagation : uint8_t { kIfChanged, kExplicit, kAnyway, kMessage };
  Propagation propagation_ = Propagation::kIfChanged;
  bool error_counted_ = false;
  const std::string* appeared_ = nullptr;  // executed again, because of this key
};

}  // namespace rha::node::dispatch
