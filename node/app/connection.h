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
#include <string>

#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "common/resp/parser.h"
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
  size_t output_bytes() const override { return out_bytes(); }
  size_t input_bytes() const override { return std::max(input_.size(), executing_bytes_); }
  size_t memory_bytes() const override;
  int fd() const override { return fd_.get(); }

  // Sends what waits. Called by Server at the end of a turn.
  void Flush();
  // Executes what Resume() left for the turn.
  void Continue();
  // Gives unused memory back; for the cron.
  void Trim();
  int64_t last_interaction_ms() const { return last_interaction_ms_; }
  // When the soft limit of its output was first exceeded; 0: it is not.
  int64_t soft_limit_since_ms = 0;

 private:
  friend class Server;
  size_t out_bytes() const { return out().size() - sent_; }
  void OnEvents(uint32_t events);
  bool OnReadable();
  void TakeInput(std::string_view bytes, bool own);
  // Executes whole requests at the beginning of `bytes`; returns how many bytes they took.
  size_t ExecuteAll(std::string_view bytes);
  size_t ExecuteBatch(std::string_view bytes);
  bool may_execute() const { return !closing && !close_after_reply_ && blocked == nullptr; }
  void ProtocolError();
  ssize_t Send(std::string_view head, std::string_view tail) const;
  bool SendOut();

  Server& server_;
  UniqueFd fd_;
  net::IoWatch watch_;
  resp::RequestParser parser_;
  std::string input_;           // the beginning of an incomplete request
  size_t executing_bytes_ = 0;  // in the shared buffer, while its requests run
  size_t sent_ = 0;             // of out()
  bool write_queued_ = false;
  bool continue_queued_ = false;
  bool close_after_reply_ = false;
  bool in_execute_ = false;
  int64_t last_interaction_ms_ = 0;
};

}  // namespace rha::node::app
