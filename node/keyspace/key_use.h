// What is known of the use of a key that is saved or loaded: how long it has been idle, or how
// often it is used, or nothing. Files and snapshots carry it from one server to the next.
// Thread rule: a value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace rha::node::keyspace {

class KeyUse {
 public:
  static constexpr uint64_t kIdleSecondsMax = 0x3fff;  // longer ones count as that long

  constexpr KeyUse() = default;
  static KeyUse Idle(uint64_t seconds) {
    return KeyUse(kIdle | static_cast<uint16_t>(std::min(seconds, kIdleSecondsMax)));
  }
  static KeyUse Frequency(uint8_t counter) { return KeyUse(kFrequency | counter); }

  std::optional<uint16_t> idle_seconds() const { return Of(kIdle); }
  std::optional<uint8_t> frequency() const {
    const auto counter = Of(kFrequency);
    return counter ? std::optional(static_cast<uint8_t>(*counter)) : std::nullopt;
  }

 private:
  static constexpr uint16_t kIdle = 0x4000, kFrequency = 0x8000;
  explicit KeyUse(int word) : word_(static_cast<uint16_t>(word)) {}
  std::optional<uint16_t> Of(uint16_t what) const {
    if ((word_ & (kIdle | kFrequency)) != what) return std::nullopt;
    return word_ & kIdleSecondsMax;
  }

  uint16_t word_ = 0;
};

}  // namespace rha::node::keyspace
