// The simulator's only clock: a queue of things that happen at a logical time. Ties happen in the
// order they were scheduled, so a run is a function of its seed.
//
// A run schedules some hundred thousand things, so a Task keeps its captures inside itself, and the
// heap sorts small entries that name a task's place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "sidecar/core/types.h"

namespace rha::sim {

using sidecar::core::LogicalTime;
using sidecar::core::Millis;

// A callable that is moved, never copied, and never allocates.
class Task {
 public:
  Task() = default;
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Task>)
      Task(F&& work) {  // NOLINT: any callable is a task
    using Work = std::remove_cvref_t<F>;
    static_assert(sizeof(Work) <= sizeof storage_, "captures too much");
    new (storage_) Work(std::forward<F>(work));
    run_ = [](std::byte* self) { (*reinterpret_cast<Work*>(self))(); };
    relocate_ = [](std::byte* from, std::byte* to) {
      auto* work = reinterpret_cast<Work*>(from);
      if (to != nullptr) new (to) Work(std::move(*work));
      work->~Work();
    };
  }
  Task(Task&& other) noexcept { TakeFrom(other); }
  Task& operator=(Task&& other) noexcept {
    if (this == &other) return *this;
    Clear();
    TakeFrom(other);
    return *this;
  }
  ~Task() { Clear(); }
  void operator()() { run_(storage_); }

 private:
  void Clear() {
    if (relocate_ != nullptr) relocate_(storage_, nullptr);
    relocate_ = nullptr;
  }
  void TakeFrom(Task& other) {
    run_ = other.run_;
    relocate_ = std::exchange(other.relocate_, nullptr);
    if (relocate_ != nullptr) relocate_(other.storage_, storage_);
  }

  alignas(std::max_align_t) std::byte storage_[224];
  void (*run_)(std::byte*) = nullptr;
  void (*relocate_)(std::byte* from, std::byte* to) = nullptr;  // to nowhere: destroy
};

class Queue {
 public:
  LogicalTime now() const { return now_; }

  void At(LogicalTime time, Task task) {
    size_t place = tasks_.size();
    if (free_.empty()) {
      tasks_.push_back(std::move(task));
    } else {
      place = free_.back();
      free_.pop_back();
      tasks_[place] = std::move(task);
    }
    heap_.push_back({std::max(time, now_), next_++, place});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
  void After(Millis delay, Task task) { At(now_ + delay, std::move(task)); }

  void RunUntil(LogicalTime end) {
    while (!heap_.empty() && heap_.front().time <= end) {
      const Entry entry = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      now_ = entry.time;
      Task task = std::move(tasks_[entry.place]);
      free_.push_back(entry.place);
      task();
    }
    now_ = end;
  }

 private:
  struct Entry {
    LogicalTime time;
    uint64_t order;
    size_t place;
    bool operator>(const Entry& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  LogicalTime now_{Millis{1000000}};
  uint64_t next_ = 0;
  std::vector<Entry> heap_;
  std::vector<Task> tasks_;
  std::vector<size_t> free_;
};

}  // namespace rha::sim
