// The event loop: one thread, epoll, level-triggered unless a watch asks for edges.
//
// One turn: wait for descriptors → call their watchers → run due timers → run posted work → run the
// turn hooks (where a server writes what the turn produced). Where the end of a turn is dear it may
// look first for what has become ready meanwhile (set_looks_per_turn).
// A watcher is a plain function pointer and an owner, so that the path from a socket to its handler
// has no virtual call and no allocation.
//
// Rules
//  * Everything but Post() and Stop() belongs to the loop's thread.
//  * A watch, timer or hook may be removed at any time, also from inside its own or another's
//  callback;
//    after that it is never called again.
//  * Timers never fire early; with equal deadlines they fire in the order they were set.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/base/unique_fd.h"

namespace rha::net {

class Reactor;

// Interest in one descriptor; lives inside its owner, which also owns the descriptor.
// Detaches itself when destroyed.
class IoWatch {
 public:
  using Callback = void (*)(void* owner, uint32_t epoll_events);

  IoWatch(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  IoWatch(const IoWatch&) = delete;
  IoWatch& operator=(const IoWatch&) = delete;
  ~IoWatch();

  bool attached() const { return reactor_ != nullptr; }
  uint32_t events() const { return events_; }

 private:
  friend class Reactor;
  Callback callback_;
  void* owner_;
  Reactor* reactor_ = nullptr;
  int fd_ = -1;
  uint32_t events_ = 0;
};

// 0 is never a valid id.
using TimerId = uint64_t;

class Reactor {
 public:
  static constexpr int kEventsPerLookMax = 512;
  static constexpr std::chrono::microseconds kLooksTimeMax{100};

  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // `events`: EPOLLIN | EPOLLOUT; errors and hang-ups are always reported. With EPOLLET only news
  // is, which spares the kernel a second look at each descriptor: whoever stops before reading or
  // writing has come to its end must Rearm().
  Status Attach(IoWatch& watch, int fd, uint32_t events);
  void SetEvents(IoWatch& watch, uint32_t events);
  // Reports what is there now once more.
  void Rearm(IoWatch& watch);
  void Detach(IoWatch& watch);

  // Exact to about 0.1 ms where the kernel can wait so (Linux 5.11), else to a millisecond; never
  // early.
  TimerId After(std::chrono::microseconds delay, std::function<void()> callback);
  // Repeats `interval` after each call has returned.
  TimerId Every(Millis interval, std::function<void()> callback);
  // Unknown and already fired ids are ignored.
  void Cancel(TimerId id);

  // Called at the end of every turn, before the loop waits again. Returns an id for RemoveTurnHook.
  uint64_t AddTurnHook(std::function<void()> hook);
  void RemoveTurnHook(uint64_t id);

  // Any thread: runs `work` in the loop, in order of posting.
  void Post(std::function<void()> work);
  // The process then no longer sees `signal_number` in any other way. Call before other threads
  // start.
  Status OnSignal(int signal_number, std::function<void()> callback);

  // Until Stop(). Stop may come from any thread or from inside a callback.
  void Run();
  void Stop();
  // One turn that waits at most `wait`; for tests and for loops with a condition of their own.
  void RunOnce(Millis wait);

  // A turn looks so often for ready descriptors, as long as it finds some and kLooksTimeMax is not
  // over. From the next turn on.
  void set_looks_per_turn(int looks) { looks_per_turn_ = looks; }

  // The time at which this turn began.
  MonoTime Now() const { return now_; }

  // When the turn under way began; none: it waits. May be asked in a signal handler of the loop's
  // thread.
  std::optional<MonoTime> TurnUnderWay() const {
    return now_ > turn_end_ ? std::optional(now_) : std::nullopt;
  }

  // Turns without their waiting: how long the others waited for whoever was served.
  struct TurnStats {
    uint64_t turns = 0;
    MonoTime::duration total{}, longest{};
  };
  const TurnStats& turn_stats() const { return turn_stats_; }
  void ResetTurnStats() { turn_stats_ = {}; }

 private:
  struct Timer {
    std::function<void()> callback;
    Millis interval{0};  // 0: once
  };
  using TimerKey = std::pair<MonoTime, TimerId>;

  TimerId AddTimer(std::chrono::microseconds delay, Millis interval,
                   std::function<void()> callback);
  std::chrono::nanoseconds WaitTime(Millis most) const;
  int Wait(std::chrono::nanoseconds wait);
  int Look(std::chrono::nanoseconds wait);
  void DispatchEvents(int count);
  void RunTimers();
  void RunPosted();
  void RunTurnHooks();
  void EndTurn();
  void Wake();

  UniqueFd epoll_, wake_, signals_;
  IoWatch wake_watch_, signal_watch_;
  std::map<int, std::function<void()>> signal_callbacks_;

  epoll_event ready_[kEventsPerLookMax];
  int ready_count_ = 0, ready_next_ = 0;
  int looks_per_turn_ = 1;

  std::map<TimerKey, Timer> timers_;
  std::map<TimerId, MonoTime> timer_deadlines_;
  TimerId next_timer_id_ = 1;
  TimerId running_timer_ = 0;  // a repeating timer that cancels itself must not come back
  std::vector<std::pair<uint64_t, std::function<void()>>> hooks_;
  uint64_t next_hook_id_ = 1;

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by posted_mutex_

  std::atomic<bool> stopping_{false};
  MonoTime now_, turn_end_;
  TurnStats turn_stats_;
};

}  // namespace rha::net
