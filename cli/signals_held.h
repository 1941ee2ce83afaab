// The signals that would end this program wait while it has something to undo: others' settings, or
// keys that it wrote. Threads that are started meanwhile hold them too.
#pragma once

#include <chrono>
#include <csignal>
#include <ctime>

namespace rha::cli {

class SignalsHeld {
 public:
  SignalsHeld() {
    sigemptyset(&held_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&held_, signal);
    ::sigprocmask(SIG_BLOCK, &held_, &before_);
  }
  ~SignalsHeld() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  // True: one came before that time, and is taken.
  bool AwaitUntil(std::chrono::steady_clock::time_point end) const {
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(end - std::chrono::steady_clock::now())
            .count();
    if (left <= 0) return false;
    const timespec wait{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    return ::sigtimedwait(&held_, nullptr, &wait) > 0;
  }

 private:
  sigset_t held_{}, before_{};
};

}  // namespace rha::cli
