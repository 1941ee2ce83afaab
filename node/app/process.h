// What the process knows of itself: INFO's sections about it, its figures over time, and its end.
//
// Ending (SHUTDOWN, SIGTERM) is a small machine: writes are paused and replicas get
// shutdown-timeout to catch up; then the dataset is saved if it is to be saved; then the loop
// stops. A save that fails calls it off, unless forced.
//
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/base/rate.h"
#include "common/net/reactor.h"
#include "node/app/config.h"
#include "node/dispatch/services.h"

namespace rha::node::dispatch {
class Engine;
}
namespace rha::node::repl {
class ReplShell;
}

namespace rha::node::app {

class Migrator;
class Persistence;
class Server;

class Process final : public dispatch::ServerService {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    dispatch::Engine& engine;
    Server& server;
    Persistence& persistence;
    repl::ReplShell& replication;
    const Migrator& migrator;
    const Config& config;
  };
  explicit Process(Dependencies dependencies);
  // What is in use now is what an empty server takes.
  void NoteStartupMemory();

  // Ten times a second: rates, peaks, and whether replicas have caught up for a shutdown.
  void Cron();
  bool cron_paused() const { return cron_paused_; }
  // By a signal: at once, or when DEBUG PAUSE-CRON has ended. A second SIGINT waits for nothing and
  // saves nothing.
  void EndBySignal(int signal_number, const dispatch::ShutdownRequest& request);
  int exit_code() const { return exit_code_; }
  const std::string& run_id() const { return run_id_; }

  // ---- dispatch::ServerService
  void AppendInfo(std::string_view section, std::string* info) override;
  Status Shutdown(const dispatch::ShutdownRequest& request) override;
  bool AbortShutdown() override;
  void PauseCron(bool pause) override { cron_paused_ = pause; }
  void ResetStats() override;
  dispatch::MemoryReport Memory() override { return MeasureMemory(); }
  std::string AllocatorReport() override;
  Result<std::optional<int64_t>> AllocatorNumber(const std::string& name,
                                                 std::optional<int64_t> value) override;
  Result<std::string> AllocatorText(const std::string& name) override;
  Status AllocatorDo(const std::string& name) override;
  void ReturnFreedMemory() override;
  int64_t UnixMicros() override;
  void ServeWhileBusy(Whom whom) override;

 private:
  dispatch::MemoryReport MeasureMemory() const;
  void ServerInfo(std::string* info) const;
  void ListenersInfo(std::string* info) const;
  void ClientsInfo(std::string* info) const;
  void MemoryInfo(std::string* info) const;
  void ScriptsInfo(std::string* info) const;
  void StatsInfo(std::string* info) const;
  void RefusalsInfo(std::string* info) const;
  void LoopInfo(std::string* info) const;
  void CpuInfo(std::string* info) const;
  bool ReplicasCaughtUp() const;
  Status Begin(const dispatch::ShutdownRequest& request);
  Status FinishShutdown();
  // Nothing is waited for or saved any more.
  void Insist();
  void CallOff();
  // Calls it off; what is answered to who has asked.
  Status Failed(Code code);

  Dependencies parts_;
  const std::string run_id_;
  const int64_t started_ms_;
  int64_t startup_memory_ = 0, peak_memory_ = 0;
  Rate commands_, input_, output_, repl_input_, repl_output_, turns_, turns_us_;
  bool cron_paused_ = false;
  std::optional<dispatch::ShutdownRequest> asked_to_end_;  // by a signal, and not begun yet
  bool ending_ = false;
  bool ended_ = false;      // the loop is about to stop
  bool by_signal_ = false;  // what is ending, or has begun last
  dispatch::ShutdownRequest ending_request_;
  MonoTime ending_deadline_;
  int exit_code_ = 0;
};

}  // namespace rha::node::app
