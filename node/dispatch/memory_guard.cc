#include "node/dispatch/memory_guard.h"

#include <cmath>

#include "node/dispatch/limits.h"

namespace rha::node::dispatch {

using Outcome = keyspace::Evictor::Outcome;

void MemoryGuard::set_tenacity(int64_t tenacity) {
  // As Redis: up to the default in proportion, then growing by 15 % each, two minutes at 99.
  if (tenacity >= 100) {
    slice_us_ = INT64_MAX;
  } else if (tenacity <= kTenacityDefault) {
    slice_us_ = kEvictionUsPerTenacity * tenacity;
  } else {
    const auto above = static_cast<double>(tenacity - kTenacityDefault);
    slice_us_ =
        static_cast<int64_t>(kEvictionUsPerTenacity * kTenacityDefault * std::pow(1.15, above));
  }
}

MemoryGuard::Room MemoryGuard::MakeRoom() {
  const Room room = state_.MemoryShort() ? Free() : Room::kEnough;
  if (room == Room::kEnough) {
    exceeded_us_ += CurrentExceededUs();
    exceeded_since_us_ = 0;
    return room;
  }
  if (exceeded_since_us_ == 0) exceeded_since_us_ = clock_.UnixMicros();
  if (room == Room::kFreeing && wake_) wake_();
  return room;
}

MemoryGuard::Room MemoryGuard::Free() {
  evicting_ = true;
  told_bytes_ = 0;
  const Room room = FreeUntilEnough();
  evicting_ = false;
  return room;
}

MemoryGuard::Room MemoryGuard::FreeUntilEnough() {
  const int64_t start_us = clock_.UnixMicros();
  for (int step = 1; state_.MemoryShort(told_bytes_); ++step) {
    if (keyspace_.reclaimer().pending() > 0) {
      keyspace_.reclaimer().Step(kReclaimedPerStep);
    } else if (keyspace_.held().unmeasured()) {
      return Room::kFreeing;
    } else if (keyspace_.EvictOne() == Outcome::kNothing) {
      return Room::kNone;
    }
    const bool look = step % kEvictionsBetweenClockLooks == 0;
    if (look && clock_.UnixMicros() - start_us > slice_us_) return Room::kFreeing;
  }
  return Room::kEnough;
}

}  // namespace rha::node::dispatch
