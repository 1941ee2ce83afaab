#include "node/app/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "common/base/log.h"
#include "common/resp/writer.h"
#include "node/app/limits.h"
#include "node/app/server.h"

namespace rha::node::app {
namespace {

constexpr uint32_t kReading = EPOLLIN | EPOLLRDHUP | EPOLLET;

}  // namespace

Connection::Connection(Server& server, UniqueFd fd)
    : server_(server),
      fd_(std::move(fd)),
      watch_([](void* self, uint32_t events) { static_cast<Connection*>(self)->OnEvents(events); },
             this) {}

Connection::~Connection() {
  if (stream() != nullptr) stream()->OnClosed();
}

Status Connection::Start() {
  last_interaction_ms_ = created_unix_ms;
  return server_.reactor().Attach(watch_, fd_.get(), kReading);
}

void Connection::OnEvents(uint32_t events) {
  if (closing) return;
  if ((events & EPOLLOUT) != 0) WantWrite();
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  const bool all_read = OnReadable();
  // The end of the stream may be behind what was read, and would not be reported again.
  const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (!closing && (!all_read || ends)) server_.reactor().Rearm(watch_);
}

// True: nothing is left to read for now.
bool Connection::OnReadable() {
  // A connection with a partial request reads behind it; others share one buffer.
  const bool own = !input_.empty();
  size_t room = kReadChunkBytes;
  if (own) {
    const size_t wanted = parser_.bytes_wanted();
    const size_t have = input_.size();
    room = std::max(wanted > have ? wanted - have : 0, kReadChunkBytes / 4);
    room = std::min<size_t>(room, kRequestBytesPerTurn);
    // Reserved for the whole value at once, but only as its bytes really come.
    if (input_.capacity() < have + room) input_.reserve(std::max(have + room, have * 2));
    input_.resize(have + room);
  }
  char* buffer = own ? input_.data() + input_.size() - room : server_.read_buffer();
  const ssize_t got = ::recv(fd_.get(), buffer, room, 0);
  if (own) input_.resize(input_.size() - room + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EAGAIN;
  if (got <= 0) {
    Close(CloseMode::kNow);
    return true;
  }
  TakeInput({buffer, static_cast<size_t>(got)}, own);
  return static_cast<size_t>(got) < room;
}

// `bytes` have come; `own`: they stand at the end of input_ already.
void Connection::TakeInput(std::string_view bytes, bool own) {
  last_interaction_ms_ = server_.engine().keyspace().now_ms();
  server_.stats().input_bytes += bytes.size();
  if (stream() != nullptr) stream()->OnInput();
  ++server_.stats().reads;
  if (close_after_reply_) {
    input_.clear();
    return;
  }
  if (blocked != nullptr || in_execute_) {
    if (!own) input_.append(bytes);
  } else if (own) {
    input_.erase(0, ExecuteAll(input_));
  } else {
    const size_t used = ExecuteAll(bytes);
    if (!closing && used < bytes.size()) input_.append(bytes.substr(used));
  }
  if (static_cast<int64_t>(input_.size()) > server_.config().query_buffer_bytes_max) {
    ++server_.stats().query_buffer_limit_disconnections;
    log::Warn("closing client {} that reached the query buffer limit of {} bytes", peer_address,
              server_.config().query_buffer_bytes_max);
    Close(CloseMode::kNow);
  }
}

// The plain requests at the front of `bytes`; returns how many bytes they took.
size_t Connection::ExecuteBatch(std::string_view bytes) {
  dispatch::Engine& engine = server_.engine();
  dispatch::RequestBatch& batch = server_.batch();
  batch.Fill(bytes);
  engine.Prepare(*this, batch);
  engine.BeginBatch();
  in_execute_ = true;
  size_t done = 0;
  for (; done < batch.size() && may_execute(); ++done) {
    const auto executed = engine.Execute(*this, batch.args(done), batch.resolved(done));
    if (executed == dispatch::Executed::kNotNow) break;
  }
  in_execute_ = false;
  engine.EndBatch();
  return done == 0 ? 0 : batch.end(done - 1);
}

size_t Connection::ExecuteAll(std::string_view bytes) {
  size_t used = 0;
  executing_bytes_ = bytes.size();
  parser_.set_bulk_bytes_max(server_.engine().options().bulk_bytes_max);
  while (used < bytes.size() && may_execute()) {
    if (authenticated && !parser_.in_multibulk()) {
      const size_t quickly = ExecuteBatch(bytes.substr(used));
      used += quickly;
      if (quickly != 0 || !may_execute()) continue;
    }
    parser_.set_unauthenticated(!authenticated);
    const resp::Outcome outcome = parser_.Parse(bytes.substr(used));
    if (outcome == resp::Outcome::kMore) break;
    if (outcome == resp::Outcome::kError) {
      ProtocolError();
      return bytes.size();
    }
    in_execute_ = true;
    const dispatch::Executed executed = server_.engine().Execute(*this, parser_.args());
    in_execute_ = false;
    if (executed == dispatch::Executed::kNotNow) break;
    used += parser_.consumed();
  }
  executing_bytes_ = 0;
  return used;
}

void Connection::ProtocolError() {
  resp::Writer(&out(), protocol).Error("ERR " + parser_.error());
  log::Debug("closing client {}: {}", peer_address, parser_.error());
  Close(CloseMode::kAfterReply);
}

void Connection::WantWrite() {
  if (write_queued_ || closing) return;
  write_queued_ = true;
  server_.QueueWrite(*this);
}

void Connection::Close(CloseMode mode) {
  if (closing) return;
  if (mode == CloseMode::kAfterReply) {
    close_after_reply_ = true;
    WantWrite();
    return;
  }
  closing = true;
  server_.reactor().Detach(watch_);
  server_.QueueDestroy(*this);
}

void Connection::Resume() {
  if (continue_queued_ || closing) return;
  continue_queued_ = true;
  server_.QueueContinue(*this);
}

void Connection::Continue() {
  continue_queued_ = false;
  if (closing || blocked != nullptr || input_.empty()) return;
  input_.erase(0, ExecuteAll(input_));
}

void Connection::Flush() {
  write_queued_ = false;
  if (closing) return;
  const bool all_sent = SendOut();
  if (closing) return;
  if (all_sent && close_after_reply_) return Close(CloseMode::kNow);
  server_.reactor().SetEvents(watch_, all_sent ? kReading : kReading | EPOLLOUT);
  if (all_sent) return;
  server_.reactor().Rearm(watch_);  // the socket may well take more: only the turn is over
  server_.EnforceOutputLimit(*this);
}

// Mostly there is but one piece, and send() costs 3 % less of a small request than sendmsg().
ssize_t Connection::Send(std::string_view head, std::string_view tail) const {
  if (tail.empty()) return ::send(fd_.get(), head.data(), head.size(), MSG_NOSIGNAL);
  if (head.empty()) return ::send(fd_.get(), tail.data(), tail.size(), MSG_NOSIGNAL);
  iovec parts[2] = {{const_cast<char*>(head.data()), head.size()},
                    {const_cast<char*>(tail.data()), tail.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
}

// True: nothing is left to send for now.
bool Connection::SendOut() {
  size_t budget = kWriteBytesPerTurn;
  while (budget > 0) {
    const std::string_view head = std::string_view(out()).substr(sent_);
    const std::string_view tail = stream() != nullptr ? stream()->Peek() : std::string_view();
    if (head.empty() && tail.empty()) return true;
    const ssize_t sent = Send(head, tail.substr(0, budget));
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      Close(CloseMode::kNow);
      return true;
    }
    auto left = static_cast<size_t>(sent);
    server_.stats().output_bytes += left;
    ++server_.stats().writes;
    last_interaction_ms_ = server_.engine().keyspace().now_ms();
    budget -= std::min(budget, left);
    const size_t of_head = std::min(left, head.size());
    sent_ += of_head;
    left -= of_head;
    if (sent_ == out().size()) {
      out().clear();
      sent_ = 0;
    }
    if (left > 0) stream()->Consume(left);
    if (stream() == nullptr && out().empty()) return true;
  }
  return false;
}

void Connection::Trim() {
  if (input_.empty() && input_.capacity() > kInputKeptBytesMax) input_.shrink_to_fit();
  if (out().empty() && out().capacity() > kOutputKeptBytesMax) out().shrink_to_fit();
  if (!parser_.in_multibulk() && blocked == nullptr) parser_.Trim();
}

size_t Connection::memory_bytes() const {
  return sizeof *this + input_.capacity() + out().capacity() + parser_.heap_bytes();
}

}  // namespace rha::node::app
