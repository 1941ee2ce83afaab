// The primary as a sender of commands: a session that no gate but CLIENT PAUSE holds back and that
// gets no replies.
// Thread rule: the engine's thread.
#pragma once

#include <functional>

#include "node/dispatch/engine.h"
#include "node/dispatch/session.h"
#include "node/repl/replica_side.h"

namespace rha::node::repl {

class ReplicaSide::PrimarySession final : public dispatch::Session {
 public:
  using Told = std::function<void(uint64_t session_id)>;
  PrimarySession(dispatch::Engine& engine, int fd, Told on_close, Told on_resume)
      : Session(dispatch::SessionKind::kPrimary),
        engine_(engine),
        fd_(fd),
        on_close_(std::move(on_close)),
        on_resume_(std::move(on_resume)) {
    engine_.Join(*this);
  }
  ~PrimarySession() override { engine_.Leave(*this); }

  // CLIENT KILL: the link is dropped from the next turn on, never inside a command.
  void Close(CloseMode) override {
    if (closing) return;
    closing = true;
    on_close_(id);
  }
  void Resume() override { on_resume_(id); }
  int fd() const override { return fd_; }

 private:
  dispatch::Engine& engine_;
  int fd_;
  Told on_close_, on_resume_;
};

}  // namespace rha::node::repl
