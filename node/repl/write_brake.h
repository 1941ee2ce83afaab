// Slows the writers of a primary whose replica lags, before that has to be sent away and asks for
// all the data once more.
//
//   what waits for the replica      0 ...... half of its limit ...... three quarters ...... all
//   share of the time that writes   0 ............. 0 ──── evenly ────▶ percent_max .......
//   are held back
//
// Its limit: client-output-buffer-limit replica; percent_max: redisha-slow-replica-brake-percent.
// Whenever writers have gone on for a while they are held back for as long as makes that share,
// kBrakeHoldMax at most, and go on as ever in between. Off again below a quarter of the limit.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "common/net/reactor.h"

namespace rha::node::dispatch {
class Engine;
}

namespace rha::node::repl {

class Replica;

// The replica that lags most, of those that the brake may help.
struct Lag {
  uint64_t pending_bytes = 0;
  uint64_t limit_bytes = 0;        // 0: none is ever sent away
  const Replica* whose = nullptr;  // none lags: null
};

// Pure: the share of the time, in percent.
int64_t BrakePercent(const Lag& lag, int64_t percent_max);
// Pure: for how long after writers have gone on for so long.
Millis BrakeHold(std::chrono::microseconds gone_on, int64_t percent);

class WriteBrake {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    dispatch::Engine& engine;
    std::function<Lag()> lag;
    std::function<int64_t()> percent_max;  // 0: off
  };
  explicit WriteBrake(Dependencies dependencies) : given_(std::move(dependencies)) {}
  ~WriteBrake();

  // More waits for the replicas than a while ago, or time has passed. May be called in the middle
  // of a command.
  void Look();

  bool on() const { return on_; }
  int64_t percent() const { return percent_; }
  // For which writes have been held back in all.
  int64_t held_ms() const;

 private:
  void Begin(const Lag& lag);
  void Hold(Millis hold);
  void Release();
  void End();
  std::chrono::microseconds Since(MonoTime then) const;

  Dependencies given_;
  net::TimerId timer_ = 0;  // they are held back, or will be in the next turn
  bool on_ = false;
  bool holding_ = false;
  int64_t percent_ = 0;
  std::chrono::microseconds held_{0};
  MonoTime held_since_{}, free_since_{};
};

}  // namespace rha::node::repl
