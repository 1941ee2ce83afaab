#include "common/net/reactor.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <algorithm>

#include "common/base/check.h"

namespace rha::net {

IoWatch::~IoWatch() {
  if (reactor_ != nullptr) reactor_->Detach(*this);
}

Reactor::Reactor()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      wake_watch_(
          [](void* self, uint32_t) {
            uint64_t count;
            // Only a wake-up; the work lies in posted_.
            (void)!::read(static_cast<Reactor*>(self)->wake_.get(), &count, sizeof count);
          },
          this),
      signal_watch_(
          [](void* self_ptr, uint32_t) {
            auto* self = static_cast<Reactor*>(self_ptr);
            signalfd_siginfo info;
            while (::read(self->signals_.get(), &info, sizeof info) == sizeof info) {
              const auto found = self->signal_callbacks_.find(static_cast<int>(info.ssi_signo));
              if (found != self->signal_callbacks_.end()) found->second();
            }
          },
          this),
      now_(std::chrono::steady_clock::now()),
      turn_end_(now_) {
  RHA_CHECK(epoll_.valid() && wake_.valid());
  RHA_CHECK(Attach(wake_watch_, wake_.get(), EPOLLIN).ok());
}

Reactor::~Reactor() {
  Detach(wake_watch_);
  if (signal_watch_.attached()) Detach(signal_watch_);
}

Status Reactor::Attach(IoWatch& watch, int fd, uint32_t events) {
  RHA_CHECK(!watch.attached());
  epoll_event event{.events = events, .data = {.ptr = &watch}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return ErrnoStatus("watch a descriptor");
  watch.reactor_ = this;
  watch.fd_ = fd;
  watch.events_ = events;
  return {};
}

void Reactor::SetEvents(IoWatch& watch, uint32_t events) {
  RHA_CHECK(watch.reactor_ == this);
  if (watch.events_ == events) return;
  watch.events_ = events;
  Rearm(watch);
}

void Reactor::Rearm(IoWatch& watch) {
  RHA_CHECK(watch.reactor_ == this);
  epoll_event event{.events = watch.events_, .data = {.ptr = &watch}};
  RHA_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watch.fd_, &event) == 0);
}

void Reactor::Detach(IoWatch& watch) {
  if (watch.reactor_ == nullptr) return;
  RHA_CHECK(watch.reactor_ == this);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch.fd_, nullptr);
  watch.reactor_ = nullptr;
  // Events of this turn that still wait for the watch must not reach it.
  for (int i = ready_next_; i < ready_count_; ++i) {
    if (ready_[i].data.ptr == &watch) ready_[i].data.ptr = nullptr;
  }
}

TimerId Reactor::AddTimer(std::chrono::microseconds delay, Millis interval,
                          std::function<void()> callback) {
  const TimerId id = next_timer_id_++;
  const MonoTime deadline = std::chrono::steady_clock::now() + delay;
  timers_.emplace(TimerKey{deadline, id}, Timer{std::move(callback), interval});
  timer_deadlines_.emplace(id, deadline);
  return id;
}

TimerId Reactor::After(std::chrono::microseconds delay, std::function<void()> callback) {
  return AddTimer(delay, Millis(0), std::move(callback));
}

TimerId Reactor::Every(Millis interval, std::function<void()> callback) {
  RHA_CHECK(interval.count() > 0);
  return AddTimer(interval, interval, std::move(callback));
}

void Reactor::Cancel(TimerId id) {
  if (id == running_timer_) running_timer_ = 0;
  const auto found = timer_deadlines_.find(id);
  if (found == timer_deadlines_.end()) return;
  timers_.erase({found->second, id});
  timer_deadlines_.erase(found);
}

void Reactor::RunTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    auto node = timers_.extract(timers_.begin());
    const TimerId id = node.key().second;
    timer_deadlines_.erase(id);
    running_timer_ = id;
    node.mapped().callback();
    const bool repeat = node.mapped().interval.count() > 0 && running_timer_ == id;
    running_timer_ = 0;
    if (!repeat) continue;
    node.key().first = std::chrono::steady_clock::now() + node.mapped().interval;
    timer_deadlines_.emplace(id, node.key().first);
    timers_.insert(std::move(node));
  }
}

uint64_t Reactor::AddTurnHook(std::function<void()> hook) {
  hooks_.emplace_back(next_hook_id_, std::move(hook));
  return next_hook_id_++;
}

void Reactor::RemoveTurnHook(uint64_t id) {
  for (auto& [hook_id, hook] : hooks_) {
    if (hook_id == id) hook_id = 0;  // the entry itself goes after the round (RunTurnHooks)
  }
}

void Reactor::RunTurnHooks() {
  for (size_t i = 0; i < hooks_.size(); ++i) {
    if (hooks_[i].first != 0) hooks_[i].second();
  }
  std::erase_if(hooks_, [](const auto& entry) { return entry.first == 0; });
}

void Reactor::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(work));
  }
  Wake();
}

void Reactor::RunPosted() {
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void Reactor::Wake() {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

Status Reactor::OnSignal(int signal_number, std::function<void()> callback) {
  signal_callbacks_[signal_number] = std::move(callback);
  sigset_t set;
  sigemptyset(&set);
  for (const auto& [number, unused] : signal_callbacks_) sigaddset(&set, number);
  if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) return ErrnoStatus("block signals");
  const int fd = signalfd(signals_.get(), &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return ErrnoStatus("listen for signals");
  if (!signals_.valid()) {
    signals_.Reset(fd);
    return Attach(signal_watch_, fd, EPOLLIN);
  }
  return {};
}

void Reactor::Run() {
  while (!stopping_.load(std::memory_order_acquire)) RunOnce(Millis(1000));
  stopping_.store(false, std::memory_order_release);
}

void Reactor::Stop() {
  stopping_.store(true, std::memory_order_release);
  Wake();
}

std::chrono::nanoseconds Reactor::WaitTime(Millis most) const {
  if (timers_.empty()) return most;
  const std::chrono::nanoseconds until = timers_.begin()->first.first - turn_end_;
  return std::clamp<std::chrono::nanoseconds>(until, Millis(0), most);
}

// Less than a millisecond as exactly as it can be, where that matters, else rounded up: a timer
// must not fire early, and the loop must not spin until it is due. A kernel that cannot says
// ENOSYS, and EPERM for it some sandboxes (seccomp) that were made before the call was.
int Reactor::Wait(std::chrono::nanoseconds wait) {
  if (wait > Millis(0) && wait < Millis(1)) {
    const timespec exactly{0, wait.count()};
    const int count = epoll_pwait2(epoll_.get(), ready_, kEventsPerLookMax, &exactly, nullptr);
    if (count >= 0 || errno == EINTR) return count;
  }
  const auto millis = static_cast<int>(std::chrono::ceil<Millis>(wait).count());
  return epoll_wait(epoll_.get(), ready_, kEventsPerLookMax, millis);
}

// How many are ready.
int Reactor::Look(std::chrono::nanoseconds wait) {
  const int count = Wait(wait);
  RHA_CHECK(count >= 0 || errno == EINTR);
  return std::max(count, 0);
}

void Reactor::RunOnce(Millis wait) {
  int ready = Look(WaitTime(wait));
  now_ = std::chrono::steady_clock::now();
  for (int looks = 1; ready > 0; ++looks) {
    DispatchEvents(ready);
    const bool more = looks < looks_per_turn_ && !stopping_.load(std::memory_order_relaxed) &&
                      std::chrono::steady_clock::now() - now_ < kLooksTimeMax;
    ready = more ? Look(Millis(0)) : 0;
  }
  RunTimers();
  RunPosted();
  RunTurnHooks();
  EndTurn();
}

void Reactor::EndTurn() {
  turn_end_ = std::chrono::steady_clock::now();
  const auto took = turn_end_ - now_;
  ++turn_stats_.turns;
  turn_stats_.total += took;
  turn_stats_.longest = std::max(turn_stats_.longest, took);
}

void Reactor::DispatchEvents(int count) {
  ready_count_ = count;
  // Who stops the loop wants nothing more to happen.
  for (ready_next_ = 0; ready_next_ < ready_count_ && !stopping_.load(std::memory_order_relaxed);) {
    const epoll_event event = ready_[ready_next_++];
    if (auto* watch = static_cast<IoWatch*>(event.data.ptr))
      watch->callback_(watch->owner_, event.events);
  }
  ready_count_ = ready_next_ = 0;
}

}  // namespace rha::net
