#include "sidecar/shell/pages.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/metrics/process.h"
#include "sidecar/shell/ask_loop.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/readiness.h"
#include "sidecar/shell/role_labeler.h"
#include "sidecar/shell/trust.h"

namespace rha::sidecar::shell {
namespace {

constexpr Millis kStampPeriod{100};

int64_t NowMillis() {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Pages::Pages(net::Reactor& reactor, Driver& driver, RoleLabeler& labeler, Trust& trust,
             const Options& options)
    : reactor_(reactor), driver_(driver), labeler_(labeler), options_(options) {
  registry_.AddCollector(metrics::CollectProcess);
  registry_.AddCollector([this](metrics::Page& page) { CollectFromLoop(page); });
  if (!options_.local_socket.empty()) {
    const auto introduce = [this, &trust](net::LinkOptions* link) {
      link->proof = trust.ProofFor(options_.self, reactor_.Now());
    };
    scraper_ = std::make_unique<NodeScraper>(reactor_, options_.local_socket, introduce);
  }
  labeler_.OnRole([this](Millis took) { events_.OnRouted(took); });
  StampTurn();
  stamp_timer_ = reactor_.Every(kStampPeriod, [this] { StampTurn(); });
}

Pages::~Pages() {
  server_.reset();  // handlers use everything else
  labeler_.OnRole({});
  reactor_.Cancel(stamp_timer_);
}

void Pages::StampTurn() { last_turn_ms_.store(NowMillis(), std::memory_order_relaxed); }

Status Pages::Start() {
  if (options_.metrics_port == 0) return Status::Ok();
  http::ServerOptions where{.ips = {}, .port = options_.metrics_port};
  for (const std::string& bind : options_.binds) {
    if (bind.starts_with('-')) continue;  // may be missing, which the pages cannot do
    where.ips.push_back(bind == "*" ? "0.0.0.0" : bind == "::*" ? "::" : bind);
  }
  auto server =
      http::Server::Start(where, {{"/metrics", registry_.PageHandler()},
                                  {"/healthz", http::HealthHandler([this] { return Alive(); })},
                                  {"/readyz", http::HealthHandler([this] { return Ready(); })}});
  if (!server.ok()) return server.status();
  server_ = std::move(*server);
  return Status::Ok();
}

void Pages::OnEvent(std::string_view channel, std::string_view payload) {
  const auto& groups = driver_.machine().state().groups;
  const auto group = groups.find(std::string(GroupOfEvent(channel, payload)));
  const core::Node* primary = group == groups.end() ? nullptr : group->second.Primary();
  const Millis silence = primary == nullptr
                             ? Millis{0}
                             : driver_.now() - std::max(primary->link.last_ok, primary->created);
  events_.OnEvent(channel, payload, driver_.now(), silence);
}

void Pages::CollectFromLoop(metrics::Page& page) {
  CollectLabels(labeler_.stats(), page);
  // Filled by the loop alone and read here only once it is complete.
  auto sentinel = AskLoop<std::shared_ptr<metrics::Page>>(reactor_, kPageWait, [this] {
    auto part = std::make_shared<metrics::Page>();
    CollectSentinel({driver_.machine(), driver_.now()}, *part);
    part->Gauge("redisha_sentinel_state_write_failing",
                "1 while the state cannot be written, so that no vote is given.",
                driver_.write_failed() ? 1 : 0);
    return part;
  });
  if (sentinel) page.Append(std::move(**sentinel));
  if (!scraper_) return;
  NodeScrape scrape{.error = "the sidecar's loop does not answer"};
  auto promise = std::make_shared<std::promise<NodeScrape>>();
  auto future = promise->get_future();
  reactor_.Post([this, promise] {
    scraper_->Scrape([promise](NodeScrape done) { promise->set_value(std::move(done)); });
  });
  if (future.wait_for(kPageWait) == std::future_status::ready) scrape = future.get();
  CollectNode(scrape, page);
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
