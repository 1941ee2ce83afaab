// The pages of the metrics port: /metrics, /healthz, /readyz.
//
// Their handlers run on threads of the HTTP server and own nothing of the loop. Each posts its
// question to the loop and waits kPageWait at most, so that what it shows is consistent and fresh;
// without an answer in time it says that the loop is late. /healthz reads only the time at which
// the loop last turned.
// Thread rule: made, started and destroyed on the loop's thread, while the loop does not run.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/http/health.h"
#include "common/http/server.h"
#include "common/metrics/registry.h"
#include "common/net/reactor.h"
#include "sidecar/shell/node_scraper.h"
#include "sidecar/shell/sentinel_metrics.h"

namespace rha::sidecar::shell {

class Driver;
class RoleLabeler;
class Trust;
struct Options;

class Pages {
 public:
  Pages(net::Reactor& reactor, Driver& driver, RoleLabeler& labeler, Trust& trust,
        const Options& options);
  ~Pages();

  // Does nothing when the port is 0.
  Status Start();
  // What the machine publishes, for the counters. Loop's thread.
  void OnEvent(std::string_view channel, std::string_view payload);

 private:
  void CollectFromLoop(metrics::Page& page);
  http::Health Alive() const;
  http::Health Ready();
  void StampTurn();

  net::Reactor& reactor_;
  Driver& driver_;
  RoleLabeler& labeler_;
  const Options& options_;
  metrics::Registry registry_;
  EventMetrics events_{registry_};
  std::unique_ptr<NodeScraper> scraper_;  // null without an own node
  std::atomic<int64_t> last_turn_ms_{0};
  net::TimerId stamp_timer_ = 0;
  std::unique_ptr<http::Server> server_;
};

}  // namespace rha::sidecar::shell
