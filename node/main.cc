// redisha-node: flags and file to configuration, configuration to App, nothing else.
#include <cstdio>

#include "node/app/app.h"

int main(int argc, char** argv) {
  rha::node::app::Config config;
  if (argc == 3 && std::string(argv[1]) == "--port") config.port = std::atoi(argv[2]);
  rha::node::app::App app(std::move(config));
  if (const rha::Status started = app.Start(); !started.ok()) {
    std::fprintf(stderr, "redisha-node: %s\n", started.message().c_str());
    return 1;
  }
  return app.Run();
}
