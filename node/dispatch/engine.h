// The command engine: takes a request of a session through the gates to its handler, and tells
// replicas, monitors, the slow log and the counters about it.
//
//   Execute ─▶ resolve (table) ─▶ gates (gates.cc, a list) ─▶ queue (MULTI) or Call ─▶ handler
//                                                                            └─▶ propagate, count
//
// The path of an ordinary command allocates nothing and calls nothing virtual but the clock, once.
//
// Thread rule: one thread owns the engine and everything it refers to.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "node/dispatch/access.h"
#include "node/dispatch/batch.h"
#include "node/dispatch/blocking.h"
#include "node/dispatch/command.h"
#include "node/dispatch/engine_options.h"
#include "node/dispatch/latency_monitor.h"
#include "node/dispatch/memory_guard.h"
#include "node/dispatch/node_state.h"
#include "node/dispatch/pause.h"
#include "node/dispatch/peers.h"
#include "node/dispatch/permissions.h"
#include "node/dispatch/propagation.h"
#include "node/dispatch/pubsub.h"
#include "node/dispatch/services.h"
#include "node/dispatch/sessions.h"
#include "node/dispatch/slowlog.h"
#include "node/dispatch/table.h"
#include "node/dispatch/tracking.h"
#include "node/keyspace/db.h"

namespace rha::node::dispatch {

class Context;

enum class Executed : uint8_t {
  kDone,    // drop the request from the input
  kNotNow,  // the session is blocked; offer the same request again after Session::Resume()
};

class Engine final : public keyspace::Observer {
 public:
  Engine(keyspace::Keyspace& keyspace, NodeState& state, const Clock& clock,
         std::vector<CommandRows> families);
  ~Engine() override;

  // Before the first command.
  void set_services(const Services& services);

  // ---- for owners of sessions
  void Join(Session& session);
  void Leave(Session& session);
  // A primary's stream may also have the rows' own names (CommandTable::Rename).
  Resolved Resolve(const Session& session, Args args) const {
    const Resolved found = table_.Resolve(args);
    const bool unknown = found.spec == nullptr && found.container == nullptr;
    return unknown && session.kind == SessionKind::kPrimary ? table_.ResolveByRow(args) : found;
  }
  Executed Execute(Session& session, Args args) {
    return args.empty() ? Executed::kDone : Execute(session, args, Resolve(session, args));
  }
  // A batch: resolves its requests and brings their keys into the cache; then Execute() of each.
  // The requests between BeginBatch() and EndBatch() share their looks at the clock.
  void Prepare(const Session& session, RequestBatch& batch);
  void BeginBatch();
  void EndBatch() { in_batch_ = false; }
  // `wire`: RequestBatch::wire, or empty.
  Executed Execute(Session& session, Args args, Resolved resolved, std::string_view wire = {});
  // After the input of this turn: releases who waited for it. App calls it once a turn.
  void EndTurn();
  // When EndTurn has something to do even without input.
  std::optional<int64_t> NextDeadlineMs() const;

  // ---- for handlers and app
  keyspace::Keyspace& keyspace() { return keyspace_; }
  NodeState& state() { return state_; }
  const NodeState& state() const { return state_; }
  const Clock& clock() const { return clock_; }
  const Services& services() const { return services_; }
  CommandTable& table() { return table_; }
  SessionRegistry& sessions() { return sessions_; }
  Permissions& permissions() { return permissions_; }
  Pubsub& pubsub() { return pubsub_; }
  Blocking& blocking() { return blocking_; }
  Tracking& tracking() { return tracking_; }
  Slowlog& slowlog() { return slowlog_; }
  LatencyMonitor& latency() { return latency_; }
  EngineStats& stats() { return stats_; }
  EngineOptions& options() { return options_; }
  Propagation& propagation() { return propagation_; }
  MemoryGuard& memory_guard() { return memory_guard_; }
  const Pauses& pauses() const { return pauses_; }
  // Answers a session that waits as it would be when its time is over, or with an error. False: it
  // does not wait (a pause is no wait).
  bool EndWait(Session& session, std::string_view error = {});
  // WAIT, WAITAOF (BlockKind::kWait): whether it has ended, and its answer as things are now.
  bool IsAcknowledged(const BlockedState& waited) const;
  void WriteAcknowledged(const BlockedState& waited, resp::Writer& reply);
  // A command that goes on beside the loop, and whose session waits (BlockKind::kRemote) if it has
  // not gone meanwhile. Its rest runs as if the command ran now, in database `db`.
  struct Beside {
    uint64_t session_id;
    int db;
    const CommandSpec* spec;
    std::vector<std::string> words;
    uint64_t wait;  // BlockedState::wait, by NextWait()
  };
  uint64_t NextWait() { return ++last_wait_; }
  void Finish(Beside command, std::function<void(Context&)> rest);
  // Tells everyone who waits for that.
  void EndWaits(BlockKind kind, std::string_view error);
  // The node became a replica: whoever waits is told so and disconnected.
  void EndAllWaits();
  // True while a pause holds; ends it when its time has come.
  bool Paused();
  void SetPause(PauseReason reason, const Pause& pause);
  void EndPause(PauseReason reason) { SetPause(reason, {}); }
  // `work` executes what is there of the primary's stream: in the middle of the command that makes
  // this node go on without it, and what CLIENT PAUSE has held back, too. Likewise a file of
  // commands, of which none may be left out.
  void ExecuteAtOnce(Session& primary, const std::function<void()>& work);
  // Another node is to be asked for what `reason` holds back: it has not been executed.
  void CloseHeldBack(PauseReason reason);

  // Runs a queued command inside EXEC, if it is still permitted: no other gate, no propagation of
  // its own (EXEC sends all together).
  void CallQueued(Session& session, const CommandSpec& spec, Args args, resp::Writer& reply);
  // The same of a script, which has asked for itself.
  void CallInside(Session& session, const CommandSpec& spec, Args args, resp::Writer& reply);
  // A command of a script was refused: it counts as when a client's is.
  void CountRefused(const CommandSpec* spec, std::string_view error);
  // Tells them of the command at once, not when it has ended.
  void ShowMonitors(const Context& context);
  // "" if none does. May be asked in a signal handler of the engine's thread.
  std::string_view running_command() const {
    const CommandSpec* const spec = executing_ == nullptr ? nullptr : executing_->last_command;
    return spec == nullptr ? std::string_view() : spec->name;
  }
  // In the middle of a command that takes long: lets others be answered.
  void ServeWhileBusy(ServerService::Whom whom);
  // Errors that were answered, but for those of sessions that ServeWhileBusy() let in. Never set
  // back.
  uint64_t own_errors() const { return own_errors_; }
  // Commands run that belong together (EXEC, a script): nothing may be saved of what they leave
  // half done.
  bool in_unit() const { return depth_ > 1; }
  // Does `work` when the running command has ended, with those it belongs to, and replicas have
  // been told; at once if none runs.
  void AfterUnit(std::function<void()> work);
  // Leaves MULTI, dropping what was queued and watched.
  void DiscardTransaction(Session& session);
  // One slice of the keyspace's sweep (keyspace/db.h); true: come again soon. A paused node deletes
  // nothing, a replica only what its own clients made.
  bool SweepSlice(int64_t budget_us);
  // Frees memory until it is below maxmemory again, if this node may.
  MemoryGuard::Room MakeRoom();
  // No memory was left, and none could be freed, when the running command began.
  bool out_of_memory() const {
    return last_room_ == MemoryGuard::Room::kNone && state_.MemoryShort();
  }
  // Goes on with that outside of a command; true: come again soon.
  bool MakeRoomSlice();
  // Makes the session a client in its first state (RESET).
  void ResetSession(Session& session);
  void StartMonitor(Session& session);

  // ---- keyspace::Observer
  void OnEvent(int db, keyspace::Event event, std::string_view key) override;
  void OnDeleted(int db, std::string_view key) override;
  void OnChanged(int db, std::string_view key, keyspace::Change change) override;
  void OnFieldsEnded(int db, std::string_view key, const std::vector<std::string>& fields) override;
  void OnCleared(int db) override;
  void OnSwapped(int first, int second) override;

 private:
  friend class Context;
  void Call(Context& context);
  void Run(Context& context);
  void LogIfSlow(const Context& context, int64_t duration_us);
  void PropagateResult(const Context& context, uint64_t dirty_before);
  void Reject(Session& session, const CommandSpec* spec, std::string_view error,
              resp::Writer& reply);
  void RejectUnknown(Session& session, Args args, const CommandSpec* container,
                     resp::Writer& reply);
  void SendAwayForAsking(Session& session, const CommandSpec* spec);
  void Queue(Session& session, const CommandSpec& spec, uint32_t flags, Args args,
             resp::Writer& reply);
  void CountError(std::string_view code);
  void FeedMonitors(const Session& sender, Args args);
  void EnterTime(const Session& session);
  // For work that no command has asked for.
  void EnterOwnTime();
  // Executes for others, maybe in the middle of a command, which goes on as if nothing had been in
  // between.
  void InBetween(const std::function<void()>& work);
  const Pause& PauseOf(const Session& session) const;
  static bool HoldsBack(const Pause& pause, const Session& session, uint32_t flags);
  void ReleasePaused();
  void ReleaseAcknowledged();
  template <typename Write>
  bool AnswerLate(Session& session, Write write);
  void ServeWaiting();
  void ServeReady();
  void ServeKey(const AwaitedKey& key);
  void Rerun(Session& session, const AwaitedKey& key);
  void NoteAnswered(const Context& context, int64_t duration_us);
  template <typename Work>
  bool RunLate(Session& session, const CommandSpec& spec, const std::vector<std::string>& words,
               Work work);

  keyspace::Keyspace& keyspace_;
  NodeState& state_;
  const Clock& clock_;
  Services services_;
  CommandTable table_;
  SessionRegistry sessions_;
  Permissions permissions_;
  Pubsub pubsub_;
  Blocking blocking_;
  Tracking tracking_;
  const Session* executing_ = nullptr;  // whose command runs
  Propagation propagation_;
  Slowlog slowlog_;
  LatencyMonitor latency_;
  MemoryGuard memory_guard_;
  uint64_t last_wait_ = 0;
  EngineStats stats_;
  EngineOptions options_;
  Pauses pauses_;
  const Session* not_held_ = nullptr;  // whatever pauses there are
  MemoryGuard::Room last_room_ = MemoryGuard::Room::kEnough;
  int depth_ = 0;  // commands running inside one another (EXEC)
  bool serving_others_ = false;
  bool probes_only_ = false;  // of those others' requests
  uint64_t own_errors_ = 0;
  std::vector<std::function<void()>> after_unit_;
  uint64_t acknowledgements_seen_ = 0;
  int64_t now_us_ = 0;  // start of the running command; in a batch, end of the one before
  bool in_batch_ = false;
  size_t monitors_ = 0;
  struct NoMore final : resp::OutputChain::Governor {
    bool MayHold(size_t) override { return false; }
  } no_more_;
  resp::OutputChain discarded_{&no_more_};  // replies nobody wants
};

}  // namespace rha::node::dispatch
