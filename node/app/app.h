// The process: owns every part of the server and wires them together. Knows no command.
//
// Thread rule: the loop's thread.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/env/process_title.h"
#include "common/net/reactor.h"
#include "common/net/resolver.h"
#include "node/app/append_only.h"
#include "node/app/config.h"
#include "node/app/config_service.h"
#include "node/app/migrator.h"
#include "node/app/oom_score.h"
#include "node/app/persistence.h"
#include "node/app/process.h"
#include "node/app/secrets.h"
#include "node/app/server.h"
#include "node/app/sliced_work.h"
#include "node/app/watchdog.h"
#include "node/commands/script/scripts.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/node_state.h"
#include "node/keyspace/db.h"
#include "node/repl/repl_config.h"
#include "node/repl/repl_shell.h"

namespace rha::node::app {

class App {
 public:
  // `title`: of the process, outlives this; null: nobody reads it.
  explicit App(Config config, env::ProcessTitle* title = nullptr);
  ~App();

  // Opens the doors and begins to load the data. An error is one line for the user.
  Status Start();
  // Until the process has been told to end; the process' exit code.
  int Run();

 private:
  Status EnterDirectory();
  Status JoinCluster();
  Status RaiseDescriptorLimit();
  Status WritePidFile() const;
  void OnLoaded(const Status& status, const persist::RdbInfo& info);
  void TakeRole();
  // `replicaof` as it is now, whoever changed it.
  void ShowRole(Config* shown) const;
  // The configuration has changed from `old`: lets everyone know.
  Status ApplyConfig(const Config& old, std::string* culprit);
  Status ApplyOomScore(const Config& old, std::string* culprit);
  Status ListenAnew(const Config& old);
  bool StandsBack() const;
  void AdjustOomScore();
  void ShowTitle();
  void PublishConfig();
  void LookAtSecrets();
  void PublishSecrets();
  void Cron();
  std::optional<Millis> SweepSlice();
  std::optional<Millis> SnapshotSlice();
  std::optional<Millis> ReclaimSlice();
  std::optional<Millis> EvictionSlice();
  void EndTurn();

  Config config_;
  env::ProcessTitle* const title_;
  OomScore oom_score_;
  repl::ReplConfig repl_config_;
  SystemClock clock_;
  net::Reactor reactor_;
  net::Resolver resolver_;
  keyspace::Keyspace keyspace_;
  dispatch::NodeState state_;
  dispatch::Engine engine_;
  Watchdog watchdog_{reactor_, engine_};
  commands::Scripts scripts_;
  Migrator migrator_{reactor_, resolver_};  // what it will call watches keys
  persist::SnapshotService snapshots_;
  Server server_;
  repl::ReplShell replication_;
  AppendOnly append_only_;
  Persistence persistence_;
  ConfigService config_service_;
  Process process_;
  Secrets secrets_;
  net::TimerId deadline_timer_ = 0;
  int64_t timer_at_ms_ = 0;  // the deadline it is for
  SlicedWork sweep_{reactor_, [this] { return SweepSlice(); }};
  SlicedWork snapshot_{reactor_, [this] { return SnapshotSlice(); }};
  SlicedWork reclaim_{reactor_, [this] { return ReclaimSlice(); }};
  SlicedWork evict_{reactor_, [this] { return EvictionSlice(); }};
  bool role_taken_ = false;
  int exit_code_ = 0;
};

}  // namespace rha::node::app
