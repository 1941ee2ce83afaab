// The operator's command line, with an environment variable for what a Deployment sets.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/log.h"
#include "common/base/status.h"

namespace rha::op::app {

struct Options {
  std::string kubeconfig;
  std::string ns;     // empty: all namespaces
  std::string image;  // empty: the image of the operator's own pod
  bool leader_elect = false;
  std::string leader_election_namespace;  // empty: the operator's own
  std::string bind_address = "0.0.0.0";
  uint16_t metrics_port = 8080;  // 0: none
  uint16_t health_port = 8081;   // 0: none
  int workers = 4;
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;

  // Who we are, from the Downward API; empty outside a cluster.
  std::string pod_name;
  std::string pod_namespace;
};

// Either options to run with, or an exit code: --help and --version have been answered, or a
// mistake has been explained, on the standard streams.
struct ParsedOptions {
  bool run = false;
  int exit_code = 0;
  Options options;
};
ParsedOptions ParseOptions(int argc, const char* const* argv);

}  // namespace rha::op::app
