// Keeps the memory in use below maxmemory: what waits to be freed is freed, then keys are evicted.
//
//   gate of a command ─▶ MakeRoom() ─▶ kEnough   go on
//                                  ├▶ kFreeing  its time is over: go on; set_wake's owner continues
//                                  └▶ kNone     nothing may go: what needs memory is refused
//
// No key goes for memory that is on its way back: large values, freed in slices
// (keyspace/reclaimer.h), come first, and what an image keeps (keyspace/held_memory.h) is left out
// of the sum; while its size is not known, nothing is evicted. Nor does one go for what others are
// told of those that went: messages to clients that cached them would take the next ones along.
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "common/base/clock.h"
#include "node/dispatch/limits.h"
#include "node/dispatch/node_state.h"
#include "node/keyspace/db.h"

namespace rha::node::dispatch {

class MemoryGuard {
 public:
  MemoryGuard(keyspace::Keyspace& keyspace, const NodeState& state, const Clock& clock)
      : keyspace_(keyspace), state_(state), clock_(clock) {}

  enum class Room : uint8_t { kEnough, kFreeing, kNone };
  // REQUIRES: this node may delete keys (Engine::MakeRoom asks).
  Room MakeRoom();

  // While it lives, memory is taken for messages.
  class Telling {
   public:
    explicit Telling(MemoryGuard& guard)
        : guard_(guard.evicting_ ? &guard : nullptr),
          before_(guard_ == nullptr ? 0 : guard_->state_.memory.bytes()) {}
    ~Telling() {
      if (guard_ == nullptr) return;
      // What is given back meanwhile counts for the keys.
      guard_->told_bytes_ += std::max<int64_t>(guard_->state_.memory.bytes() - before_, 0);
    }
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;

   private:
    MemoryGuard* const guard_;
    const int64_t before_;
  };

  // maxmemory-eviction-tenacity, 0..100: how much time one MakeRoom() may take.
  void set_tenacity(int64_t tenacity);
  // Called when MakeRoom() has to go on later, even if no command comes.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  // How long memory has been above the limit: in all, and now, in milliseconds.
  int64_t TotalExceededMs() const { return (exceeded_us_ + CurrentExceededUs()) / 1000; }
  int64_t CurrentExceededMs() const { return CurrentExceededUs() / 1000; }
  void ResetStats() { exceeded_us_ = 0; }

 private:
  Room Free();
  Room FreeUntilEnough();
  int64_t CurrentExceededUs() const {
    return exceeded_since_us_ == 0 ? 0 : clock_.UnixMicros() - exceeded_since_us_;
  }

  keyspace::Keyspace& keyspace_;
  const NodeState& state_;
  const Clock& clock_;
  std::function<void()> wake_;
  int64_t slice_us_ = kEvictionUsPerTenacity * kTenacityDefault;
  bool evicting_ = false;
  int64_t told_bytes_ = 0;  // of messages, since it began to
  int64_t exceeded_us_ = 0;
  int64_t exceeded_since_us_ = 0;  // 0: it is not
};

}  // namespace rha::node::dispatch
