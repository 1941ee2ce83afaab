#include "node/repl/primary_link.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "node/repl/limits.h"

namespace rha::node::repl {

PrimaryLink::PrimaryLink(net::Reactor& reactor, LinkOwner& owner, uint64_t& received)
    : reactor_(reactor),
      owner_(owner),
      received_(received),
      watch_([](void* self, uint32_t events) { static_cast<PrimaryLink*>(self)->OnEvents(events); },
             this),
      read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBytes)),
      heard_at_(reactor.Now()) {}

Status PrimaryLink::Connect(const net::Endpoint& to, const std::string& source_ip) {
  to_ = to;
  heard_at_ = reactor_.Now();
  RHA_ASSIGN_OR_RETURN(fd_, net::ConnectTcp(to, source_ip));
  return reactor_.Attach(watch_, fd_.get(), EPOLLOUT);
}

PrimaryLink::~PrimaryLink() { reactor_.Cancel(rest_); }

void PrimaryLink::End(const std::string& why) {
  reactor_.Detach(watch_);
  owner_.OnLinkEnded(why);
}

void PrimaryLink::OnEvents(uint32_t events) {
  if (connecting_) return OnConnectDone();
  if ((events & EPOLLOUT) != 0) Flush();
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    if (paused_) return End("the primary closed the connection");
    EndRest();
  }
  if ((events & ~EPOLLOUT) != 0 && !paused_) Read();
}

void PrimaryLink::Read() {
  const std::weak_ptr<char> alive = alive_;
  const auto goes_on = [&] { return !alive.expired() && !paused_ && watch_.attached(); };
  for (int i = 0; i < kReadsPerTurnMax; ++i) {
    const bool more = ReadSome();
    if (!goes_on()) return;
    if (!more) return Rest(owner_.OnLinkDrained());
  }
}

void PrimaryLink::ReadRest() {
  const std::weak_ptr<char> alive = alive_;
  int waiting = 0;
  if (::ioctl(fd_.get(), FIONREAD, &waiting) != 0) return;
  // Not until nothing comes: the primary may still write.
  for (auto left = static_cast<int64_t>(waiting); left > 0; left -= kReadBytes) {
    if (!ReadSome() || alive.expired()) return;
  }
}

void PrimaryLink::HangUp() {
  reactor_.Detach(watch_);
  EndRest();
  ::shutdown(fd_.get(), SHUT_WR);
}

void PrimaryLink::Rest(std::chrono::microseconds time) {
  if (time.count() == 0 || rest_ != 0) return;
  rest_ = reactor_.After(time, [this] { EndRest(); });
  UpdateInterest();
}

void PrimaryLink::EndRest() {
  if (rest_ == 0) return;
  reactor_.Cancel(std::exchange(rest_, 0));
  UpdateInterest();
}

void PrimaryLink::OnConnectDone() {
  if (const Status connected = net::ConnectResult(fd_.get()); !connected.ok()) {
    return End(connected.message());
  }
  connecting_ = false;
  net::SetNoDelay(fd_.get());
  heard_at_ = reactor_.Now();
  UpdateInterest();
  owner_.OnLinkConnected();
}

// True: there may be more.
bool PrimaryLink::ReadSome() {
  const ssize_t got = ::recv(fd_.get(), read_buffer_.get(), kReadBytes, 0);
  const int error = errno;
  if (got < 0 && (error == EAGAIN || error == EINTR)) return false;
  if (got <= 0) {
    End(got == 0 ? "the primary closed the connection"
                 : std::string("reading from the primary: ") + std::strerror(error));
    return false;
  }
  heard_at_ = reactor_.Now();
  received_ += static_cast<uint64_t>(got);
  if (unpacker_ == nullptr) {
    input_.append(read_buffer_.get(), static_cast<size_t>(got));
  } else {
    packed_.append(read_buffer_.get(), static_cast<size_t>(got));
    if (const Status unpacked = unpacker_->Unpack(&packed_, &input_); !unpacked.ok()) {
      End("the compressed stream is broken: " + unpacked.message());
      return false;
    }
  }
  owner_.OnLinkInput();
  return static_cast<size_t>(got) == kReadBytes;
}

// Damage is met again, and told, by the next read.
void PrimaryLink::Unpack() {
  unpacker_ = std::make_unique<StreamUnpacker>();
  packed_ = std::exchange(input_, {});
  (void)unpacker_->Unpack(&packed_, &input_).ok();
}

void PrimaryLink::Send(std::string_view bytes) {
  if (!watch_.attached()) return;
  output_.append(bytes);
  if (!connecting_) Flush();
}

void PrimaryLink::Flush() {
  while (!output_.empty()) {
    const ssize_t sent = ::send(fd_.get(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // An error is met again, and told, by the next read.
    if (sent < 0) break;
    output_.erase(0, static_cast<size_t>(sent));
  }
  UpdateInterest();
}

void PrimaryLink::UpdateInterest() {
  if (!watch_.attached()) return;
  const bool reads = !paused_ && rest_ == 0;
  reactor_.SetEvents(watch_,
                     (reads ? EPOLLIN : 0u) | EPOLLRDHUP | (output_.empty() ? 0u : EPOLLOUT));
}

void PrimaryLink::Pause() {
  paused_ = true;
  UpdateInterest();
}

void PrimaryLink::Resume() {
  paused_ = false;
  heard_at_ = reactor_.Now();
  if (watch_.attached()) return UpdateInterest();
  if (const Status again = reactor_.Attach(watch_, fd_.get(), EPOLLIN); !again.ok()) {
    owner_.OnLinkEnded(again.message());
  }
}

}  // namespace rha::node::repl
