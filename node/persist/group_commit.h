// appendfsync always: whether the next sync waits a little for what the answers of the last one
// will bring.
//
// Who is answered after a sync asks again, mostly within less time than a long sync takes. Not to
// wait for them splits the clients into two groups that take turns, and each sync covers one group:
//
//   at once      sync A │ sync B │ sync A │ sync B         each client waits for two
//   a little     sync A+B  │ sync A+B  │ sync A+B          for one, and the gap
//
// So a sync waits until as many changes have come as were answered, less an eighth; but at most
// half of the time that a sync takes, since clients that come by chance, not because they were
// answered, would be waited for otherwise; and after a wait in vain for a while not at all. Where
// syncs are short the loop takes as long for a group as the disk, and both work at the same time.
// Thread rule: one owner. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rha::node::persist {

class GroupCommit {
 public:
  using Duration = std::chrono::microseconds;
  static constexpr Duration kShortSync{750};  // measured: from 600 on it gains
  static constexpr Duration kPatienceMax{2000};
  static constexpr int kSkippedMax = 64;  // syncs after a series of waits in vain

  // A sync of so many changes has taken so long.
  void OnSynced(uint64_t changes, Duration took) {
    answered_ = changes;
    Learn(took);
    if (skip_ > 0) --skip_;
  }
  // How many changes to wait for, beside those that had come when the sync was over.
  uint64_t wanted() const { return answered_ - answered_ / 8; }
  // And how long. Zero: not at all.
  Duration Patience() const {
    if (skip_ > 0 || answered_ == 0 || sync_takes_ < kShortSync) return Duration(0);
    return std::min(sync_takes_ / 2, kPatienceMax);
  }
  // They have come, or the time was over before.
  void OnWaited(bool came) {
    in_vain_ = came ? 0 : std::min(std::max(in_vain_ * 2, 1), kSkippedMax);
    skip_ = in_vain_;
  }

 private:
  // Goes to the median: a mean would tell of the few that take ten times as long.
  void Learn(Duration took) {
    if (sync_takes_.count() == 0) sync_takes_ = took;
    sync_takes_ = took > sync_takes_ ? std::min(took, sync_takes_ * 9 / 8)
                                     : std::max(took, sync_takes_ * 7 / 8);
  }

  uint64_t answered_ = 0;
  Duration sync_takes_{0};  // at the median
  int in_vain_ = 0, skip_ = 0;
};

}  // namespace rha::node::persist
