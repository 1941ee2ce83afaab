#include "cli/program.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "cli/local_run.h"

namespace rha::cli {

int Main(int argc, char** argv) {
  CLI::App app{"RedisHA: a highly available, Redis-compatible data store for Kubernetes"};
  app.set_version_flag("--version", "redisha " RHA_VERSION);
  app.require_subcommand(1);
  int result = kDone;

  CLI::App* local = app.add_subcommand("local", "A small Kubernetes on this machine");
  local->require_subcommand(1);
  LocalRunOptions run;
  CLI::App* run_app = local->add_subcommand("run", "")->group("");
  run_app->add_option("--dir", run.folder);
  run_app->add_option("--port", run.port);
  run_app->callback([&] { result = LocalRun(run); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return result;
}

}  // namespace rha::cli
