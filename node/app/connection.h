// A client's connection: reads what is there, executes request after request in order, and sends
// all that the turn produced with one gathered write.
//
// Input is parsed where read() put it: in a buffer all connections share, or, while a request is
// incomplete, in the connection's own. An idle connection owns no buffer.
//
// Life: made and destroyed by Server alone, which destroys a closing connection at the end of the
// turn. Thread rule: the loop's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "common/resp/parser.h"
#include "node/app/limits.h"
#include "node/app/reply_gate.h"
#include "node/dispatch/session.h"

namespace rha::node::app {

class Server;

class Connection final : public dispatch::Session {
 public:
  Connection(Server& server, UniqueFd fd);
  ~Connection() override;

  Status Start();

  // ---- dispatch::Session
  void WantWrite() override;
  void Close(CloseMode mode) override;
  void Resume() override;
  void OnAuthenticated() override;
  size_t input_bytes() const override {
    return std::max(input_.size() - std::min(input_.size(), parser_.read_bytes()),
                    executing_bytes_);
  }
  size_t argument_bytes() const override { return parser_.read_word_bytes(); }
  size_t memory_bytes() const override;
  int fd() const override { return fd_.get(); }

  // Sends what waits. Called by Server at the end of a turn.
  void Flush();
  // Replies that are there now wait for the newest ticket of `gate`. True: none of this connection
  // have waited before.
  bool Hold(const ReplyGate& gate);
  // Sends what may leave. What has come since waits for the newest ticket of `next`.
  void Release(const ReplyGate& next);
  bool held() const { return held_by_ != nullptr; }
  const ReplyGate* held_by() const { return held_by_; }
  // Executes what Resume() left for the turn.
  void Continue();
  // In the middle of another's command (Server::ServeWhileBusy): whether it may be, and what has
  // come.
  bool may_be_served_while_busy() const {
    return kind != dispatch::SessionKind::kPrimary && may_execute() && !must_wait() &&
           out().empty();
  }
  void ServeWhileBusy();
  uint64_t came_in_turn = 0;  // while a command of that turn let others in (Server)
  // Of one that is closed, and nobody's but the server's: others may come before it is destroyed.
  void GiveBackDescriptor() { fd_.Reset(); }
  bool executes() const { return in_execute_; }
  // Gives unused memory back; for the cron.
  void Trim(int64_t now_ms);
  int64_t last_interaction_ms() const { return last_interaction_ms_; }
  bool owes_output() const { return !out().empty(); }
  // Since when its output has been above the soft limit without a break; epoch: it is not.
  MonoTime over_soft_limit_since{};

 private:
  friend class Server;
  bool MayHold(size_t bytes) override;
  void OnEvents(uint32_t events);
  bool OnReadable();
  size_t MakeRoomForInput();
  void TakeInput(std::string_view bytes, bool own);
  // Executes whole requests at the beginning of `bytes`, as many as one turn allows; returns how
  // many bytes they took. If that were not all of them, it goes on in the next turn.
  size_t ExecuteAll(std::string_view bytes);
  size_t ExecuteBatch(std::string_view bytes, size_t out_bytes_max);
  bool may_execute() const {
    return !closing && !close_after_reply_ && blocked == nullptr && !waits_for_gate();
  }
  // Requests that have come must wait for an earlier one, or for the next turn.
  bool must_wait() const {
    return blocked != nullptr || in_execute_ || continue_queued_ || waits_for_gate();
  }
  // So much is held that nothing is to be added.
  bool waits_for_gate() const { return held() && out().size() >= kReplyBytesPerTurn; }
  bool InputIsTooLong() const;
  void ProtocolError();
  ssize_t Send(size_t of_out, std::span<const std::string_view> of_stream) const;
  size_t TakeStream(size_t budget, std::span<std::string_view> pieces) const;
  bool SendOut();

  Server& server_;
  UniqueFd fd_;
  net::IoWatch watch_;
  resp::RequestParser parser_;
  std::string input_;           // the beginning of an incomplete request
  size_t executing_bytes_ = 0;  // in the shared buffer, while its requests run
  bool write_queued_ = false;
  bool continue_queued_ = false;
  bool close_after_reply_ = false;
  bool in_execute_ = false;
  bool left_unread_ = false;  // input in the kernel, until what waits here has been executed
  int64_t last_interaction_ms_ = 0;
  // While replies are held (otherwise null): so many bytes of out() may leave; so many when
  // held_for_ opens; the rest after that.
  const ReplyGate* held_by_ = nullptr;
  size_t free_bytes_ = 0, covered_bytes_ = 0;
  int64_t held_for_ = 0;
};

}  // namespace rha::node::app
