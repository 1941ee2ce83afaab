// How long a container that ended waits for its next start: not at all the first time, then 10 s,
// doubled each time up to a limit; forgotten after it ran well for ten minutes. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "local/kubelet/limits.h"

namespace rha::local::kubelet {

class Backoff {
 public:
  explicit Backoff(int64_t max_ms = kBackoffMaxMillis) : max_ms_(max_ms) {}

  // The container ran for `ran_ms` and ended.
  int64_t NextDelayMillis(int64_t ran_ms) {
    if (ran_ms >= kBackoffResetMillis) delay_ms_ = 0;
    const int64_t now = delay_ms_;
    delay_ms_ = std::min(max_ms_, delay_ms_ == 0 ? kBackoffFirstMillis : delay_ms_ * 2);
    return now;
  }

 private:
  int64_t max_ms_;
  int64_t delay_ms_ = 0;
};

}  // namespace rha::local::kubelet
