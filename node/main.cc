// redisha-node: command line to configuration, configuration to App, nothing else.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/log.h"
#include "common/env/process_title.h"
#include "common/env/service_manager.h"
#include "node/app/app.h"
#include "node/app/check_aof.h"
#include "node/app/check_rdb.h"
#include "node/app/command_line.h"
#include "node/app/signal_log.h"

// Read by jemalloc before main(): freed memory goes back to the kernel a second later and from a
// thread of its own, never in the middle of a command (which took up to 25 ms). It is given back
// for good: what is only offered (muzzy) goes on counting as resident, in a pod's memory limit too.
// Until then it is used again whatever its size was: the default leaves large stretches alone, so
// that a replica whose old dataset had just been freed took fresh memory for the new one.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,lg_extent_max_active_fit:30";
}

namespace {

// Threads inherit the mask, so the loop alone receives them (App::Start), whoever starts threads.
void BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "redisha-node: %s\n", message.c_str());
  return 1;
}

rha::Status StartLog(const rha::node::app::Config& config) {
  const auto level = rha::log::ParseLevel(config.log_level);
  RHA_ASSIGN_OR_RETURN(const auto format, rha::log::ParseFormat(config.log_format));
  if (!config.log_file.empty()) rha::node::app::signal_log::SendTo(config.log_file);
  // Like redis-server: to standard output unless a file is named.
  return rha::log::Init({.program = "redisha-node",
                         .level = level.ok() ? *level : rha::log::Level::kError,
                         .format = format,
                         .file = config.log_file,
                         .to_stdout = true});
}

}  // namespace

int main(int argc, char** argv) {
  using rha::node::app::CommandLine;
  if (argc > 1 && std::string_view(argv[1]) == "--check-aof") {
    return rha::node::app::CheckAof(std::vector<std::string>(argv + 2, argv + argc));
  }
  if (argc > 1 && std::string_view(argv[1]) == "--check-rdb") {
    return rha::node::app::CheckRdb(std::vector<std::string>(argv + 2, argv + argc));
  }
  rha::env::ProcessTitle title(argc, argv);
  auto line = rha::node::app::ReadCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (!line.ok()) return Fail(line.status().message());
  if (line->ask == CommandLine::Ask::kHelp) {
    std::fputs(rha::node::app::HelpText().c_str(), stdout);
    return 0;
  }
  if (line->ask == CommandLine::Ask::kVersion) {
    std::fputs(rha::node::app::VersionText().c_str(), stdout);
    return 0;
  }
  if (line->config.daemonize && !rha::env::Supervised(line->config.supervised) &&
      ::daemon(1, line->config.log_file.empty() ? 0 : 1) != 0) {
    return Fail("become a daemon: " + rha::ErrnoStatus("daemon").message());
  }
  if (const rha::Status started = StartLog(line->config); !started.ok()) {
    return Fail(started.message());
  }
  BlockSignals();
  auto app = std::make_unique<rha::node::app::App>(std::move(line->config), &title);
  if (const rha::Status started = app->Start(); !started.ok()) {
    if (rha::log::Enabled(rha::log::Level::kError)) rha::log::Error("{}", started.message());
    return 1;
  }
  const int exit_code = app->Run();
#ifndef RHA_ASAN
  // The kernel takes the dataset back at once; key by key it would take seconds.
  std::_Exit(exit_code);
#endif
  return exit_code;
}
