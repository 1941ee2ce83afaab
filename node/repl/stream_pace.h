// When a replica takes what the primary sends: at once, or a stream that hardly stops in batches.
//
// The primary sends a little after each of its turns, and each little that is taken at once costs
// both sides a wake-up and an acknowledgement. In batches two replicas cost a loaded primary less
// than half of that, for a rest that nobody notices who reads from a replica.
//
//   a piece, long after the one before ──▶ at once
//   a piece, soon after                ──▶ the next one after kRest
//   REPLCONF GETACK                    ──▶ all at once for a while: somebody waits for each answer
//
// Thread rule: one owner. Pure.
#pragma once

#include <chrono>

#include "common/base/clock.h"

namespace rha::node::repl {

class StreamPace {
 public:
  static constexpr std::chrono::microseconds kRest{300};
  static constexpr std::chrono::microseconds kSoon{2 * kRest};
  static constexpr Millis kAskedFor{100};

  void OnAsked(MonoTime now) { prompt_until_ = now + kAskedFor; }

  // All that had come has been taken; 0: what comes next is taken at once.
  std::chrono::microseconds OnTaken(MonoTime now) {
    const bool soon = now - taken_at_ < kSoon;
    taken_at_ = now;
    return soon && now >= prompt_until_ ? kRest : std::chrono::microseconds(0);
  }

 private:
  MonoTime taken_at_{}, prompt_until_{};
};

}  // namespace rha::node::repl
