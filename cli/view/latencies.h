// How long commands took, in microseconds. Counted in buckets that are at most 1/32 of their value
// wide, so a percentile is never too low and at most 3 % too high. Pure; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rha::cli {

class Latencies {
 public:
  void Add(int64_t us);
  void Add(const Latencies& other);
  int64_t count() const { return count_; }
  int64_t max_us() const { return max_us_; }
  // `of_hundred`: 50, 99, 99.9. 0 where nothing was counted.
  int64_t Percentile(double of_hundred) const;

 private:
  static constexpr int kFractionBits = 5;
  static constexpr int kExponents = 32;  // up to 2^36 µs, 19 hours; what is longer is in the last
  static constexpr size_t kBuckets = static_cast<size_t>(kExponents + 1) << kFractionBits;
  static size_t BucketOf(int64_t us);
  static int64_t LastOf(size_t bucket);

  std::array<int64_t, kBuckets> counts_{};
  int64_t count_ = 0;
  int64_t max_us_ = 0;
};

}  // namespace rha::cli
