// Port-forward: SPDY streams in pairs (data, error), each a TCP connection to the pod. Runs on the
// connection's thread until the client leaves.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "local/stream/duplex.h"
#include "local/stream/websocket.h"

namespace rha::local::stream {

// A non-blocking connection to that port of the pod.
using DialPort = std::function<Result<UniqueFd>(uint16_t port)>;
void RunForward(Duplex& wire, const DialPort& dial);

// SPDY inside of WebSocket messages ("SPDY/3.1+portforward.k8s.io"), as newer kubectl sends it.
class WebSocketTunnel final : public Duplex {
 public:
  explicit WebSocketTunnel(Duplex& wire) : wire_(wire) {}
  int fd() const override { return wire_.fd(); }
  std::optional<std::string> Read() override;
  bool Write(std::string_view bytes) override { return wire_.Write(WebSocketMessage(bytes)); }

 private:
  Duplex& wire_;
  WebSocketReader reader_;
};

}  // namespace rha::local::stream
