// A replica that cannot apply a command of the stream: when it asks again, and for what.
//
//   the same bytes again after 1, 2, 4 s (the trouble may have been a passing one: no memory, say)
//     └─ the fourth time in vain ──▶ a full synchronisation, which takes the place of the command
//          └─ and again, elsewhere ──▶ likewise, but at least a minute after the last one, then
//                                      2, 4 ... 60: what fails all the time is not cured by moving
//                                      the dataset all the time. Meanwhile the same bytes again, at
//                                      most a minute apart.
//
// Thread rule: one owner. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/base/clock.h"

namespace rha::node::repl {

class ApplyTrouble {
 public:
  static constexpr int kTriesMax = 4;
  static constexpr Millis kPauseMin{1000}, kPauseMax{60'000};
  static constexpr Millis kSyncSpacingMin{60'000}, kSyncSpacingMax{60 * 60'000};

  struct Next {
    Millis pause;  // before the next connection
    bool full_sync;
  };
  // The command at this offset. `torn`: a part of it was applied, so that nothing but a full
  // synchronisation can follow.
  Next OnFailed(int64_t offset, bool torn, MonoTime now) {
    tries_ = offset == offset_ ? tries_ + 1 : 1;
    offset_ = offset;
    const MonoTime may_sync_at = synced_at_ ? *synced_at_ + spacing_ : now;
    if (torn || (tries_ >= kTriesMax && now >= may_sync_at)) {
      const Millis left = std::chrono::ceil<Millis>(may_sync_at - now);
      const Next next{std::max(kPauseMin, left), true};
      NoteSync(now + next.pause);
      return next;
    }
    return {std::min(kPauseMin * (1 << std::min(tries_ - 1, 6)), kPauseMax), false};
  }

 private:
  void NoteSync(MonoTime at) {
    const bool in_a_row = synced_at_ && at - *synced_at_ < 2 * kSyncSpacingMax;
    spacing_ = in_a_row ? std::min(spacing_ * 2, kSyncSpacingMax) : kSyncSpacingMin;
    synced_at_ = at;
    offset_ = -1;
  }

  int64_t offset_ = -1;  // of the last failure
  int tries_ = 0;        // in vain, there
  std::optional<MonoTime> synced_at_;
  Millis spacing_{0};
};

}  // namespace rha::node::repl
