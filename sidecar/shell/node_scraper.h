// Asks the own node what its metrics page shows: one connection over the local socket, opened when
// a page is asked for and kept while pages come. Nothing is polled between them. Thread rule: the
// loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/net/link.h"
#include "sidecar/shell/node_metrics.h"

namespace rha::sidecar::shell {

class NodeScraper {
 public:
  using Done = std::function<void(NodeScrape)>;

  // `introduce`: asked at each connection for what it needs to be let in.
  NodeScraper(net::Reactor& reactor, std::string unix_path,
              std::function<void(net::LinkOptions*)> introduce);
  ~NodeScraper();

  // Calls back once, within kNodeScrapeWait. Calls that overlap share one scrape.
  void Scrape(Done done);

 private:
  void Ask();
  void OnInfo(const resp::Value& reply);
  void OnConfig(const resp::Value& reply);
  void OnSlowlog(const resp::Value& reply);
  void OnLatency(const resp::Value& reply);
  void OnHistogram(const resp::Value& reply);
  void Finish(const std::string& error);

  net::Reactor& reactor_;
  std::function<void(net::LinkOptions*)> introduce_;
  std::unique_ptr<net::Link> link_;
  std::vector<Done> waiting_;
  NodeScrape scrape_;
  MonoTime began_;
  net::TimerId timer_ = 0;
  uint64_t round_ = 0;  // answers of an older round are dropped
  uint64_t scrapes_ = 0, failures_ = 0;
};

}  // namespace rha::sidecar::shell
