// When a key was last used, in one byte.
//
//   0xxxxxxx   the second, modulo 128: exact for the last two minutes
//   1xxxxxxx   the 64 seconds, modulo 128: for the last two hours
//
// Time goes on, so a byte must be settled at least once a minute (the keyspace's sweep does): a
// recent one becomes a coarse one, and a coarse one stays at the oldest it can say.
// Thread rule: any thread.
#pragma once

#include <cstdint>

namespace rha::node::keyspace {

class AgeClock {
 public:
  static constexpr int64_t kCoarseSeconds = 64;
  static constexpr int64_t kIdleMaxSeconds = 126 * kCoarseSeconds;

  static uint8_t Now(int64_t now_s) { return static_cast<uint8_t>(now_s & 127); }
  static uint8_t UsedAt(int64_t used_s, int64_t now_s) {
    const int64_t idle_s = now_s - used_s;
    if (idle_s < kCoarseSeconds) return Now(idle_s < 0 ? now_s : used_s);
    if (idle_s > kIdleMaxSeconds) used_s = now_s - kIdleMaxSeconds;
    return static_cast<uint8_t>(128 | ((used_s / kCoarseSeconds) & 127));
  }
  static int64_t IdleSeconds(uint8_t age, int64_t now_s) {
    if (age < 128) return (now_s - age) & 127;
    const int64_t periods = (now_s / kCoarseSeconds - age) & 127;
    return periods * kCoarseSeconds + now_s % kCoarseSeconds;
  }
  static uint8_t Settled(uint8_t age, int64_t now_s) {
    const int64_t idle_s = IdleSeconds(age, now_s);
    return age < 128 && idle_s < kCoarseSeconds ? age : UsedAt(now_s - idle_s, now_s);
  }
};

}  // namespace rha::node::keyspace
