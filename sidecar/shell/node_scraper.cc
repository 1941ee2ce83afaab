#include "sidecar/shell/node_scraper.h"

#include <utility>

#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

NodeScraper::NodeScraper(net::Reactor& reactor, std::string unix_path,
                         std::function<void(net::LinkOptions*)> introduce)
    : reactor_(reactor), introduce_(std::move(introduce)) {
  net::LinkOptions options;
  options.unix_path = std::move(unix_path);
  options.client_name = "redisha-metrics";
  options.connect_timeout = kNodeScrapeWait;
  link_ = std::make_unique<net::Link>(
      reactor_, std::move(options),
      net::LinkHandlers{.on_open = {},
                        .on_close =
                            [this](net::LinkEnd end, const std::string& why) {
                              Finish(std::string(net::LinkEndName(end)) + ": " + why);
                            },
                        .on_message = {}});
}

NodeScraper::~NodeScraper() { reactor_.Cancel(timer_); }

void NodeScraper::Scrape(Done done) {
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  ++scrapes_;
  scrape_ = NodeScrape();
  began_ = reactor_.Now();
  timer_ = reactor_.After(kNodeScrapeWait, [this] {
    timer_ = 0;
    Finish("timeout");
    link_->Close();  // what is late is no longer wanted
  });
  if (link_->closed()) {
    net::LinkOptions options = link_->options();
    introduce_(&options);
    link_->set_options(std::move(options));
    link_->Open();
  }
  Ask();
}

void NodeScraper::Ask() {
  const uint64_t round = ++round_;
  const auto then = [this, round](void (NodeScraper::*handler)(const resp::Value&)) {
    return [this, round, handler](const resp::Value* reply) {
      if (reply && round == round_) (this->*handler)(*reply);
    };
  };
  for (const char* setting : {"maxclients", "maxmemory", "io-threads", "repl-backlog-size"}) {
    link_->Send({"CONFIG", "GET", setting}, then(&NodeScraper::OnConfig));
  }
  link_->Send({"SLOWLOG", "LEN"}, [this, round](const resp::Value* reply) {
    if (!reply || round != round_) return;
    if (reply->type == resp::Value::Type::kInteger) scrape_.slowlog_length = reply->integer;
  });
  link_->Send({"SLOWLOG", "GET", "1"}, then(&NodeScraper::OnSlowlog));
  link_->Send({"LATENCY", "LATEST"}, then(&NodeScraper::OnLatency));
  link_->Send({"LATENCY", "HISTOGRAM"}, then(&NodeScraper::OnHistogram));
  link_->Send({"INFO", "ALL"}, then(&NodeScraper::OnInfo));  // last: it completes the scrape
}

void NodeScraper::OnConfig(const resp::Value& reply) {
  for (size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    scrape_.config[reply.items[i].text] = reply.items[i + 1].text;
  }
}

void NodeScraper::OnSlowlog(const resp::Value& reply) {
  if (reply.is_error()) return;
  scrape_.slowlog_last_id = 0;
  scrape_.slowlog_last_usec = 0;
  if (reply.items.empty() || reply.items[0].items.size() < 3) return;
  scrape_.slowlog_last_id = reply.items[0].items[0].integer;
  scrape_.slowlog_last_usec = reply.items[0].items[2].integer;
}

void NodeScraper::OnLatency(const resp::Value& reply) {
  for (const resp::Value& event : reply.items) {
    if (event.items.size() < 3) continue;
    scrape_.latency[event.items[0].text] = {event.items[1].integer, event.items[2].integer};
  }
}

// command → {calls, count, histogram_usec, {bound → calls up to it, …}}
void NodeScraper::OnHistogram(const resp::Value& reply) {
  for (size_t i = 0; i + 1 < reply.items.size(); i += 2) {
    const std::vector<resp::Value>& details = reply.items[i + 1].items;
    if (details.size() < 4) continue;
    NodeScrape::Histogram histogram{.calls = static_cast<uint64_t>(details[1].integer)};
    const std::vector<resp::Value>& buckets = details[3].items;
    for (size_t k = 0; k + 1 < buckets.size(); k += 2) {
      histogram.buckets.emplace_back(static_cast<double>(buckets[k].integer),
                                     static_cast<uint64_t>(buckets[k + 1].integer));
    }
    scrape_.histograms[reply.items[i].text] = std::move(histogram);
  }
}

void NodeScraper::OnInfo(const resp::Value& reply) {
  if (!reply.is_string()) {
    Finish(reply.is_error() ? reply.text : "INFO: unexpected reply");
    return;
  }
  scrape_.info = reply.text;
  scrape_.up = true;
  Finish("");
}

void NodeScraper::Finish(const std::string& error) {
  if (waiting_.empty()) return;
  reactor_.Cancel(timer_);
  timer_ = 0;
  if (!scrape_.up) ++failures_;
  scrape_.error = error;
  scrape_.scrapes = scrapes_;
  scrape_.failures = failures_;
  scrape_.unix_seconds = SystemClock().UnixMillis() / 1000;
  scrape_.duration_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  std::vector<Done> waiting;
  waiting.swap(waiting_);
  for (const Done& done : waiting) done(scrape_);
}

}  // namespace rha::sidecar::shell
