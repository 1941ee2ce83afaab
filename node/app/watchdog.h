// The software watchdog (watchdog-period): when one turn of the loop takes longer than that, the
// log says which command runs and where it is, by the frames of the loop's thread; once more after
// twice the time, four times and so on, so that a turn that hangs is told from one that is slow.
// Whoever waits for input is not busy. Nothing of the data is in it.
//
// A signal to the loop's thread comes twice in each period: what the loop pays for it, it pays only
// while the watchdog is on. Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <ctime>

#include "common/base/clock.h"

namespace rha::net {
class Reactor;
}
namespace rha::node::dispatch {
class Engine;
}

namespace rha::node::app {

class Watchdog {
 public:
  Watchdog(const net::Reactor& reactor, const dispatch::Engine& engine)
      : reactor_(reactor), engine_(engine) {}
  ~Watchdog() { Set(Millis(0)); }

  // 0: off. What it watches is the thread that calls this.
  void Set(Millis period);

 private:
  static void OnSignal(int);
  void Look();

  static Watchdog* watching_;
  const net::Reactor& reactor_;
  const dispatch::Engine& engine_;
  Millis period_{0};
  timer_t timer_{};
  MonoTime turn_{};      // the last that was told of
  Millis told_after_{};  // and for how long it had taken then
};

}  // namespace rha::node::app
