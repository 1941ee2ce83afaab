// The process: owns every part of the server and wires them together. Knows no command.
//
// Thread rule: the loop's thread.
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/net/reactor.h"
#include "common/net/resolver.h"
#include "node/app/config.h"
#include "node/app/persistence.h"
#include "node/app/server.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/node_state.h"
#include "node/keyspace/db.h"
#include "node/repl/repl_config.h"
#include "node/repl/repl_shell.h"

namespace rha::node::app {

class App {
 public:
  explicit App(Config config);
  ~App();

  // Loads the data and opens the doors. An error is one line for the user.
  Status Start();
  // Until the process has been told to end; the process' exit code.
  int Run();

 private:
  void Cron();
  // After each change of the configuration: hands on what other parts keep a copy of.
  void OnConfigChanged();
  // The data are there: takes the role the configuration names.
  void OnLoaded(const Status& status, const persist::RdbInfo& info);
  void OnRoleChanged();

  Config config_;
  SystemClock clock_;
  net::Reactor reactor_;
  keyspace::Keyspace keyspace_;
  dispatch::NodeState state_;
  dispatch::Engine engine_;
  Server server_;
  net::Resolver resolver_;
  repl::ReplConfig repl_config_;
  repl::ReplShell repl_;
  Persistence persistence_;
  int exit_code_ = 0;
};

}  // namespace rha::node::app
