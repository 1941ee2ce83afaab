// The simulator's only clock: a queue of things that happen at a logical time. Ties happen in the
// order they were scheduled, so a run is a function of its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "sidecar/core/types.h"

namespace rha::sim {

using sidecar::core::LogicalTime;
using sidecar::core::Millis;

class Queue {
 public:
  LogicalTime now() const { return now_; }

  void At(LogicalTime time, std::function<void()> action) {
    entries_.push({time < now_ ? now_ : time, next_++, std::move(action)});
  }
  void After(Millis delay, std::function<void()> action) { At(now_ + delay, std::move(action)); }

  void RunUntil(LogicalTime end) {
    while (!entries_.empty() && entries_.top().time <= end) {
      Entry entry = std::move(const_cast<Entry&>(entries_.top()));
      entries_.pop();
      now_ = entry.time;
      entry.action();
    }
    now_ = end;
  }

 private:
  struct Entry {
    LogicalTime time;
    uint64_t order;
    std::function<void()> action;
    bool operator<(const Entry& other) const {
      return std::pair(time, order) > std::pair(other.time, other.order);
    }
  };
  LogicalTime now_{Millis{1000000}};
  uint64_t next_ = 0;
  std::priority_queue<Entry> entries_;
};

}  // namespace rha::sim
