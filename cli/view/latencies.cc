#include "cli/view/latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rha::cli {

// Below 2^kFractionBits each value has its bucket; from there on each power of two has that many.
size_t Latencies::BucketOf(int64_t us) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(us, 0));
  const int shift = std::max(static_cast<int>(std::bit_width(value)) - kFractionBits - 1, 0);
  const size_t bucket = (static_cast<size_t>(shift) << kFractionBits) + (value >> shift);
  return std::min(bucket, kBuckets - 1);
}

int64_t Latencies::LastOf(size_t bucket) {
  constexpr size_t kFirstOfAPower = size_t{1} << kFractionBits;
  if (bucket < 2 * kFirstOfAPower) return static_cast<int64_t>(bucket);
  const size_t shift = (bucket >> kFractionBits) - 1;
  const size_t mantissa = kFirstOfAPower + (bucket & (kFirstOfAPower - 1));
  return static_cast<int64_t>(((mantissa + 1) << shift) - 1);
}

void Latencies::Add(int64_t us) {
  ++counts_[BucketOf(us)];
  ++count_;
  max_us_ = std::max(max_us_, us);
}

void Latencies::Add(const Latencies& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_us_ = std::max(max_us_, other.max_us_);
}

int64_t Latencies::Percentile(double of_hundred) const {
  const auto wanted = static_cast<int64_t>(
      std::ceil(static_cast<double>(count_) * std::clamp(of_hundred, 0.0, 100.0) / 100));
  int64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    // The last bucket has no end.
    if (seen >= std::max<int64_t>(wanted, 1)) {
      return i + 1 == kBuckets ? max_us_ : std::min(LastOf(i), max_us_);
    }
  }
  return 0;
}

}  // namespace rha::cli
