// Frees big things in the background, so that no command waits for it.
//
// What is handed over must not be reachable by anybody else. The thread is started by the first
// thing handed over and ended by the destructor, which waits until all is freed.
// Thread rule: the engine's thread calls; one thread of its own works.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "node/structs/entry_table.h"
#include "node/types/large_value.h"

namespace rha::node::keyspace {

class Reclaimer {
 public:
  Reclaimer() = default;
  ~Reclaimer();
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  // Small ones are freed at once.
  void Free(std::unique_ptr<types::LargeValue> value);
  // With all values.
  void Free(std::unique_ptr<structs::KeyTable> table);

  // Values and keys that wait to be freed, and those freed in the background so far.
  size_t pending() const { return pending_.load(std::memory_order_relaxed); }
  uint64_t freed() const { return freed_.load(std::memory_order_relaxed); }
  void ResetFreed() { freed_ = 0; }

 private:
  struct Job {
    std::unique_ptr<types::LargeValue> value;
    std::unique_ptr<structs::KeyTable> table;
    size_t objects;
  };
  void Enqueue(Job job);
  void Work();

  std::atomic<size_t> pending_{0};
  std::atomic<uint64_t> freed_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

// Frees a table's entries with their large values, here and now.
void FreeAll(structs::KeyTable& table);

}  // namespace rha::node::keyspace
