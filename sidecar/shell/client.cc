#include "sidecar/shell/client.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

Client::Client(net::Reactor& reactor, UniqueFd fd, uint64_t id, const Handlers& handlers)
    : reactor_(reactor),
      fd_(std::move(fd)),
      id_(id),
      handlers_(handlers),
      watch_(&Client::OnEvents, this),
      since_(reactor.Now()),
      heard_(since_),
      writer_(&output_) {
  parser_.set_bulk_bytes_max(kClientBulkBytesMax);
}

Status Client::Attach(int keepalive_seconds) {
  net::SetNoDelay(fd_.get());
  if (keepalive_seconds > 0) net::SetKeepAlive(fd_.get(), keepalive_seconds);
  const auto peer = net::PeerEndpoint(fd_.get());
  const auto local = net::LocalEndpoint(fd_.get());
  if (peer.ok()) peer_ = peer->ToString();
  if (local.ok()) local_ = local->ToString();
  return reactor_.Attach(watch_, fd_.get(), EPOLLIN);
}

void Client::SetRights(Rights rights) {
  rights_ = rights;
  parser_.set_unauthenticated(rights == Rights::kNothing);
}

void Client::OnEvents(void* self_pointer, uint32_t events) {
  auto* self = static_cast<Client*>(self_pointer);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) self->ReadSome();
  if (!self->closed() && (events & EPOLLOUT)) self->Flush();
  if (self->closed() || !self->paused_ || self->Owed() > 0) return;
  self->paused_ = false;
  self->HandleInput();
}

void Client::ReadSome() {
  char buffer[kReadBytes];
  const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
  ++handlers_.traffic->reads;
  if (got > 0) {
    handlers_.traffic->read_bytes += static_cast<uint64_t>(got);
    heard_ = reactor_.Now();
    input_.append(buffer, static_cast<size_t>(got));
    HandleInput();
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    Close();
  }
}

// True: no further request is handled before what was answered has been read.
bool Client::PauseIfOwing() {
  const bool stranger = rights_ == Rights::kNothing;
  if (Owed() <= (stranger ? kStrangerOutputBytesMax : kClientOutputPauseBytes)) return false;
  paused_ = true;  // for the events that Flush asks for
  Flush();
  if (!closed() && stranger && Owed() > kStrangerOutputBytesMax) Close();
  paused_ = !closed() && Owed() > 0;
  return paused_;
}

void Client::HandleInput() {
  if (handling_) return;
  handling_ = true;
  paused_ = false;
  size_t used = 0;
  while (!closed() && !waiting_ && !closing_ && used < input_.size()) {
    if (PauseIfOwing() || closed()) break;
    const auto outcome = parser_.Parse(std::string_view(input_).substr(used));
    if (outcome == resp::Outcome::kMore) break;
    if (outcome == resp::Outcome::kError) {
      writer_.Error("ERR " + parser_.error());
      closing_ = true;
      break;
    }
    const size_t consumed = parser_.consumed();
    if (!parser_.args().empty()) handlers_.on_request(*this, parser_.args());
    used += consumed;
  }
  handling_ = false;
  if (closed()) return;
  input_.erase(0, used);
  if (input_.empty() && input_.capacity() > kReadBytes) input_ = std::string();
  parser_.Trim();
  const bool stranger = rights_ == Rights::kNothing;
  if (input_.size() > (stranger ? kStrangerInputBytesMax : kClientInputBytesMax)) {
    writer_.Error("ERR Protocol error: too much input");
    closing_ = true;
    waiting_ = false;  // for nothing any more
  }
  if (!paused_) Flush();
}

void Client::Resume() {
  waiting_ = false;
  HandleInput();
}

void Client::Flush() {
  if (closed()) return;
  std::string_view piece;
  while (output_.Pieces({&piece, 1}) != 0) {
    const ssize_t sent = ::send(fd_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    ++handlers_.traffic->writes;
    if (sent > 0) {
      handlers_.traffic->written_bytes += static_cast<uint64_t>(sent);
      output_.Consume(static_cast<size_t>(sent));
    } else if (errno == EAGAIN && output_.held_bytes() <= kClientOutputBytesMax) {
      reactor_.SetEvents(watch_, closing_ || paused_ ? EPOLLOUT : EPOLLIN | EPOLLOUT);
      return;
    } else if (errno != EINTR) {
      Close();
      return;
    }
  }
  if (closing_ && !waiting_) {
    Close();
  } else if (watch_.events() & EPOLLOUT) {
    reactor_.SetEvents(watch_, EPOLLIN);
  }
}

void Client::Close() {
  if (closed()) return;
  reactor_.Detach(watch_);
  fd_.Reset();
  handlers_.on_closed(*this);
}

std::string Client::Line() const {
  const auto number = [](auto value) { return std::to_string(value); };
  const auto seconds_since = [&](MonoTime time) {
    return number(std::chrono::duration_cast<std::chrono::seconds>(reactor_.Now() - time).count());
  };
  std::string line = "id=" + number(id_) + " addr=" + peer_ + " laddr=" + local_;
  line += " fd=" + number(fd_.get()) + " name=" + name;
  line += " age=" + seconds_since(since_) + " idle=" + seconds_since(heard_);
  line += std::string(" flags=") + (subscribed() ? "P" : "N") + " db=0";
  line += " sub=" + number(channels.size()) + " psub=" + number(patterns.size());
  line += " ssub=0 multi=-1 qbuf=" + number(input_.size());
  line += " qbuf-free=" + number(input_.capacity() - input_.size());
  line += " argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=" + number(output_.front().size());
  line += " oll=" + number(output_.empty() ? 0 : output_.chunks() - 1);
  line += " omem=" + number(output_.held_bytes());
  line += " tot-mem=" + number(sizeof *this + input_.capacity() + output_.held_bytes());
  line += " events=r cmd=" + last_command + " user=" + who.user;
  line += " redir=-1 resp=" + number(protocol());
  line += " lib-name=" + lib_name + " lib-ver=" + lib_version;
  return line;
}

}  // namespace rha::sidecar::shell
