#include "local/stream/forward_session.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <map>

#include "local/stream/limits.h"
#include "local/stream/spdy.h"

namespace rha::local::stream {
namespace {

// A forwarded connection; both sides end on their own.
struct Forwarded {
  UniqueFd socket;
  std::string pending;  // for the pod
  uint32_t error_stream = 0;
  bool client_ended = false, pod_ended = false;
};

uint16_t PortOf(const std::string& text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : 0;
}

class ForwardSession {
 public:
  ForwardSession(Duplex& wire, const DialPort& dial) : wire_(wire), dial_(dial) {}

  void Run() {
    while (Receive()) {
      bool busy = received_;
      for (auto it = open_.begin(); it != open_.end();) {
        WriteToPod(it->second);
        if (!ReadFromPod(it->first, it->second, &busy)) return;
        const bool over = it->second.client_ended && it->second.pod_ended;
        it = over ? open_.erase(it) : std::next(it);
      }
      if (!busy) Wait();
    }
  }

 private:
  using Event = SpdySession::Event;

  bool Full() const {
    size_t bytes = 0;
    for (const auto& [stream, connection] : open_) bytes += connection.pending.size();
    return bytes >= kPendingBytesMax;
  }

  bool Receive() {
    received_ = false;
    if (Full()) return true;
    const auto bytes = wire_.Read();
    if (!bytes) return false;
    received_ = !bytes->empty();
    std::vector<Event> events;
    const Status fed = session_.Feed(*bytes, events);
    out_ += session_.TakeReplies();
    for (auto& event : events) OnEvent(event);
    const bool written = out_.empty() || wire_.Write(out_);
    out_.clear();
    return written && fed.ok();
  }

  void OnEvent(Event& event) {
    if (event.kind == Event::Kind::kOpen) return OnOpen(event);
    const auto found = open_.find(event.stream);
    if (found == open_.end()) return;
    Forwarded& connection = found->second;
    connection.pending += event.data;
    connection.client_ended = connection.client_ended || event.end;
    if (event.kind == Event::Kind::kReset) open_.erase(found);
  }

  // The error stream comes first, then the data stream with the same request id.
  void OnOpen(const Event& event) {
    const auto header = [&](const char* name) {
      const auto found = event.headers.find(name);
      return found == event.headers.end() ? std::string() : found->second;
    };
    const std::string request = header("requestid");
    if (header("streamtype") == "error") {
      if (error_streams_.size() < kStreamsMax) error_streams_[request] = event.stream;
      return;
    }
    const uint32_t error_stream = std::exchange(error_streams_[request], 0);
    error_streams_.erase(request);
    const std::string port = header("port");
    auto socket = PortOf(port) == 0 ? Result<UniqueFd>(Status(Code::kInvalid, "bad port " + port))
                                    : dial_(PortOf(port));
    if (!socket.ok()) {
      out_ += session_.Data(
          error_stream, "error forwarding port " + port + ": " + socket.status().message(), true);
      out_ += session_.Data(event.stream, {}, true);
      return;
    }
    Forwarded& connection = open_[event.stream];
    connection.socket = *std::move(socket);
    connection.error_stream = error_stream;
    connection.client_ended = event.end;
  }

  static void WriteToPod(Forwarded& connection) {
    while (!connection.pending.empty()) {
      const ssize_t count = ::send(connection.socket.get(), connection.pending.data(),
                                   connection.pending.size(), MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count < 0) connection.pending.clear();  // nobody is there to take it
      if (count > 0) connection.pending.erase(0, static_cast<size_t>(count));
    }
    if (connection.client_ended) ::shutdown(connection.socket.get(), SHUT_WR);
  }

  // False: the client is gone.
  bool ReadFromPod(uint32_t stream, Forwarded& connection, bool* busy) {
    if (connection.pod_ended) return true;
    char chunk[kReadBytes];
    const ssize_t count = ::recv(connection.socket.get(), chunk, sizeof chunk, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    *busy = true;
    if (count > 0) {
      return wire_.Write(session_.Data(stream, {chunk, static_cast<size_t>(count)}, false));
    }
    connection.pod_ended = true;
    return wire_.Write(session_.Data(stream, {}, true) +
                       session_.Data(connection.error_stream, {}, true));
  }

  void Wait() {
    std::vector<pollfd> waiting{{Full() ? -1 : wire_.fd(), POLLIN, 0}};
    for (const auto& [stream, connection] : open_) {
      const int events =
          (connection.pod_ended ? 0 : POLLIN) | (connection.pending.empty() ? 0 : POLLOUT);
      // A hang-up is always reported, so one that has been read is not asked about.
      waiting.push_back(
          {events == 0 ? -1 : connection.socket.get(), static_cast<short>(events), 0});
    }
    ::poll(waiting.data(), waiting.size(), kPollMillis);
  }

  Duplex& wire_;
  const DialPort& dial_;
  SpdySession session_;
  std::map<uint32_t, Forwarded> open_;             // by data stream
  std::map<std::string, uint32_t> error_streams_;  // by request id, until the data stream comes
  std::string out_;
  bool received_ = false;
};

}  // namespace

void RunForward(Duplex& wire, const DialPort& dial) { ForwardSession(wire, dial).Run(); }

// "" only when the wire has nothing more, since a poll of it would not tell.
std::optional<std::string> WebSocketTunnel::Read() {
  std::string inner;
  while (inner.empty()) {
    const auto bytes = wire_.Read();
    if (!bytes) return std::nullopt;
    if (bytes->empty()) break;
    const Status fed = reader_.Feed(*bytes);
    const std::string replies = reader_.TakeReplies();
    if (!replies.empty() && !wire_.Write(replies)) return std::nullopt;
    while (const auto message = reader_.Next()) inner += *message;
    if (inner.empty() && (!fed.ok() || reader_.closed())) return std::nullopt;
  }
  return inner;
}

}  // namespace rha::local::stream
