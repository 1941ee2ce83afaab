// Who holds commands back, and until when: CLIENT PAUSE, a shutdown that waits for replicas, an
// append-only file whose disk lags behind, a primary that hands over its role or whose replica
// lags.
//
// Each reason has a pause of its own, so that the end of one does not end the other's; what the
// gates see is all of them together. Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace rha::node::dispatch {

enum class PauseReason : uint8_t { kClients, kShutdown, kLog, kFailover, kReplicas };

struct Pause {
  enum class Scope : uint8_t { kNone, kWrite, kAll };  // each holds back what the one before does
  Scope scope = Scope::kNone;
  int64_t until_ms = 0;
  bool holds_stream = false;  // of a primary that this node follows
};

class Pauses {
 public:
  // The widest scope that holds, until the first of them ends.
  const Pause& together() const { return together_; }
  bool any() const { return together_.scope != Pause::Scope::kNone; }
  const Pause& of(PauseReason reason) const { return pauses_[static_cast<size_t>(reason)]; }

  void Set(PauseReason reason, const Pause& pause) {
    pauses_[static_cast<size_t>(reason)] = pause;
    together_ = {};
    for (const Pause& each : pauses_) {
      if (each.scope == Pause::Scope::kNone) continue;
      together_.until_ms = any() ? std::min(together_.until_ms, each.until_ms) : each.until_ms;
      together_.scope = std::max(together_.scope, each.scope);
    }
  }
  void End(PauseReason reason) { Set(reason, {}); }
  // Ends those whose time has come.
  void EndOverdue(int64_t now_ms) {
    for (const PauseReason reason :
         {PauseReason::kClients, PauseReason::kShutdown, PauseReason::kLog, PauseReason::kFailover,
          PauseReason::kReplicas}) {
      if (of(reason).until_ms <= now_ms) End(reason);
    }
  }

 private:
  std::array<Pause, 5> pauses_;
  Pause together_;
};

}  // namespace rha::node::dispatch
