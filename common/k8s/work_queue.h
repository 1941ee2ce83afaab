// The queue of a controller: names of objects that want attention, each at most once.
//
//   queue       keys in order, ready to be taken
//   dirty       keys that want attention (those in the queue, and those changed while processed)
//   processing  keys a worker has now; never given to a second one
//   delayed     keys with a time; the earliest wins
//
// WorkQueue is pure (time is an argument, one owner); SharedWorkQueue adds a lock and blocking.
// After client-go's util/workqueue.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>

#include "common/base/clock.h"
#include "common/k8s/object_ref.h"

namespace rha::k8s {

class WorkQueue {
 public:
  // How long each key waited and was worked on, for metrics.
  struct Taken {
    ObjectKey key;
    Millis waited;
  };

  void Add(const ObjectKey& key, MonoTime now);
  void AddAt(const ObjectKey& key, MonoTime due);
  // The next key, with those whose time has come moved into the queue first.
  std::optional<Taken> Take(MonoTime now);
  // The worker has finished; a key that changed meanwhile is queued again.
  void Done(const ObjectKey& key, MonoTime now);
  // When Take has something new to offer, if only time must pass.
  std::optional<MonoTime> NextDue() const;
  size_t depth() const { return queue_.size(); }
  size_t processing() const { return processing_.size(); }
  // How long the keys that workers have now have been with them: together, and the longest.
  struct Unfinished {
    Millis sum{0}, longest{0};
  };
  Unfinished unfinished(MonoTime now) const;

 private:
  void ReleaseDue(MonoTime now);

  std::deque<ObjectKey> queue_;
  std::map<ObjectKey, MonoTime> dirty_;       // since when
  std::map<ObjectKey, MonoTime> processing_;  // since when
  std::map<ObjectKey, MonoTime> delayed_;
  std::set<std::pair<MonoTime, ObjectKey>> by_time_;
};

// Exponential backoff per key. One owner, as WorkQueue.
class RetryBackoff {
 public:
  Millis Next(const ObjectKey& key);
  void Forget(const ObjectKey& key) { failures_.erase(key); }
  int Failures(const ObjectKey& key) const;

 private:
  std::map<ObjectKey, int> failures_;
};

// Any thread.
class SharedWorkQueue {
 public:
  explicit SharedWorkQueue(const Clock& clock) : clock_(clock) {}

  void Add(const ObjectKey& key);
  void AddAfter(const ObjectKey& key, Millis delay);
  // Queues the key again after its backoff; returns the delay.
  Millis AddRetry(const ObjectKey& key);
  void Forget(const ObjectKey& key);
  // Blocks until a key is there; nothing once stopped.
  std::optional<WorkQueue::Taken> Take(std::stop_token stop);
  void Done(const ObjectKey& key);
  size_t depth() const;
  size_t processing() const;
  WorkQueue::Unfinished unfinished() const;
  uint64_t adds() const;
  uint64_t retries() const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  WorkQueue queue_;
  RetryBackoff backoff_;
  uint64_t adds_ = 0;
  uint64_t retries_ = 0;
};

}  // namespace rha::k8s
