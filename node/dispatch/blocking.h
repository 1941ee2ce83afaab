// Commands that answer later: WAIT, and anything a paused node holds back.
//
// A blocked session executes nothing; its owner leaves further input unparsed until
// Session::Resume(). Every way out of a block goes through Blocking::Release.
//
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node/dispatch/session.h"

namespace rha::node::dispatch {

enum class BlockKind : uint8_t {
  kWait,   // WAIT: until enough replicas have acknowledged
  kPause,  // CLIENT PAUSE: the command stays in the input and is executed afterwards
};

struct BlockedState {
  BlockKind kind;
  int64_t deadline_ms = 0;  // Unix milliseconds; 0: none
  int64_t offset = 0;       // kWait
  int replicas = 0;         // kWait
};

class Blocking {
 public:
  void Block(Session& session, BlockedState state);
  // Unblocks and lets the owner go on. No reply is written here.
  void Release(Session& session);
  // The session goes away.
  void Forget(Session& session);

  const std::vector<Session*>& sessions() const { return sessions_; }
  size_t count(BlockKind kind) const;
  // The nearest deadline, if any.
  std::optional<int64_t> NextDeadlineMs() const;

 private:
  std::vector<Session*> sessions_;  // few at a time
};

}  // namespace rha::node::dispatch
