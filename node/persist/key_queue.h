// KeyQueue: writes keys a few steps behind those it is given, so that their blocks have come into
// the cache by then.
//
// Invariant: what was added is unchanged until Flush().
// Thread rule: the writer's.
#pragma once

#include <array>
#include <cstddef>

#include "node/persist/rdb_writer.h"

namespace rha::node::persist {

class KeyQueue {
 public:
  explicit KeyQueue(RdbWriter& writer) : writer_(writer) {}

  void Add(const keyspace::Item& item) {
    item.entry().Prefetch();
    keyspace::Item& slot = ring_[next_++ % kLength];
    if (slot) writer_.Key(slot);
    slot = item;
  }
  void Flush() {
    for (size_t i = 0; i < kLength; ++i) {
      keyspace::Item& slot = ring_[next_++ % kLength];
      if (slot) writer_.Key(slot);
      slot = keyspace::Item();
    }
  }

 private:
  static constexpr size_t kLength = 16;

  RdbWriter& writer_;
  std::array<keyspace::Item, kLength> ring_;
  size_t next_ = 0;
};

}  // namespace rha::node::persist
