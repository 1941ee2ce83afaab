// A small HTTP/1.1 server for pages that operators and collectors read (/metrics, /healthz,
// /readyz).
//
//   auto server = http::Server::Start({.ips = {"10.0.0.1"}, .port = 9121},
//                                     {{"/metrics", page}, {"/healthz", health}});
//
// Only GET and HEAD are answered, one request for each connection; a path without a handler is a
// 404 that lists what there is.
// Anybody may connect and nobody is kept out by it, for a probe that is not answered ends a
// container: waiting connections cost no thread, and beyond a number of them the oldest that has
// asked for nothing leaves.
// Thread rule: each page is made on a thread of its own, one request after the other, and must not
// wait for an event loop for long. Start and the destructor belong to one thread; after the
// destructor has returned no handler runs any more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace rha::http {

struct Request {
  std::string path;
  std::string query;   // without '?', as sent
  std::string accept;  // the header, as sent
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

using Handler = std::function<Response(const Request&)>;

struct ServerOptions {
  std::vector<std::string> ips = {"0.0.0.0"};  // the same port on each
  uint16_t port = 0;                           // 0: the kernel chooses; see Server::port()
  int request_timeout_ms = 5000;               // to say a request, and to take its answer
};

class Server {
 public:
  // Errors name the address: "listen on 0.0.0.0:9121 for HTTP: address already in use".
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                               std::map<std::string, Handler> handlers);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rha::http
