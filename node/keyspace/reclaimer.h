// Frees big things in slices, so that no command waits for it and no thread is in the way.
//
// What is handed over must not be reachable by anybody else. Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "node/structs/entry_table.h"
#include "node/types/large_value.h"

namespace rha::node::keyspace {

class Reclaimer {
 public:
  Reclaimer() = default;
  ~Reclaimer();
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  // Called when Step() has something to do; may be empty.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  // Small ones are freed at once.
  void Free(std::unique_ptr<types::LargeValue> value);
  // With all values.
  void Free(std::unique_ptr<structs::KeyTable> table);
  // Frees about `budget` keys, members or nodes; true: there is more.
  bool Step(size_t budget);

  // Values and keys that wait to be freed, and those that had to wait and are freed.
  size_t pending() const { return pending_; }
  uint64_t freed() const { return freed_; }
  void ResetFreed() { freed_ = 0; }

 private:
  bool FreeSome(structs::KeyTable& table, size_t budget);
  void Done(size_t objects) {
    pending_ -= objects;
    freed_ += objects;
  }

  std::function<void()> wake_;
  std::deque<std::unique_ptr<types::LargeValue>> values_;
  std::deque<std::unique_ptr<structs::KeyTable>> tables_;
  size_t pending_ = 0;
  uint64_t freed_ = 0;
};

}  // namespace rha::node::keyspace
