#include "operator/app/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

namespace rha::op::app {
namespace {

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

ParsedOptions ParseOptions(int argc, const char* const* argv) {
  ParsedOptions parsed;
  Options& to = parsed.options;
  std::string level = "info";
  std::string format = "text";
  CLI::App app("Keeps RedisHA resources as they were asked for.", "redisha-operator");
  app.set_version_flag("--version", RHA_VERSION);
  app.add_option(
      "--kubeconfig", to.kubeconfig,
      "Cluster to work on (then $KUBECONFIG, the pod's service account, ~/.kube/config)");
  app.add_option("--namespace", to.ns, "Watch only this namespace; all when omitted")
      ->envname("WATCH_NAMESPACE");
  app.add_option("--image", to.image,
                 "Image of new pods where spec.image names none; the operator's own when omitted")
      ->envname("REDISHA_IMAGE");
  app.add_flag("--leader-elect", to.leader_elect, "Work only while holding a Lease");
  app.add_option("--leader-election-namespace", to.leader_election_namespace,
                 "Namespace of the Lease; the operator's own when omitted");
  app.add_option("--bind-address", to.bind_address, "Address of metrics and health")
      ->capture_default_str();
  app.add_option("--metrics-port", to.metrics_port, "Port of /metrics, 0 for none")
      ->capture_default_str();
  app.add_option("--health-port", to.health_port, "Port of /healthz and /readyz, 0 for none")
      ->capture_default_str();
  app.add_option("--workers", to.workers, "RedisHA resources worked on at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--log-level", level, "debug, info, warn or error")->capture_default_str();
  app.add_option("--log-format", format, "text or json")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
    return parsed;
  }
  const auto parsed_level = log::ParseLevel(level);
  const auto parsed_format = log::ParseFormat(format);
  for (const Status& status : {parsed_level.status(), parsed_format.status()}) {
    if (status.ok()) continue;
    std::fprintf(stderr, "%s\n", status.message().c_str());
    parsed.exit_code = 2;
    return parsed;
  }
  to.log_level = *parsed_level;
  to.log_format = *parsed_format;
  to.pod_name = Env("POD_NAME");
  to.pod_namespace = Env("POD_NAMESPACE");
  parsed.run = true;
  return parsed;
}

}  // namespace rha::op::app
