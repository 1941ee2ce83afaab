#include "common/k8s/work_queue.h"

#include <algorithm>

#include "common/k8s/limits.h"

namespace rha::k8s {

void WorkQueue::Add(const ObjectKey& key, MonoTime now) {
  if (!dirty_.emplace(key, now).second) return;
  if (processing_.count(key) == 0) queue_.push_back(key);
}

void WorkQueue::AddAt(const ObjectKey& key, MonoTime due) {
  const auto [entry, inserted] = delayed_.emplace(key, due);
  if (!inserted) {
    if (entry->second <= due) return;
    by_time_.erase({entry->second, key});
    entry->second = due;
  }
  by_time_.emplace(due, key);
}

void WorkQueue::ReleaseDue(MonoTime now) {
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const ObjectKey key = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    delayed_.erase(key);
    Add(key, now);
  }
}

std::optional<WorkQueue::Taken> WorkQueue::Take(MonoTime now) {
  ReleaseDue(now);
  if (queue_.empty()) return std::nullopt;
  Taken taken{std::move(queue_.front()), {}};
  queue_.pop_front();
  const auto entry = dirty_.find(taken.key);
  taken.waited = std::chrono::duration_cast<Millis>(now - entry->second);
  dirty_.erase(entry);
  processing_.emplace(taken.key, now);
  return taken;
}

void WorkQueue::Done(const ObjectKey& key, MonoTime) {
  if (processing_.erase(key) > 0 && dirty_.count(key) > 0) queue_.push_back(key);
}

WorkQueue::Unfinished WorkQueue::unfinished(MonoTime now) const {
  Unfinished result;
  for (const auto& [key, since] : processing_) {
    const auto time = std::chrono::duration_cast<Millis>(now - since);
    result.sum += time;
    result.longest = std::max(result.longest, time);
  }
  return result;
}

std::optional<MonoTime> WorkQueue::NextDue() const {
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

Millis RetryBackoff::Next(const ObjectKey& key) {
  const int doublings = std::min(failures_[key]++, 20);
  return std::min(kRetryBackoffMin * (1 << doublings), kRetryBackoffMax);
}

int RetryBackoff::Failures(const ObjectKey& key) const {
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

void SharedWorkQueue::Add(const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  ++adds_;
  queue_.Add(key, clock_.Now());
  changed_.notify_one();
}

void SharedWorkQueue::AddAfter(const ObjectKey& key, Millis delay) {
  const std::lock_guard lock(mutex_);
  queue_.AddAt(key, clock_.Now() + delay);
  changed_.notify_one();
}

Millis SharedWorkQueue::AddRetry(const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  ++retries_;
  const Millis delay = backoff_.Next(key);
  queue_.AddAt(key, clock_.Now() + delay);
  changed_.notify_one();
  return delay;
}

void SharedWorkQueue::Forget(const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  backoff_.Forget(key);
}

std::optional<WorkQueue::Taken> SharedWorkQueue::Take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (auto taken = queue_.Take(clock_.Now())) return taken;
    const auto due = queue_.NextDue();
    const auto woken = [this, &due] { return queue_.depth() > 0 || queue_.NextDue() != due; };
    if (due) {
      changed_.wait_until(lock, stop, *due, woken);
    } else {
      changed_.wait(lock, stop, woken);
    }
  }
  return std::nullopt;
}

void SharedWorkQueue::Done(const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  queue_.Done(key, clock_.Now());
  changed_.notify_one();
}

size_t SharedWorkQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return queue_.depth();
}
size_t SharedWorkQueue::processing() const {
  const std::lock_guard lock(mutex_);
  return queue_.processing();
}
WorkQueue::Unfinished SharedWorkQueue::unfinished() const {
  const std::lock_guard lock(mutex_);
  return queue_.unfinished(clock_.Now());
}
uint64_t SharedWorkQueue::adds() const {
  const std::lock_guard lock(mutex_);
  return adds_;
}
uint64_t SharedWorkQueue::retries() const {
  const std::lock_guard lock(mutex_);
  return retries_;
}

}  // namespace rha::k8s
