// Time as an argument. Code that decides takes a Clock& (or a `now`), so tests move time by hand.
//
// Two notions that must not be mixed: monotonic time for intervals and timeouts, wall time (Unix
// milliseconds) for what users and files see, such as key expiry.
// Thread rule: SystemClock may be used from any thread; ManualClock belongs to one.
#pragma once

#include <chrono>
#include <cstdint>

namespace rha {

using Millis = std::chrono::milliseconds;
using MonoTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime Now() const = 0;
  virtual int64_t UnixMicros() const = 0;
  int64_t UnixMillis() const { return UnixMicros() / 1000; }
};

class SystemClock final : public Clock {
 public:
  MonoTime Now() const override { return std::chrono::steady_clock::now(); }
  int64_t UnixMicros() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// Both notions advance together, and only by Advance().
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t unix_ms = 1'700'000'000'000) : unix_us_(unix_ms * 1000) {}
  MonoTime Now() const override { return now_; }
  int64_t UnixMicros() const override { return unix_us_; }
  void Advance(Millis by) {
    now_ += by;
    unix_us_ += by.count() * 1000;
  }

 private:
  MonoTime now_{std::chrono::hours(1)};
  int64_t unix_us_;
};

}  // namespace rha
