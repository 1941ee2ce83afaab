#include "node/dispatch/latency_histogram.h"

#include <cmath>

namespace rha::node::dispatch {

int64_t LatencyHistogram::EndOf(size_t bucket) {
  if (bucket < kSub) return static_cast<int64_t>(bucket) + 1;
  const size_t shift = (bucket >> kSubBits) - 1;
  const size_t place = bucket - (shift << kSubBits);  // kSub up to twice that
  return static_cast<int64_t>((place + 1) << shift);
}

std::vector<std::pair<int64_t, uint64_t>> LatencyHistogram::PowersOfTwo() const {
  std::vector<std::pair<int64_t, uint64_t>> bounds;
  uint64_t sum = 0, shown = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    sum += counts_[i];
    const int64_t end = EndOf(i);
    if ((end & (end - 1)) != 0 || sum == shown) continue;
    bounds.emplace_back(end, sum);
    shown = sum;
  }
  return bounds;
}

int64_t LatencyHistogram::PercentileUs(double percent) const {
  const double wanted = std::max(1.0, std::ceil(static_cast<double>(calls_) * percent / 100));
  uint64_t sum = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    sum += counts_[i];
    if (static_cast<double>(sum) >= wanted) return EndOf(i);
  }
  return 0;
}

}  // namespace rha::node::dispatch
