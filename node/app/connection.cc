#include "node/app/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
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
  const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  const size_t waiting_max =
      ever_authenticated ? kInputWaitingBytesMax : kUnauthenticatedInputBytesMax;
  left_unread_ = must_wait() && input_.size() >= waiting_max;
  if (left_unread_) {
    // Who is gone waits for nothing.
    if (ends && blocked != nullptr) Close(CloseMode::kNow);
    return;
  }
  const bool all_read = OnReadable();
  // The end of the stream may be behind what was read, and would not be reported again.
  if (!closing && (!all_read || ends)) server_.reactor().Rearm(watch_);
}

void Connection::ServeWhileBusy() {
  OnEvents(EPOLLIN);
  if (!out().empty()) Flush();
}

// Behind the beginning of a request; how much was made.
size_t Connection::MakeRoomForInput() {
  const size_t have = input_.size();
  const size_t wanted = std::max(parser_.bytes_wanted(), have);
  const size_t missing = std::min(wanted - have, kRequestBytesPerTurn);
  size_t room = std::max(missing, kReadChunkBytes / 4);
  if (missing > 0 && have + missing <= input_.capacity()) {
    room = std::min(room, input_.capacity() - have);  // the end of a value needs no larger buffer
  }
  // Reserved for the whole value at once, but only as its bytes really come.
  if (input_.capacity() < have + room) {
    const size_t doubled = missing < kReadChunkBytes ? have * 2 : std::min(have * 2, wanted);
    std::string larger;  // reserve() would at least double what is not empty
    larger.reserve(std::max(have + room, doubled));
    input_ = std::move(larger.append(input_));
  }
  input_.resize(have + room);
  return room;
}

// True: nothing is left to read for now.
bool Connection::OnReadable() {
  // A connection with a partial request reads behind it; others share one buffer.
  const bool own = !input_.empty();
  size_t room = kReadChunkBytes;
  if (own) room = MakeRoomForInput();
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
  if (must_wait()) {
    if (!own) input_.append(bytes);
  } else if (own) {
    input_.erase(0, ExecuteAll(input_));
  } else {
    const size_t used = ExecuteAll(bytes);
    if (!closing && used < bytes.size()) input_.append(bytes.substr(used));
  }
  if (!closing && InputIsTooLong()) {
    ++server_.stats().query_buffer_limit_disconnections;
    log::Warn("closing client {} that reached the query buffer limit: {} bytes", peer_address,
              input_.size() + transaction.bytes);
    Close(CloseMode::kNow);
  }
  if (!ever_authenticated && !closing) server_.NoteStranger(*this);
  server_.NoteMemory(*this);
}

// Commands queued by MULTI are input that has not been executed, too.
bool Connection::InputIsTooLong() const {
  const size_t bytes = input_.size() + transaction.bytes;
  if (static_cast<int64_t>(bytes) > server_.config().query_buffer_bytes_max) return true;
  return !ever_authenticated && !must_wait() && bytes > kUnauthenticatedInputBytesMax;
}

// The plain requests at the front of `bytes`; returns how many bytes they took.
size_t Connection::ExecuteBatch(std::string_view bytes, size_t out_bytes_max) {
  dispatch::Engine& engine = server_.engine();
  dispatch::RequestBatch& batch = server_.batch();
  batch.Fill(bytes);
  engine.Prepare(*this, batch);
  engine.BeginBatch();
  in_execute_ = true;
  size_t done = 0;
  for (; done < batch.size() && may_execute() && out().size() < out_bytes_max; ++done) {
    const auto executed =
        engine.Execute(*this, batch.args(done), batch.resolved(done), batch.wire(done));
    if (executed == dispatch::Executed::kNotNow) break;
  }
  in_execute_ = false;
  engine.EndBatch();
  return done == 0 ? 0 : batch.end(done - 1);
}

size_t Connection::ExecuteAll(std::string_view bytes) {
  size_t used = 0;
  executing_bytes_ = bytes.size();
  // Its share of this turn; the rest is for others.
  const size_t out_bytes_max =
      out().size() + (ever_authenticated ? kReplyBytesPerTurn : kUnauthenticatedReplyBytesPerTurn);
  int64_t until_ms = 0;
  parser_.set_bulk_bytes_max(server_.engine().options().bulk_bytes_max);
  while (used < bytes.size() && may_execute()) {
    if (used != 0) {
      const int64_t now_ms = server_.engine().keyspace().now_ms();
      if (until_ms == 0) until_ms = now_ms + kExecuteMsPerTurn;
      if (now_ms >= until_ms || out().size() >= out_bytes_max) {
        continue_queued_ = true;
        server_.QueueNextTurn(*this);
        break;
      }
    }
    if (authenticated && !parser_.in_multibulk()) {
      const size_t quickly = ExecuteBatch(bytes.substr(used), out_bytes_max);
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
    if (over_limit && peer == nullptr)
      Close(CloseMode::kAfterReply);  // it asked for something else
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

void Connection::OnAuthenticated() { server_.NoteRights(*this); }

void Connection::Continue() {
  continue_queued_ = false;
  if (closing || blocked != nullptr || waits_for_gate()) return;
  input_.erase(0, ExecuteAll(input_));
  if (!left_unread_ || closing || must_wait()) return;
  left_unread_ = false;
  server_.reactor().Rearm(watch_);
}

bool Connection::MayHold(size_t bytes) {
  return !closing && server_.EnforceOutputLimit(*this, output_memory_bytes() + bytes);
}

void Connection::Flush() {
  write_queued_ = false;
  if (closing) return;
  const bool all_sent = SendOut();
  if (closing) return;
  if (held() && all_sent) return;  // Release() comes back to it
  if (all_sent && close_after_reply_) return Close(CloseMode::kNow);
  server_.reactor().SetEvents(watch_, all_sent ? kReading : kReading | EPOLLOUT);
  if (all_sent) {
    over_soft_limit_since = {};
    return;
  }
  server_.reactor().Rearm(watch_);  // the socket may well take more: only the turn is over
  if (!ever_authenticated) server_.NoteStranger(*this);
  server_.EnforceOutputLimit(*this, output_memory_bytes());
}

bool Connection::Hold(const ReplyGate& gate) {
  if (held() || closing || out().empty()) return false;
  held_by_ = &gate;
  free_bytes_ = 0;
  covered_bytes_ = out().size();
  held_for_ = gate.newest();
  return true;
}

void Connection::Release(const ReplyGate& next) {
  if (!held() || held_by_->opened() < held_for_) return;
  const bool waited = waits_for_gate();
  free_bytes_ = covered_bytes_;
  covered_bytes_ = out().size();
  held_for_ = next.newest();
  held_by_ = free_bytes_ < covered_bytes_ && next.opened() < held_for_ ? &next : nullptr;
  Flush();  // now: with the turn's other replies it might have to wait again
  if (waited && !waits_for_gate()) Resume();
}

// Mostly there is but one piece, and send() costs 3 % less of a small request than sendmsg().
ssize_t Connection::Send(size_t of_out, std::span<const std::string_view> of_stream) const {
  if (of_stream.empty() && out().chunks() == 1) {
    const std::string_view only = out().front().substr(0, of_out);
    return ::send(fd_.get(), only.data(), only.size(), MSG_NOSIGNAL);
  }
  std::array<std::string_view, kPiecesPerWrite + kStreamPiecesPerWrite> pieces;
  size_t count = out().Pieces({pieces.data(), kPiecesPerWrite});
  for (size_t i = 0; i < count; ++i) {
    pieces[i] = pieces[i].substr(0, of_out);
    of_out -= pieces[i].size();
  }
  if (out().chunks() <= kPiecesPerWrite) {
    for (const std::string_view piece : of_stream) pieces[count++] = piece;
  }
  std::array<iovec, kPiecesPerWrite + kStreamPiecesPerWrite> vectors;
  for (size_t i = 0; i < count; ++i) {
    vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  return ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
}

// Returns how many pieces.
size_t Connection::TakeStream(size_t budget, std::span<std::string_view> pieces) const {
  const std::string_view first = stream()->Peek(), next = stream()->PeekNext(first);
  pieces[0] = first.substr(0, budget);
  pieces[1] = next.substr(0, budget - pieces[0].size());
  return pieces[0].empty() ? 0 : pieces[1].empty() ? 1 : 2;
}

// True: nothing is left to send for now.
bool Connection::SendOut() {
  size_t budget = kWriteBytesPerTurn;
  while (budget > 0) {
    std::array<std::string_view, kStreamPiecesPerWrite> of_stream;
    const size_t pieces = stream() != nullptr && !held() ? TakeStream(budget, of_stream) : 0;
    const size_t waiting = held() ? std::min(free_bytes_, out().size()) : out().size();
    if (waiting == 0 && pieces == 0) return true;
    const ssize_t sent = Send(waiting, {of_stream.data(), pieces});
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      Close(CloseMode::kNow);
      return true;
    }
    const auto bytes = static_cast<size_t>(sent);
    server_.stats().output_bytes += bytes;
    if (kind == dispatch::SessionKind::kReplica)
      server_.engine().stats().repl_output_bytes += bytes;
    ++server_.stats().writes;
    last_interaction_ms_ = server_.engine().keyspace().now_ms();
    budget -= std::min(budget, bytes);
    const size_t of_out = std::min(bytes, waiting);
    out().Consume(of_out);
    if (held()) {
      free_bytes_ -= of_out;
      covered_bytes_ -= of_out;
    }
    if (bytes > of_out) stream()->Consume(bytes - of_out);
    if ((stream() == nullptr || held()) && of_out == waiting) return true;
  }
  return false;
}

void Connection::Trim(int64_t now_ms) {
  if (input_.empty() && input_.capacity() > kInputKeptBytesMax) input_.shrink_to_fit();
  if (now_ms - last_interaction_ms_ > kOutputKeptMsMax) out().Release();
  if (!parser_.in_multibulk() && blocked == nullptr) parser_.Trim();
}

size_t Connection::memory_bytes() const {
  return Session::memory_bytes() + (sizeof *this - sizeof(Session)) + input_.capacity() +
         parser_.heap_bytes();
}

}  // namespace rha::node::app
