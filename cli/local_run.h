// `redisha local run`: the cluster in the foreground; what `redisha local up` starts detached.
#pragma once

#include <cstdint>
#include <string>

namespace rha::cli {

struct LocalRunOptions {
  std::string folder = ".redisha/local";
  uint16_t port = 0;
};

int LocalRun(const LocalRunOptions& options);

}  // namespace rha::cli
