#include "node/app/process.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "node/app/memory.h"
#include "node/app/persistence.h"
#include "node/app/server.h"
#include "node/dispatch/engine.h"
#include "node/repl/repl_shell.h"

namespace rha::node::app {
namespace {

constexpr size_t kRunIdDigits = 40;
// A further one, while the loop is not there to be told.
bool SigintIsPending() {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 1;
}

constexpr const char* kShutdownFailed = "Errors trying to SHUTDOWN. Check logs.";

}  // namespace

Process::Process(Dependencies dependencies)
    : parts_(dependencies),
      run_id_(RandomHex(kRunIdDigits)),
      started_ms_(dependencies.engine.clock().UnixMillis()) {}

void Process::NoteStartupMemory() {
  startup_memory_ = peak_memory_ = parts_.engine.state().memory.bytes();
}

void Process::Cron() {
  if (asked_to_end_) {
    const Status ended = Begin(*std::exchange(asked_to_end_, std::nullopt));
    if (!ended.ok()) log::Error("{}", ended.message());
  }
  dispatch::NodeState& state = parts_.engine.state();
  parts_.engine.keyspace().held().Settle();
  state.memory.Set(AllocatedBytes());
  peak_memory_ = std::max(peak_memory_, state.memory.bytes());
  const int64_t now_ms = parts_.engine.clock().UnixMillis();
  commands_.Sample(parts_.engine.stats().commands, now_ms);
  const dispatch::EngineStats& engine = parts_.engine.stats();
  input_.Sample(parts_.server.stats().input_bytes + engine.repl_input_bytes, now_ms);
  output_.Sample(parts_.server.stats().output_bytes, now_ms);
  repl_input_.Sample(engine.repl_input_bytes, now_ms);
  repl_output_.Sample(engine.repl_output_bytes, now_ms);
  const net::Reactor::TurnStats& turns = parts_.reactor.turn_stats();
  turns_.Sample(turns.turns, now_ms);
  turns_us_.Sample(static_cast<uint64_t>(
                       std::chrono::duration_cast<std::chrono::microseconds>(turns.total).count()),
                   now_ms);
  if (ending_ && (ReplicasCaughtUp() || parts_.reactor.Now() >= ending_deadline_)) {
    if (const Status ended = FinishShutdown(); !ended.ok()) log::Error("{}", ended.message());
  }
}

bool Process::ReplicasCaughtUp() const {
  return parts_.replication.primary_side().AllAcknowledged(
      parts_.engine.state().replication_offset);
}

Status Process::Shutdown(const dispatch::ShutdownRequest& request) {
  by_signal_ = false;
  return Begin(request);
}

Status Process::Begin(const dispatch::ShutdownRequest& request) {
  ending_request_ = request;
  const bool wait = !request.now && parts_.config.shutdown_timeout_s > 0 && !ReplicasCaughtUp();
  if (!wait || parts_.engine.state().is_replica) return FinishShutdown();
  if (!ending_) log::Info("waiting for replicas before shutting down");
  ending_ = true;
  const Millis patience = std::chrono::seconds(parts_.config.shutdown_timeout_s);
  ending_deadline_ = parts_.reactor.Now() + patience;
  parts_.engine.SetPause(
      dispatch::PauseReason::kShutdown,
      {dispatch::Pause::Scope::kWrite, parts_.engine.clock().UnixMillis() + patience.count()});
  parts_.replication.RequestAcknowledgements();
  return {};
}

Status Process::FinishShutdown() {
  using Save = dispatch::ShutdownRequest::Save;
  ending_ = false;
  parts_.replication.primary_side().LogFarewell();
  const bool by_config =
      ending_request_.save == Save::kByConfig && !parts_.config.save_points.empty();
  // Nobody waits for the file then: the sidecar sees at once that this node is gone.
  const bool managed = parts_.config.managed;
  if (managed) {
    // No reply leaves before what it answers is on the disk, if that is promised.
    const Status synced = parts_.persistence.CloseLog(false);
    if (synced.ok()) parts_.server.FlushAll();
    parts_.server.LeaveNetwork();
  }
  const auto may_refuse = [&] { return !ending_request_.force && !managed; };
  // Who asks for it by SIGTERM gets what he wants: the base is finished below.
  const bool asked = !by_signal_ && ending_request_.save != Save::kNoSave;
  if (may_refuse() && asked && parts_.persistence.WritesFirstBase()) {
    log::Warn("Writing initial AOF, can't exit");
    return Failed(Code::kUnavailable);
  }
  const Status may_save = parts_.persistence.MaySave();
  // As in Redis nothing is saved while data come; but what lies whole beside them is.
  const bool loading = parts_.engine.state().loading && !may_save.ok();
  if (by_config && !may_save.ok()) {
    log::Warn("Nothing is saved before exiting: {}", may_save.message());
  } else if (by_config || (ending_request_.save == Save::kSave && !loading)) {
    log::Info("Saving the final RDB snapshot before exiting.");
    parts_.persistence.CancelBackgroundSave();
    const Status saved = parts_.persistence.Save(by_signal_ ? SigintIsPending : nullptr);
    if (!saved.ok() && by_signal_ && SigintIsPending()) Insist();
    if (!saved.ok() && may_refuse()) {
      log::Error("Error trying to save the DB, can't exit: {}", saved.message());
      return Failed(saved.code());
    }
  }
  const Status closed = parts_.persistence.CloseLog(ending_request_.save != Save::kNoSave);
  if (!closed.ok()) {
    log::Error("the append-only file could not be completed: {}", closed.message());
    if (may_refuse()) return Failed(closed.code());
  }
  parts_.persistence.CancelBackgroundSave();
  log::Info("Redis is now ready to exit, bye bye...");
  parts_.server.StopListening();
  parts_.server.FlushAll();
  parts_.server.End();
  ended_ = true;
  parts_.reactor.Stop();
  return {};
}

void Process::ServeWhileBusy(Whom whom) { parts_.server.ServeWhileBusy(whom); }

void Process::EndBySignal(int signal_number, const dispatch::ShutdownRequest& request) {
  if (ended_) return;  // what is pending comes while the loop ends
  by_signal_ = true;
  if (signal_number == SIGINT && (ending_ || asked_to_end_)) {
    Insist();
    (void)FinishShutdown().ok();
    return;
  }
  if (cron_paused_) {
    asked_to_end_ = request;
    return;
  }
  if (const Status ended = Begin(request); !ended.ok()) log::Error("{}", ended.message());
}

void Process::Insist() {
  log::Warn("You insist... exiting now.");
  ending_request_ = {.save = dispatch::ShutdownRequest::Save::kNoSave, .now = true, .force = true};
  exit_code_ = 1;
}

bool Process::AbortShutdown() {
  const bool asked = std::exchange(asked_to_end_, std::nullopt).has_value();
  if (!ending_ && !asked) return false;
  CallOff();
  log::Info("Shutdown manually aborted");
  return true;
}

Status Process::Failed(Code code) {
  CallOff();
  log::Error("Errors trying to shut down the server. Check the logs for more information.");
  return Status(code, kShutdownFailed);
}

// Everything goes on, and who has asked for the end is told.
void Process::CallOff() {
  ending_ = false;
  parts_.engine.EndPause(dispatch::PauseReason::kShutdown);
  parts_.engine.EndWaits(dispatch::BlockKind::kShutdown, "ERR " + std::string(kShutdownFailed));
}

void Process::ResetStats() {
  parts_.server.stats() = {};
  parts_.engine.stats() = {};
  parts_.engine.table().ResetCounters();
  parts_.engine.keyspace().stats() = {};
  parts_.engine.keyspace().reclaimer().ResetFreed();
  parts_.engine.memory_guard().ResetStats();
  parts_.reactor.ResetTurnStats();
  parts_.persistence.ResetStats();
  parts_.replication.primary_side().ResetStats();
  commands_ = input_ = output_ = repl_input_ = repl_output_ = turns_ = turns_us_ = {};
  peak_memory_ = parts_.engine.state().memory.bytes();
}

std::string Process::AllocatorReport() { return app::AllocatorReport(); }
Result<std::optional<int64_t>> Process::AllocatorNumber(const std::string& name,
                                                        std::optional<int64_t> value) {
  return app::AllocatorNumber(name, value);
}
Result<std::string> Process::AllocatorText(const std::string& name) {
  return app::AllocatorText(name);
}
Status Process::AllocatorDo(const std::string& name) { return app::AllocatorDo(name); }
void Process::ReturnFreedMemory() { app::ReturnFreedMemory(); }
int64_t Process::UnixMicros() { return parts_.engine.clock().UnixMicros(); }

}  // namespace rha::node::app
