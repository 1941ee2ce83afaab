// How often a key is used, in one byte: a counter that grows the more rarely the greater it is, and
// sinks with time (Redis' LFU; Morris 1978, "Counting large numbers of events in small registers").
//
// Thread rule: any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/prng.h"

namespace rha::node::keyspace {

class Frequency {
 public:
  // Of a new key, so that it is not the first to go before anybody could have used it again.
  static constexpr uint8_t kFirst = 5;

  // With a log factor of 10 a million uses reach 255.
  static uint8_t AfterUse(uint8_t counter, int64_t log_factor, Prng& prng) {
    if (counter == UINT8_MAX) return counter;
    const auto above = static_cast<uint64_t>(std::max(0, counter - kFirst));
    const uint64_t rarity = above * static_cast<uint64_t>(log_factor) + 1;
    return prng.Below(rarity) == 0 ? counter + 1 : counter;
  }
  static uint8_t Decayed(uint8_t counter, uint8_t steps) {
    return counter > steps ? counter - steps : 0;
  }
};

// Counts the steps of decay that are due whenever it is asked.
class DecayClock {
 public:
  // `minutes` for one step; 0: never.
  uint8_t Due(int64_t now_s, int64_t minutes) {
    const int64_t now_min = now_s / 60;
    if (minutes <= 0 || last_min_ == kUnset || now_min < last_min_) {
      last_min_ = now_min;
      return 0;
    }
    const int64_t steps = (now_min - last_min_) / minutes;
    last_min_ += steps * minutes;
    return static_cast<uint8_t>(std::min<int64_t>(steps, UINT8_MAX));
  }

 private:
  static constexpr int64_t kUnset = INT64_MIN;
  int64_t last_min_ = kUnset;
};

}  // namespace rha::node::keyspace
