// KeyQueue: writes keys a few steps behind those it is given, so that their blocks have come into
// the cache by then.
//
// Invariant: what was added is unchanged until Flush().
// Thread rule: the writer's.
#pragma once

#include <array>
#include <cstddef>

#include "node/keyspace/item.h"
#include "node/keyspace/key_use.h"

namespace rha::node::persist {

template <typename Writer>
class KeyQueue {
 public:
  explicit KeyQueue(Writer& writer) : writer_(writer) {}

  void Add(const keyspace::Item& item, keyspace::KeyUse use) {
    item.entry().Prefetch();
    Replace({item, use});
  }
  void Flush() {
    for (size_t i = 0; i < kLength; ++i) Replace({});
  }

 private:
  static constexpr size_t kLength = 16;
  struct Waiting {
    keyspace::Item item;
    keyspace::KeyUse use;
  };
  void Replace(const Waiting& by) {
    Waiting& slot = ring_[next_++ % kLength];
    if (slot.item) {
      writer_.Use(slot.use);
      writer_.Key(slot.item);
    }
    slot = by;
  }

  Writer& writer_;
  std::array<Waiting, kLength> ring_;
  size_t next_ = 0;
};

}  // namespace rha::node::persist
