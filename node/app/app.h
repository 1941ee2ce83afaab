// The process: owns every part of the server and wires them together. Knows no command.
//
// Thread rule: the loop's thread.
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/net/reactor.h"
#include "node/app/config.h"
#include "node/app/server.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/node_state.h"
#include "node/keyspace/db.h"

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

  Config config_;
  SystemClock clock_;
  net::Reactor reactor_;
  keyspace::Keyspace keyspace_;
  dispatch::NodeState state_;
  dispatch::Engine engine_;
  Server server_;
  int exit_code_ = 0;
};

}  // namespace rha::node::app
