// exec, attach and portforward of a pod: requests that go on as WebSocket or SPDY/3.1.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/unique_fd.h"
#include "common/net/socket.h"
#include "local/api_server/api.h"
#include "local/api_server/limits.h"
#include "local/object/json.h"
#include "local/stream/websocket.h"

namespace rha::local::api_server {

using object::Json;
using object::Str;

namespace {

constexpr const char* kWebSocket = "websocket";
constexpr const char* kSpdy = "spdy/3.1";

// 101 with the best protocol that both ends know.
object::Answer<Response> Accept(const Request& request, std::vector<std::string> known) {
  if (request.upgrade != kWebSocket && request.upgrade != kSpdy) {
    return object::BadRequest("Upgrade request required");
  }
  const auto agreed = std::find_first_of(request.protocols.begin(), request.protocols.end(),
                                         known.begin(), known.end());
  if (agreed == request.protocols.end()) {
    return object::BadRequest("none of the offered protocols is known; this server speaks " +
                              known.front());
  }
  Response response;
  response.status = 101;
  response.headers = {{"Connection", "Upgrade"}};
  if (request.upgrade == kSpdy) {
    response.headers.emplace_back("Upgrade", "SPDY/3.1");
    response.headers.emplace_back("X-Stream-Protocol-Version", *agreed);
  } else {
    response.headers.emplace_back("Upgrade", "websocket");
    response.headers.emplace_back("Sec-WebSocket-Accept",
                                  stream::WebSocketAccept(request.websocket_key));
    response.headers.emplace_back("Sec-WebSocket-Protocol", *agreed);
  }
  return response;
}

object::Answer<Response> AcceptChannels(const Request& request) {
  return Accept(request, request.upgrade == kSpdy
                             ? std::vector<std::string>{"v4.channel.k8s.io"}
                             : std::vector<std::string>{"v5.channel.k8s.io", "v4.channel.k8s.io"});
}

std::unique_ptr<stream::Channels> ChannelsOf(const std::string& upgrade,
                                             const stream::ExecOptions& options) {
  return upgrade == kSpdy ? stream::SpdyChannels(options) : stream::WebSocketChannels();
}

stream::ExecOptions OptionsOf(const Request& request) {
  stream::ExecOptions options{request.QueryFlag("stdin"), request.QueryFlag("stdout"),
                              request.QueryFlag("stderr"), request.QueryFlag("tty")};
  if (options.tty) options.err = false;  // a terminal has one output
  return options;
}

// What is behind `offset` in the file; moves it on.
std::string ReadOn(int fd, off_t* offset) {
  std::string chunk(kLogChunkBytes, '\0');
  const ssize_t count = ::pread(fd, chunk.data(), chunk.size(), *offset);
  chunk.resize(count > 0 ? static_cast<size_t>(count) : 0);
  *offset += static_cast<off_t>(chunk.size());
  return chunk;
}

Result<UniqueFd> Dial(const std::string& ip, uint16_t port) {
  RHA_ASSIGN_OR_RETURN(UniqueFd socket, net::ConnectTcp({ip, port}));
  pollfd waiting{socket.get(), POLLOUT, 0};
  if (::poll(&waiting, 1, kDialMillisMax) != 1) {
    return Status(Code::kUnavailable, "connect to " + ip + ": timed out");
  }
  RHA_RETURN_IF_ERROR(net::ConnectResult(socket.get()));
  return socket;
}

}  // namespace

Response Api::HandleExec(const Call& call) const {
  auto pod = registry_.Get(call.place);
  if (!pod.ok()) return ErrorResponse(pod.error());
  auto container = ContainerOf(call.request, **pod);
  if (!container.ok()) return ErrorResponse(container.error());
  std::vector<std::string> argv;
  const auto [begin, end] = call.request.query.equal_range("command");
  for (auto it = begin; it != end; ++it) argv.push_back(it->second);
  const stream::ExecOptions options = OptionsOf(call.request);
  if (argv.empty()) return ErrorResponse(object::BadRequest("you must specify a command"));
  if (!options.in && !options.out && !options.err) {
    return ErrorResponse(
        object::BadRequest("you must specify at least 1 of stdin, stdout, stderr"));
  }
  auto accepted = AcceptChannels(call.request);
  if (!accepted.ok()) return ErrorResponse(accepted.error());
  accepted->upgraded = [&start_exec = start_exec_, upgrade = call.request.upgrade, options, argv,
                        uid = object::Uid(**pod), name = *container](stream::Duplex& wire) {
    const auto channels = ChannelsOf(upgrade, options);
    stream::RunExec(wire, *channels, [&] { return start_exec(uid, name, argv, options); });
  };
  return *std::move(accepted);
}

// Containers have no input and write to their log, so what is attached is the log from now on.
Response Api::HandleAttach(const Call& call) const {
  auto pod = registry_.Get(call.place);
  if (!pod.ok()) return ErrorResponse(pod.error());
  auto container = ContainerOf(call.request, **pod);
  if (!container.ok()) return ErrorResponse(container.error());
  const Json* status = ContainerStatus(**pod, *container);
  if (status == nullptr || object::Find(*status, {"state", "running"}) == nullptr) {
    return ErrorResponse(object::BadRequest("container " + *container + " is not running"));
  }
  const int64_t attempt = object::Int(*status, {"restartCount"});
  const std::string path = log_file_(object::Uid(**pod), *container, attempt);
  const auto file = std::make_shared<UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->valid()) return ErrorResponse(object::Internal("open the container's log"));
  auto accepted = AcceptChannels(call.request);
  if (!accepted.ok()) return ErrorResponse(accepted.error());
  struct stat about {};
  ::fstat(file->get(), &about);
  const auto over = RunIsOver(call.place, *container, attempt);
  accepted->upgraded = [upgrade = call.request.upgrade, options = OptionsOf(call.request), file,
                        offset = about.st_size, over](stream::Duplex& wire) {
    const auto channels = ChannelsOf(upgrade, options);
    off_t at = offset;
    stream::RunAttach(wire, *channels, [&]() -> std::optional<std::string> {
      const bool last = over();  // looked at before reading, so that nothing is missed
      std::string more = ReadOn(file->get(), &at);
      if (more.empty() && last) return std::nullopt;
      return more;
    });
  };
  return *std::move(accepted);
}

Response Api::HandlePortForward(const Call& call) const {
  auto pod = registry_.Get(call.place);
  if (!pod.ok()) return ErrorResponse(pod.error());
  const std::string ip = Str(**pod, {"status", "podIP"});
  if (ip.empty() || Str(**pod, {"status", "phase"}) != "Running") {
    return ErrorResponse(object::BadRequest("pod " + call.target.name + " is not running"));
  }
  const bool tunnel = call.request.upgrade == kWebSocket;
  auto accepted =
      Accept(call.request, {tunnel ? "SPDY/3.1+portforward.k8s.io" : "portforward.k8s.io"});
  if (!accepted.ok()) return ErrorResponse(accepted.error());
  accepted->upgraded = [tunnel, ip](stream::Duplex& wire) {
    const auto dial = [&ip](uint16_t port) { return Dial(ip, port); };
    if (!tunnel) return stream::RunForward(wire, dial);
    stream::WebSocketTunnel inner(wire);
    stream::RunForward(inner, dial);
  };
  return *std::move(accepted);
}

}  // namespace rha::local::api_server
