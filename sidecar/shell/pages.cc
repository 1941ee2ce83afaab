#include "sidecar/shell/pages.h"

#include <utility>

#include "common/base/log.h"
#include "common/metrics/process.h"
#include "sidecar/shell/ask_loop.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/readiness.h"
#include "sidecar/shell/role_labeler.h"

namespace rha::sidecar::shell {
namespace {

constexpr Millis kStampPeriod{100};

int64_t NowMillis() {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Pages::Pages(net::Reactor& reactor, Driver& driver, const RoleLabeler& labeler,
             const Options& options)
    : reactor_(reactor), driver_(driver), labeler_(labeler), options_(options) {
  registry_.AddCollector(metrics::CollectProcess);
  StampTurn();
  stamp_timer_ = reactor_.Every(kStampPeriod, [this] { StampTurn(); });
}

Pages::~Pages() {
  server_.reset();  // handlers use everything else
  reactor_.Cancel(stamp_timer_);
}

void Pages::StampTurn() { last_turn_ms_.store(NowMillis(), std::memory_order_relaxed); }

Status Pages::Start() {
  if (options_.metrics_port == 0) return Status::Ok();
  const std::string bind = options_.binds.front();
  const http::ServerOptions where{.ip = bind.find('*') == std::string::npos ? bind : "0.0.0.0",
                                  .port = options_.metrics_port};
  auto server =
      http::Server::Start(where, {{"/metrics", registry_.PageHandler()},
                                  {"/healthz", http::HealthHandler([this] { return Alive(); })},
                                  {"/readyz", http::HealthHandler([this] { return Ready(); })}});
  if (!server.ok()) return server.status();
  server_ = std::move(*server);
  return Status::Ok();
}

http::Health Pages::Alive() const {
  const int64_t late_ms = NowMillis() - last_turn_ms_.load(std::memory_order_relaxed);
  if (late_ms <= kLoopLateMax.count()) return {.summary = "the loop turns"};
  return {.failing = {"the loop has not turned for " + std::to_string(late_ms) + " ms"}};
}

http::Health Pages::Ready() {
  auto answer = AskLoop<http::Health>(reactor_, kPageWait, [this] {
    return Readiness({driver_.machine(), driver_.now()});
  });
  if (answer) return *answer;
  return {.failing = {"the loop does not answer"}};
}

}  // namespace rha::sidecar::shell
