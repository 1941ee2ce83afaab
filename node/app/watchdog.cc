#include "node/app/watchdog.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

#include "common/base/log.h"
#include "common/net/reactor.h"
#include "node/app/signal_log.h"
#include "node/dispatch/engine.h"

namespace rha::node::app {
namespace {

// A period of less would be about the machine, not about commands.
constexpr Millis kPeriodMin{10};

}  // namespace

Watchdog* Watchdog::watching_ = nullptr;

void Watchdog::Set(Millis period) {
  if (period > Millis(0)) period = std::max(period, kPeriodMin);
  if (period == period_) return;
  if (period_ == Millis(0)) {
    signal_log::Prepare();
    watching_ = this;
    struct sigaction action {};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    ::sigaction(SIGALRM, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event._sigev_un._tid = ::gettid();
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
      log::Error("watchdog-period: no timer: {}", std::strerror(errno));
      return;
    }
  }
  period_ = period;
  if (period == Millis(0)) {
    ::timer_delete(timer_);
    ::signal(SIGALRM, SIG_IGN);
    watching_ = nullptr;
    return;
  }
  const auto every = std::chrono::duration_cast<std::chrono::nanoseconds>(period) / 2;
  itimerspec times{};
  times.it_interval.tv_sec = every.count() / 1'000'000'000;
  times.it_interval.tv_nsec = every.count() % 1'000'000'000;
  times.it_value = times.it_interval;
  ::timer_settime(timer_, 0, &times, nullptr);
}

// From here on only what a signal handler may call.
void Watchdog::OnSignal(int) {
  const int error = errno;
  if (watching_ != nullptr) watching_->Look();
  errno = error;
}

void Watchdog::Look() {
  const std::optional<MonoTime> turn = reactor_.TurnUnderWay();
  if (!turn) return;
  const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - *turn);
  if (took < period_ || (*turn == turn_ && took < 2 * told_after_)) return;
  turn_ = *turn;
  told_after_ = took;
  using signal_log::Put;
  Put("\n--- WATCHDOG TIMER EXPIRED ---\nA turn of the loop has taken ");
  Put(took.count());
  Put(" ms so far. Command: ");
  Put(engine_.running_command());
  Put("\n");
  signal_log::PutFrames();
  Put("------ lines of the source: addr2line -Cfpe redisha-node (the +0x... of each frame)\n");
}

}  // namespace rha::node::app
