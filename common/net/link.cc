#include "common/net/link.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <iterator>

#include "common/base/check.h"
#include "common/resp/writer.h"

namespace rha::net {
namespace {

constexpr size_t kReadBytes = 64 * 1024;
// What is read of somebody who has not proved himself.
constexpr size_t kUnprovenReplyBytesMax = 4096;

// RESP2 tells a pub/sub message from a reply only by its first word.
bool IsPubSubMessage(const resp::Value& value) {
  if (value.type == resp::Value::Type::kPush) return true;
  if (value.type != resp::Value::Type::kArray || value.items.size() < 3) return false;
  if (!value.items[0].is_string()) return false;
  const std::string& kind = value.items[0].text;
  return kind == "message" || kind == "pmessage" || kind == "subscribe" || kind == "psubscribe" ||
         kind == "unsubscribe" || kind == "punsubscribe";
}

LinkEnd EndOfConnectError(int error_number) {
  return error_number == ECONNREFUSED || error_number == ENOENT ? LinkEnd::kRefused
                                                                : LinkEnd::kUnreachable;
}

}  // namespace

const char* LinkEndName(LinkEnd end) {
  switch (end) {
    case LinkEnd::kRefused:
      return "refused";
    case LinkEnd::kUnreachable:
      return "unreachable";
    case LinkEnd::kDenied:
      return "denied";
    case LinkEnd::kUnproven:
      return "unproven";
    case LinkEnd::kClosedByPeer:
      return "closed by peer";
    case LinkEnd::kTimeout:
      return "timeout";
    case LinkEnd::kProtocolError:
      return "protocol error";
    case LinkEnd::kClosedByUs:
      return "closed";
  }
  return "unknown";
}

Link::Link(Reactor& reactor, LinkOptions options, LinkHandlers handlers)
    : reactor_(reactor),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      watch_(&Link::OnEvents, this) {}

Link::~Link() {
  reactor_.Cancel(connect_timer_);
  reactor_.Cancel(reply_timer_);
}

void Link::Open() {
  RHA_CHECK(state_ == State::kClosed);
  state_ = State::kConnecting;
  generation_ = std::make_shared<char>();
  proved_ = false;
  parser_ = resp::ReplyParser(options_.proof ? kUnprovenReplyBytesMax : options_.reply_bytes_max);
  errno = 0;
  auto fd = options_.unix_path.empty() ? ConnectTcp(options_.to, options_.source_ip)
                                       : ConnectUnix(options_.unix_path);
  if (!fd.ok()) {
    FailLater(EndOfConnectError(errno), fd.status().message());
    return;
  }
  fd_ = std::move(*fd);
  if (options_.unix_path.empty()) SetNoDelay(fd_.get());
  if (const Status attached = reactor_.Attach(watch_, fd_.get(), EPOLLOUT); !attached.ok()) {
    FailLater(LinkEnd::kUnreachable, attached.message());
    return;
  }
  connect_timer_ = reactor_.After(options_.connect_timeout, [this] {
    connect_timer_ = 0;
    End(LinkEnd::kTimeout, "no connection within the time allowed");
  });
  Introduce();
}

void Link::FailLater(LinkEnd end, std::string why) {
  // Through a timer, so that no owner is called back from inside its own Open().
  connect_timer_ = reactor_.After(Millis(0), [this, end, why = std::move(why)] {
    connect_timer_ = 0;
    End(end, why);
  });
}

void Link::Introduce() {
  auth_refusal_.clear();
  name_waits_ = false;
  if (options_.proof) return SayHello();
  OnReply on_auth = [this](const resp::Value* reply) {
    if (reply) OnAuthReply(*reply);
  };
  if (!options_.password.empty()) {
    if (options_.username.empty()) {
      Send({"AUTH", options_.password}, std::move(on_auth));
    } else {
      Send({"AUTH", options_.username, options_.password}, std::move(on_auth));
    }
  }
  SayName();
}

void Link::SayName() {
  if (options_.client_name.empty()) return;
  // The last request of the introduction opens the link, whatever its answer: CLIENT SETNAME may be
  // forbidden by an ACL, and servers older than 2.6.9 do not know it.
  const std::string_view args[] = {"CLIENT", "SETNAME", options_.client_name};
  SendNow(args, [this](const resp::Value* reply) {
    if (!reply) return;
    // ... but where a password is asked for that we do not have, nothing else is answered either.
    if (reply->is_error() && reply->text.starts_with("NOAUTH")) {
      return End(LinkEnd::kDenied, auth_refusal_.empty() ? reply->text : auth_refusal_);
    }
    name_waits_ = reply->is_error() && reply->text.starts_with("BUSY");
    BecomeOpen();
  });
}

void Link::SayNameAgain() {
  if (std::exchange(name_waits_, false)) Send({"CLIENT", "SETNAME", options_.client_name});
}

void Link::SayHello() {
  const std::string address =
      options_.unix_path.empty() ? Plain(options_.to).ToString() : trust::kUnixSocketAddress;
  initiator_.emplace(options_.proof->self, trust::Dialled{address, options_.proof->expected},
                     trust::NewNonce());
  const trust::Words words = initiator_->Hello();
  const std::vector<std::string_view> args(words.begin(), words.end());
  SendNow(args, [this](const resp::Value* reply) {
    if (reply) OnHelloReply(*reply);
  });
}

void Link::OnHelloReply(const resp::Value& reply) {
  if (reply.is_error()) return End(LinkEnd::kUnproven, reply.text);
  trust::Words answer;
  for (const resp::Value& item : reply.items) answer.push_back(item.text);
  const auto words = initiator_->OnHelloReply(options_.proof->keys, answer);
  if (!words.ok()) return End(LinkEnd::kUnproven, words.status().message());
  const std::vector<std::string_view> args(words->begin(), words->end());
  SendNow(args, [this](const resp::Value* prove_reply) {
    if (prove_reply) OnProveReply(*prove_reply);
  });
}

void Link::OnProveReply(const resp::Value& reply) {
  if (reply.is_error()) return End(LinkEnd::kUnproven, reply.text);
  proved_ = true;
  parser_ = resp::ReplyParser(options_.reply_bytes_max);
  SayName();
  if (pending_.empty()) last_progress_ = reactor_.Now();
  std::move(early_pending_.begin(), early_pending_.end(), std::back_inserter(pending_));
  early_pending_.clear();
  output_ += early_output_;
  early_output_.clear();
  if (!pending_.empty()) ArmReplyTimer();
  Flush();
  if (options_.client_name.empty()) BecomeOpen();
}

void Link::OnAuthReply(const resp::Value& reply) {
  // A server without a password is as good as one that took ours.
  const bool no_password_there = reply.text.find("without any password") != std::string::npos ||
                                 reply.text.find("no password is set") != std::string::npos;
  const bool refused = reply.is_error() && !no_password_there;
  if (refused) auth_refusal_ = reply.text;
  // Where nobody need say a password, who said a wrong one is the default user still: the next
  // answer tells.
  if (!options_.client_name.empty()) return;
  refused ? End(LinkEnd::kDenied, auth_refusal_) : BecomeOpen();
}

void Link::BecomeOpen() {
  reactor_.Cancel(connect_timer_);
  connect_timer_ = 0;
  state_ = State::kOpen;
  // A copy: the callback may destroy this link and with it the original.
  if (const auto on_open = handlers_.on_open) on_open();
}

void Link::Close() {
  if (state_ != State::kClosed) End(LinkEnd::kClosedByUs, "closed");
}

bool Link::Send(std::initializer_list<std::string_view> args, OnReply on_reply) {
  return Send(resp::Args(args.begin(), args.size()), std::move(on_reply));
}

bool Link::Send(resp::Args args, OnReply on_reply) {
  if (state_ == State::kClosed || pending() >= options_.pending_max) return false;
  if (unproven()) {
    early_pending_.push_back(std::move(on_reply));
    resp::AppendRequest(args, &early_output_);
  } else {
    SendNow(args, std::move(on_reply));
  }
  return true;
}

void Link::SendNow(resp::Args args, OnReply on_reply) {
  if (pending_.empty()) last_progress_ = reactor_.Now();
  pending_.push_back(std::move(on_reply));
  ArmReplyTimer();
  Queue(args);
}

bool Link::Subscribe(std::string_view command, std::string_view channel) {
  if (state_ == State::kClosed) return false;
  const std::string_view args[] = {command, channel};
  unproven() ? resp::AppendRequest(args, &early_output_) : Queue(args);
  return true;
}

void Link::Queue(resp::Args args) {
  resp::AppendRequest(args, &output_);
  if (state_ == State::kOpen || state_ == State::kIntroducing) Flush();
}

void Link::OnEvents(void* self_pointer, uint32_t events) {
  auto* self = static_cast<Link*>(self_pointer);
  if (self->state_ == State::kConnecting) {
    self->OnConnected();
    return;
  }
  const std::weak_ptr<char> alive = self->generation_;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) self->ReadSome();
  if (!alive.expired() && (events & EPOLLOUT)) self->Flush();
}

void Link::OnConnected() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    End(EndOfConnectError(error), std::strerror(error));
    return;
  }
  state_ = State::kIntroducing;
  last_progress_ = reactor_.Now();
  reactor_.SetEvents(watch_, EPOLLIN);
  Flush();
  if (options_.password.empty() && options_.client_name.empty() && !options_.proof) BecomeOpen();
}

void Link::ReadSome() {
  char buffer[kReadBytes];
  const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
  if (got > 0) {
    last_progress_ = reactor_.Now();
    input_.append(buffer, static_cast<size_t>(got));
    HandleInput();
    return;
  }
  if (got == 0) {
    End(LinkEnd::kClosedByPeer, "closed by peer");
  } else if (errno != EAGAIN && errno != EINTR) {
    End(LinkEnd::kClosedByPeer, std::strerror(errno));
  }
}

void Link::HandleInput() {
  const std::weak_ptr<char> alive = generation_;
  size_t used = 0;
  while (used < input_.size()) {
    const resp::Outcome outcome = parser_.Parse(std::string_view(input_).substr(used));
    if (outcome == resp::Outcome::kMore) break;
    if (outcome == resp::Outcome::kError) {
      End(LinkEnd::kProtocolError, parser_.error());
      return;
    }
    used += parser_.consumed();
    const resp::Value value = std::move(parser_.value());
    Deliver(value);
    if (alive.expired()) return;
  }
  input_.erase(0, used);
}

void Link::Deliver(const resp::Value& value) {
  if (!unproven() && IsPubSubMessage(value)) {
    if (const auto on_message = handlers_.on_message) on_message(value);
    return;
  }
  if (pending_.empty()) {
    End(LinkEnd::kProtocolError, "a reply to nothing that was asked");
    return;
  }
  const OnReply on_reply = std::move(pending_.front());
  pending_.pop_front();
  if (on_reply) on_reply(&value);
}

void Link::Flush() {
  while (output_sent_ < output_.size()) {
    const ssize_t sent = ::send(fd_.get(), output_.data() + output_sent_,
                                output_.size() - output_sent_, MSG_NOSIGNAL);
    if (sent > 0) {
      output_sent_ += static_cast<size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    // A dead peer shows itself to the reader too; ending here would call back from inside Send().
    if (errno == EAGAIN) reactor_.SetEvents(watch_, EPOLLIN | EPOLLOUT);
    return;
  }
  output_.clear();
  output_sent_ = 0;
  if (watch_.events() & EPOLLOUT) reactor_.SetEvents(watch_, EPOLLIN);
}

void Link::End(LinkEnd end, const std::string& why) {
  const std::string reason = why;  // may live in something that ends here
  generation_ = std::make_shared<char>();
  const std::weak_ptr<char> alive = generation_;
  state_ = State::kClosed;
  reactor_.Cancel(connect_timer_);
  reactor_.Cancel(reply_timer_);
  connect_timer_ = reply_timer_ = 0;
  if (watch_.attached()) reactor_.Detach(watch_);
  fd_.Reset();
  input_.clear();
  output_.clear();
  output_sent_ = 0;
  early_output_.clear();
  proved_ = false;
  std::deque<OnReply> unanswered;
  unanswered.swap(pending_);
  std::move(early_pending_.begin(), early_pending_.end(), std::back_inserter(unanswered));
  early_pending_.clear();
  for (const OnReply& on_reply : unanswered) {
    if (on_reply) on_reply(nullptr);
    if (alive.expired()) return;
  }
  if (const auto on_close = handlers_.on_close) on_close(end, reason);
}

void Link::ArmReplyTimer() {
  if (options_.reply_timeout == Millis(0) || reply_timer_ != 0) return;
  reply_timer_ = reactor_.After(options_.reply_timeout, [this] { OnReplyTimer(); });
}

void Link::OnReplyTimer() {
  reply_timer_ = 0;
  if (pending_.empty()) return;
  const auto silent = reactor_.Now() - last_progress_;
  if (silent >= options_.reply_timeout) {
    End(LinkEnd::kTimeout, "no reply within the time allowed");
    return;
  }
  const auto left = std::chrono::ceil<Millis>(options_.reply_timeout - silent);
  reply_timer_ = reactor_.After(left, [this] { OnReplyTimer(); });
}

}  // namespace rha::net
