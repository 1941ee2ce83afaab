// A figure that only grows, seen as a rate: the mean of the last 16 samples, as Redis takes ten a
// second. One that shrinks was reset. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>

namespace rha {

class Rate {
 public:
  void Sample(uint64_t value, int64_t now_ms) {
    if (now_ms <= last_ms_) return;
    if (last_ms_ != 0) {
      const uint64_t grown = value >= last_value_ ? value - last_value_ : 0;
      samples_[next_++ % samples_.size()] =
          static_cast<double>(grown) * 1000.0 / static_cast<double>(now_ms - last_ms_);
    }
    last_value_ = value;
    last_ms_ = now_ms;
  }
  double PerSecond() const {
    return std::accumulate(samples_.begin(), samples_.end(), 0.0) /
           static_cast<double>(samples_.size());
  }

 private:
  uint64_t last_value_ = 0;
  int64_t last_ms_ = 0;
  std::array<double, 16> samples_{};
  size_t next_ = 0;
};

}  // namespace rha
