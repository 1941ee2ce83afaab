// One TCP port forwarded to one of several endpoints, in turn. Reactor thread only.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "common/net/reactor.h"
#include "common/net/socket.h"

namespace rha::local::proxy {

class Forwarder {
 public:
  Forwarder(net::Reactor& reactor, net::Endpoint at);
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  Status Listen();
  bool listening() const { return listener_.valid(); }
  // New connections go there; connections to an endpoint that left are closed, as kube-proxy does.
  void SetTargets(std::vector<net::Endpoint> targets);

 private:
  class Connection;
  void OnAccept();
  void Drop(Connection* connection);

  net::Reactor& reactor_;
  net::Endpoint at_;
  UniqueFd listener_;
  net::IoWatch watch_;
  std::vector<net::Endpoint> targets_;
  size_t next_ = 0;
  std::list<std::unique_ptr<Connection>> connections_;
};

}  // namespace rha::local::proxy
