// When a save that has failed is tried again without being asked. Pure.
#pragma once

#include <algorithm>
#include <chrono>

#include "common/base/clock.h"

namespace rha::node::persist {

// Writes are refused meanwhile, so it is tried soon; but on a full volume each try takes, for a
// moment, what is left of the room that others wait for.
class SaveRetry {
 public:
  static constexpr std::chrono::seconds kPause{5}, kPauseMax{60};

  void OnFailed(MonoTime now) {
    pause_ = failed_ ? std::min(2 * pause_, kPauseMax) : kPause;
    failed_ = true;
    next_ = now + pause_;
  }
  void OnSucceeded() { failed_ = false; }
  bool MayTry(MonoTime now) const { return !failed_ || now > next_; }

 private:
  bool failed_ = false;
  std::chrono::seconds pause_{0};
  MonoTime next_;
};

}  // namespace rha::node::persist
