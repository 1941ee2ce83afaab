#include "local/proxy/proxy.h"

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "local/object/json.h"
#include "local/proxy/limits.h"

namespace rha::local::proxy {

using object::Int;
using object::Items;
using object::Json;
using object::Str;

namespace {

constexpr Millis kWatchPoll(500);

// The ready addresses behind a service's port: ports match by name, or there is only one.
std::vector<net::Endpoint> TargetsOf(const Json& endpoints, const Json& port) {
  std::vector<net::Endpoint> targets;
  for (const auto& subset : Items(endpoints, {"subsets"})) {
    for (const auto& each : Items(subset, {"ports"})) {
      if (Str(each, {"name"}) != Str(port, {"name"})) continue;
      for (const auto& address : Items(subset, {"addresses"})) {
        targets.push_back({Str(address, {"ip"}), static_cast<uint16_t>(Int(each, {"port"}))});
      }
    }
  }
  return targets;
}

}  // namespace

void Proxy::Start() {
  reactor_thread_ = std::thread([this] {
    reactor_.Every(Millis(kRetryListenMillis), [this] { Sync(); });
    reactor_.Run();
    forwarders_.clear();
  });
  watch_thread_ = std::thread([this] { WatchLoop(); });
}

void Proxy::Stop() {
  if (stopping_.exchange(true)) return;
  if (watch_thread_.joinable()) watch_thread_.join();
  reactor_.Stop();
  if (reactor_thread_.joinable()) reactor_thread_.join();
}

void Proxy::WatchLoop() {
  uint64_t version = registry_.store().Version();
  reactor_.Post([this] { Sync(); });
  while (!stopping_) {
    auto batch = registry_.store().Wait("", version, kWatchPoll);
    bool relevant = !batch.ok();
    version = batch.ok() ? batch->version : registry_.store().Version();
    if (batch.ok()) {
      for (const auto& event : batch->events) {
        relevant =
            relevant || event.key.resource == "services" || event.key.resource == "endpoints";
      }
    }
    if (relevant) reactor_.Post([this] { Sync(); });
  }
}

void Proxy::Sync() {
  std::map<net::Endpoint, std::vector<net::Endpoint>> wanted;
  for (const auto& service : registry_.store().List("services").objects) {
    const std::string ip = Str(*service, {"spec", "clusterIP"});
    if (ip.empty() || ip == "None") continue;
    const auto endpoints =
        registry_.store().Get({"endpoints", object::Namespace(*service), object::Name(*service)});
    for (const auto& port : Items(*service, {"spec", "ports"})) {
      if (Str(port, {"protocol"}, "TCP") != "TCP") continue;
      const net::Endpoint at{ip, static_cast<uint16_t>(Int(port, {"port"}))};
      wanted[at] =
          endpoints == nullptr ? std::vector<net::Endpoint>() : TargetsOf(*endpoints, port);
    }
  }
  std::erase_if(forwarders_, [&](const auto& each) { return !wanted.contains(each.first); });
  for (auto& [at, targets] : wanted) {
    auto& forwarder = forwarders_[at];
    if (forwarder == nullptr) forwarder = std::make_unique<Forwarder>(reactor_, at);
    if (!forwarder->listening()) {
      const Status listening = forwarder->Listen();
      if (!listening.ok() && refused_.insert(at).second) {
        log::Warn("service address {} cannot be served: {}", at.ToString(), listening.message());
      }
    }
    forwarder->SetTargets(std::move(targets));
  }
}

}  // namespace rha::local::proxy
