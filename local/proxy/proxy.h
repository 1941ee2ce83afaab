// Listens on the ClusterIPs of all Services and forwards to their ready endpoints. One thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "local/proxy/forwarder.h"
#include "local/registry/registry.h"

namespace rha::local::proxy {

class Proxy {
 public:
  explicit Proxy(registry::Registry& registry) : registry_(registry) {}
  ~Proxy() { Stop(); }

  void Start();
  void Stop();

 private:
  void WatchLoop();
  void Sync();

  registry::Registry& registry_;
  net::Reactor reactor_;
  std::map<net::Endpoint, std::unique_ptr<Forwarder>> forwarders_;  // reactor thread
  std::set<net::Endpoint> refused_;  // said once that they cannot be listened on
  std::atomic<bool> stopping_{false};
  std::thread watch_thread_, reactor_thread_;
};

}  // namespace rha::local::proxy
