// Keeps the memory in use below maxmemory: what waits to be freed is freed, then keys are evicted.
//
//   gate of a command ─▶ MakeRoom() ─▶ kEnough   go on
//                                  ├▶ kFreeing  its time is over: go on; set_wake's owner continues
//                                  └▶ kNone     nothing may go: what needs memory is refused
//
// No key goes for memory that is on its way back: large values, freed in slices
// (keyspace/reclaimer.h), come first, and what an image keeps (keyspace/held_memory.h) is left out
// of the sum; while its size is not known, nothing is evicted.
// Thread rule: the engine's thread.
#pragma once

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
  int64_t CurrentExceededUs() const {
    return exceeded_since_us_ == 0 ? 0 : clock_.UnixMicros() - exceeded_since_us_;
  }

  keyspace::Keyspace& keyspace_;
  const NodeState& state_;
  const Clock& clock_;
  std::function<void()> wake_;
  int64_t slice_us_ = kEvictionUsPerTenacity * kTenacityDefault;
  int64_t exceeded_us_ = 0;
  int64_t exceeded_since_us_ = 0;  // 0: it is not
};

}  // namespace rha::node::dispatch
