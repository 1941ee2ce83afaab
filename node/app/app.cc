#include "node/app/app.h"

#include <csignal>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "node/commands/all.h"

namespace rha::node::app {

App::App(Config config)
    : config_(std::move(config)),
      keyspace_(static_cast<int>(config_.databases), RandomSeed()),
      engine_(keyspace_, state_, clock_, commands::AllCommands()),
      server_(reactor_, engine_, config_) {}

App::~App() = default;

Status App::Start() {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int signal_number : {SIGTERM, SIGINT}) {
    RHA_RETURN_IF_ERROR(reactor_.OnSignal(signal_number, [this] { reactor_.Stop(); }));
  }
  RHA_RETURN_IF_ERROR(server_.Listen());
  reactor_.AddTurnHook([this] { server_.EndTurn(); });
  reactor_.Every(Millis(100), [this] { Cron(); });
  log::Info("Server initialized");
  log::Info("Ready to accept connections");
  return {};
}

int App::Run() {
  reactor_.Run();
  return exit_code_;
}

void App::Cron() {
  engine_.ExpireSlice(1000);
  server_.Cron(clock_.UnixMillis());
}

}  // namespace rha::node::app
