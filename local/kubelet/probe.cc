#include "local/kubelet/probe.h"

#include <signal.h>
#include <sys/socket.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "local/kubelet/container_init.h"
#include "local/kubelet/limits.h"
#include "local/object/json.h"

namespace rha::local::kubelet {

using object::Find;
using object::Int;
using object::Json;
using object::Str;

namespace {

uint16_t PortOf(const Json& container, const Json& action) {
  const Json* port = Find(action, {"port"});
  if (port == nullptr) return 0;
  if (port->is_number()) return static_cast<uint16_t>(port->get<int64_t>());
  for (const auto& each : object::Items(container, {"ports"})) {
    if (port->is_string() && Str(each, {"name"}) == port->get<std::string>()) {
      return static_cast<uint16_t>(Int(each, {"containerPort"}));
    }
  }
  return 0;
}

}  // namespace

ProbeSpec MakeProbeSpec(const Json& container, const Json& probe, const std::string& ip) {
  ProbeSpec spec;
  spec.initial_delay_ms = Int(probe, {"initialDelaySeconds"}) * 1000;
  spec.period_ms = std::max<int64_t>(1, Int(probe, {"periodSeconds"}, 10)) * 1000;
  spec.timeout_ms = std::max<int64_t>(1, Int(probe, {"timeoutSeconds"}, 1)) * 1000;
  spec.success_threshold = static_cast<int>(Int(probe, {"successThreshold"}, 1));
  spec.failure_threshold = static_cast<int>(Int(probe, {"failureThreshold"}, 3));
  if (Find(probe, {"exec"}) != nullptr) {
    spec.kind = ProbeSpec::Kind::kExec;
    return spec;
  }
  const Json* http = Find(probe, {"httpGet"});
  const Json& action = object::Map(probe, {http != nullptr ? "httpGet" : "tcpSocket"});
  spec.to = {Str(action, {"host"}, ip), PortOf(container, action)};
  // Of an HTTPS endpoint only the connection is tried: no certificate would be checked anyway.
  if (http == nullptr || Str(action, {"scheme"}) == "HTTPS") return spec;
  spec.kind = ProbeSpec::Kind::kHttp;
  spec.path = Str(action, {"path"}, "/");
  for (const auto& header : object::Items(action, {"httpHeaders"})) {
    spec.headers += Str(header, {"name"}) + ": " + Str(header, {"value"}) + "\r\n";
  }
  return spec;
}

Prober::Prober(Target target, ProbeSpec spec, Callback callback)
    : target_(std::move(target)),
      spec_(std::move(spec)),
      callback_(std::move(callback)),
      counter_(spec_.success_threshold, spec_.failure_threshold),
      socket_watch_(
          [](void* self, uint32_t events) { static_cast<Prober*>(self)->OnSocket(events); }, this),
      exit_watch_([](void* self, uint32_t) { static_cast<Prober*>(self)->OnExit(); }, this) {
  next_timer_ = target_.reactor.After(Millis(spec_.initial_delay_ms), [this] { Begin(); });
}

Prober::~Prober() {
  target_.reactor.Cancel(next_timer_);
  target_.reactor.Cancel(timeout_timer_);
  if (child_.pid_fd.valid()) {
    Signal(child_, SIGKILL);
    Reap(child_);
  }
}

void Prober::Begin() {
  timeout_timer_ = target_.reactor.After(Millis(spec_.timeout_ms), [this] {
    Finish(false, "probe timed out after " + std::to_string(spec_.timeout_ms / 1000) + "s");
  });
  if (spec_.kind == ProbeSpec::Kind::kExec) {
    BeginExec();
  } else {
    BeginConnect();
  }
}

void Prober::BeginConnect() {
  connected_ = false;
  answer_.clear();
  auto socket = net::ConnectTcp(spec_.to);
  if (!socket.ok()) return Finish(false, socket.status().message());
  socket_ = *std::move(socket);
  const Status watched = target_.reactor.Attach(socket_watch_, socket_.get(), EPOLLOUT);
  if (!watched.ok()) Finish(false, watched.message());
}

void Prober::OnSocket(uint32_t /*events*/) {
  if (connected_) return ReadAnswer();
  const Status outcome = net::ConnectResult(socket_.get());
  if (!outcome.ok()) {
    return Finish(false, "dial tcp " + spec_.to.ToString() + ": " + outcome.message());
  }
  if (spec_.kind == ProbeSpec::Kind::kTcp) return Finish(true, "");
  connected_ = true;
  const std::string request = "GET " + spec_.path + " HTTP/1.1\r\nHost: " + spec_.to.ToString() +
                              "\r\nUser-Agent: kube-probe/1.34\r\nAccept: */*\r\n" + spec_.headers +
                              "Connection: close\r\n\r\n";
  if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return Finish(false, "could not send the request");
  }
  target_.reactor.SetEvents(socket_watch_, EPOLLIN);
}

// Only the status line matters: "HTTP/1.1 200 OK".
void Prober::ReadAnswer() {
  char chunk[1024];
  const ssize_t count = ::recv(socket_.get(), chunk, sizeof chunk, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) answer_.append(chunk, static_cast<size_t>(count));
  const size_t end = answer_.find("\r\n");
  if (end == std::string::npos) {
    if (count <= 0 || answer_.size() > kProbeAnswerBytesMax)
      Finish(false, "malformed HTTP response");
    return;
  }
  int code = 0;
  const size_t space = answer_.find(' ');
  if (space != std::string::npos && space + 4 <= end) {
    std::from_chars(answer_.data() + space + 1, answer_.data() + space + 4, code);
  }
  Finish(code >= 200 && code < 400, "HTTP probe failed with statuscode: " + std::to_string(code));
}

void Prober::BeginExec() {
  auto child = Spawn({target_.program, kContainerExecVerb, target_.exec_spec, -1, false});
  if (!child.ok()) return Finish(false, child.status().message());
  child_ = *std::move(child);
  const Status watched = target_.reactor.Attach(exit_watch_, child_.pid_fd.get(), EPOLLIN);
  if (!watched.ok()) Finish(false, watched.message());
}

void Prober::OnExit() {
  target_.reactor.Detach(exit_watch_);
  const Exit exit = Reap(child_);
  child_ = {};
  Finish(exit.code == 0, "command exited with code " + std::to_string(exit.code));
}

void Prober::Finish(bool success, const std::string& message) {
  target_.reactor.Cancel(timeout_timer_);
  if (socket_watch_.attached()) target_.reactor.Detach(socket_watch_);
  socket_.Reset();
  if (child_.pid_fd.valid()) {
    if (exit_watch_.attached()) target_.reactor.Detach(exit_watch_);
    Signal(child_, SIGKILL);
    Reap(child_);
    child_ = {};
  }
  next_timer_ = target_.reactor.After(Millis(spec_.period_ms), [this] { Begin(); });
  const auto verdict = counter_.Count(success);
  callback_(success, verdict, message);  // may destroy this
}

}  // namespace rha::local::kubelet
