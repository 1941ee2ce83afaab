// How long the calls of one command took, for LATENCY HISTOGRAM and INFO latencystats.
//
// Whole microseconds are counted in buckets: one for each below 16, then 16 to each doubling, so a
// percentile is at most 1/16 too high; from a second on all is one. 2 KB, counts never wrap.
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rha::node::dispatch {

class LatencyHistogram {
 public:
  // REQUIRES: 0 or more.
  void Record(int64_t duration_us) {
    ++counts_[BucketOf(duration_us)];
    ++calls_;
  }
  uint64_t calls() const { return calls_; }
  // (bound in microseconds, calls faster than it), the bounds powers of two; those that add no
  // calls are left out, as Redis does.
  std::vector<std::pair<int64_t, uint64_t>> PowersOfTwo() const;
  // Such that `percent` of the calls were faster; 0 without calls. Of a call of a second and more
  // no more is known.
  int64_t PercentileUs(double percent) const;

 private:
  static constexpr int kSubBits = 4;  // log2 of the buckets of a doubling
  static constexpr int kMaxBits = 20;
  static constexpr int64_t kMaxUs = int64_t{1} << kMaxBits;
  static constexpr size_t kSub = size_t{1} << kSubBits;

  static size_t BucketOf(int64_t duration_us) {
    const auto us = static_cast<uint64_t>(std::min(duration_us, kMaxUs - 1));
    if (us < kSub) return us;
    const int shift = std::bit_width(us) - kSubBits - 1;
    return (static_cast<size_t>(shift) << kSubBits) + (us >> shift);
  }
  // The first microsecond beyond a bucket.
  static int64_t EndOf(size_t bucket);

  uint64_t calls_ = 0;
  std::array<uint64_t, (kMaxBits - kSubBits + 1) * kSub> counts_{};
};

}  // namespace rha::node::dispatch
