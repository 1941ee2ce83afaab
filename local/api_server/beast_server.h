// HTTPS on one loopback port: a thread for each connection, at most kConnectionsMax of them.
// The only place that knows Boost.Beast.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "local/api_server/http.h"

namespace rha::local::api_server {

struct ServerOptions {
  std::string ip = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one
  std::string certificate_path, key_path;
};

// Called on the connection's thread, for many connections at once.
using Handler = std::function<Response(const Request&)>;

class BeastServer {
 public:
  static Result<std::unique_ptr<BeastServer>> Start(const ServerOptions& options, Handler handler);
  // Closes all connections and waits for their threads.
  ~BeastServer();

  uint16_t port() const;

 private:
  class Impl;
  explicit BeastServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rha::local::api_server
