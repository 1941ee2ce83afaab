// When an append-only file is rewritten without being asked, and how long a failure puts that off.
// Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace rha::node::persist {

struct AofGrowthLimit {
  int64_t percent = 100;  // auto-aof-rewrite-percentage; 0: never
  int64_t min_bytes = 0;  // auto-aof-rewrite-min-size

  // `at_rewrite`: its size when it was rewritten last, or loaded.
  bool Exceeded(uint64_t at_rewrite, uint64_t now) const {
    if (percent == 0 || now <= static_cast<uint64_t>(min_bytes)) return false;
    const double base = static_cast<double>(std::max<uint64_t>(at_rewrite, 1));
    return static_cast<double>(now) * 100 / base - 100 >= static_cast<double>(percent);
  }
};

// As in Redis three failures in a row put it off by a minute, then by two, by four, at most by an
// hour. While no set on the disk is the dataset's, nothing but a rewrite makes the log durable:
// that is tried again much sooner.
class AofRetry {
 public:
  static constexpr int kFailuresMax = 3;
  static constexpr int64_t kPauseMaxS = 3600;
  static constexpr int64_t kUrgentPauseMaxS = 30;

  void OnFailed(int64_t now_s) {
    ++failures_;
    failed_at_s_ = now_s;
  }
  void OnSucceeded() { failures_ = 0; }
  int failures() const { return failures_; }
  // Seconds from the last failure.
  int64_t PauseS(bool urgent) const {
    if (urgent) return failures_ == 0 ? 0 : std::min(Power(failures_ - 1), kUrgentPauseMaxS);
    if (failures_ < kFailuresMax) return 0;
    return std::min(60 * Power(failures_ - kFailuresMax), kPauseMaxS);
  }
  bool MayTry(int64_t now_s, bool urgent) const { return now_s >= failed_at_s_ + PauseS(urgent); }

 private:
  static int64_t Power(int exponent) { return int64_t{1} << std::min(exponent, 30); }
  int failures_ = 0;
  int64_t failed_at_s_ = 0;
};

}  // namespace rha::node::persist
