#include "local/proxy/forwarder.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "local/proxy/limits.h"

namespace rha::local::proxy {

// Bytes in both directions between a client and an endpoint. A side that has ended is shut down on
// the other, so half-closed connections work.
class Forwarder::Connection {
 public:
  Connection(Forwarder& owner, UniqueFd client, net::Endpoint to)
      : owner_(owner),
        to_(std::move(to)),
        client_{std::move(client),
                {},
                false,
                false,
                net::IoWatch([](void* s, uint32_t e) { static_cast<Connection*>(s)->OnClient(e); },
                             this)},
        server_{{},
                {},
                false,
                false,
                net::IoWatch([](void* s, uint32_t e) { static_cast<Connection*>(s)->OnServer(e); },
                             this)} {}

  Status Start() {
    RHA_ASSIGN_OR_RETURN(server_.fd, net::ConnectTcp(to_));
    net::SetNoDelay(client_.fd.get());
    net::SetNoDelay(server_.fd.get());
    RHA_RETURN_IF_ERROR(owner_.reactor_.Attach(server_.watch, server_.fd.get(), EPOLLOUT));
    return owner_.reactor_.Attach(client_.watch, client_.fd.get(), 0);
  }
  const net::Endpoint& to() const { return to_; }

 private:
  struct Side {
    UniqueFd fd;
    std::string out;     // waits to be written to this side
    bool ended = false;  // nothing more comes from it
    bool shut = false;   // nothing more goes to it
    net::IoWatch watch;
  };

  void OnClient(uint32_t events) { On(client_, server_, events); }
  void OnServer(uint32_t events) {
    if (!connected_) {
      if (!net::ConnectResult(server_.fd.get()).ok()) return owner_.Drop(this);
      connected_ = true;
      return SetInterest();
    }
    On(server_, client_, events);
  }

  void On(Side& side, Side& other, uint32_t events) {
    if (!connected_) return owner_.Drop(this);  // the client left while we connect
    bool good = true;
    if ((events & EPOLLOUT) != 0) good = Flush(side);
    if (good && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) good = Pump(side, other);
    if (!good || (side.ended && other.ended && side.out.empty() && other.out.empty())) {
      return owner_.Drop(this);
    }
    SetInterest();
  }

  bool Pump(Side& from, Side& to) {
    char chunk[kBufferBytes];
    const ssize_t count = ::recv(from.fd.get(), chunk, sizeof chunk, 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) {
      from.ended = true;
    } else {
      to.out.append(chunk, static_cast<size_t>(count));
    }
    return Flush(to);
  }

  bool Flush(Side& side) {
    while (!side.out.empty()) {
      const ssize_t count = ::send(side.fd.get(), side.out.data(), side.out.size(), MSG_NOSIGNAL);
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      side.out.erase(0, static_cast<size_t>(count));
    }
    const Side& other = &side == &client_ ? server_ : client_;
    if (other.ended && !side.shut) {
      side.shut = true;
      ::shutdown(side.fd.get(), SHUT_WR);
    }
    return true;
  }

  // Reads from a side only while the other takes what comes.
  void SetInterest() {
    const auto wanted = [](const Side& side, const Side& other) {
      const bool read = !side.ended && other.out.size() < kBufferBytes;
      return (read ? static_cast<uint32_t>(EPOLLIN) : 0u) |
             (side.out.empty() ? 0u : static_cast<uint32_t>(EPOLLOUT));
    };
    owner_.reactor_.SetEvents(client_.watch, wanted(client_, server_));
    owner_.reactor_.SetEvents(server_.watch, wanted(server_, client_));
  }

  Forwarder& owner_;
  net::Endpoint to_;
  bool connected_ = false;
  Side client_, server_;
};

Forwarder::Forwarder(net::Reactor& reactor, net::Endpoint at)
    : reactor_(reactor),
      at_(std::move(at)),
      watch_([](void* self, uint32_t) { static_cast<Forwarder*>(self)->OnAccept(); }, this) {}

Forwarder::~Forwarder() = default;

Status Forwarder::Listen() {
  RHA_ASSIGN_OR_RETURN(listener_, net::ListenTcp(at_.host, at_.port));
  return reactor_.Attach(watch_, listener_.get(), EPOLLIN);
}

void Forwarder::SetTargets(std::vector<net::Endpoint> targets) {
  targets_ = std::move(targets);
  std::vector<Connection*> stale;
  for (const auto& connection : connections_) {
    if (std::find(targets_.begin(), targets_.end(), connection->to()) == targets_.end()) {
      stale.push_back(connection.get());
    }
  }
  for (Connection* connection : stale) Drop(connection);
}

void Forwarder::OnAccept() {
  auto accepted = net::Accept(listener_.get());
  // No endpoint is ready: the connection is closed at once, as a refusal would be.
  if (!accepted.ok() || !accepted->valid() || targets_.empty()) return;
  if (connections_.size() >= kConnectionsMax) return;
  const net::Endpoint& to = targets_[next_++ % targets_.size()];
  connections_.push_back(std::make_unique<Connection>(*this, *std::move(accepted), to));
  Connection* connection = connections_.back().get();
  if (!connection->Start().ok()) Drop(connection);
}

void Forwarder::Drop(Connection* connection) {
  connections_.remove_if([&](const auto& each) { return each.get() == connection; });
}

}  // namespace rha::local::proxy
