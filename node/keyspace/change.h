// That a key is not what it was: what WATCH, who waits for a key, and the caches of clients ask of
// each change; and whether anybody asks.
//
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>

namespace rha::node::keyspace {

struct Change {
  bool exists;         // the key is there
  bool wakes = false;  // whoever waits for the key has to look again
  bool value = true;   // false: of a stream only what its groups know has changed
  bool asked = true;   // false: its time had come, or memory was short
};

// Who wants to be told of changes. Each party says so itself; while none does, a change costs one
// look.
class Interest {
 public:
  enum Party : uint8_t { kWatching = 1 << 0, kWaiting = 1 << 1, kTracking = 1 << 2 };
  void Set(Party party, bool wanted) {
    parties_ = static_cast<uint8_t>(wanted ? parties_ | party : parties_ & ~party);
  }
  bool any() const { return parties_ != 0; }

 private:
  uint8_t parties_ = 0;
};

}  // namespace rha::node::keyspace
