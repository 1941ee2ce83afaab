// A consumer group of a stream: how far it has read, its consumers, and what was delivered to them
// and not acknowledged yet.
//
//   pending()            id ─▶ when, how often, to whom      (Redis' PEL of the group)
//   consumer.pending     the ids among them that are its own
//
// Invariant: an id is pending for exactly one consumer, and stands in both places.
// Complexity: all about one id O(log n). Thread rule: the engine's thread, or who frees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "node/structs/id_tree.h"

namespace rha::node::types {

using structs::StreamId;

struct StreamConsumerState {
  struct Nothing {};
  static constexpr int64_t kNeverActive = -1;

  int64_t seen_ms = 0;               // when it last asked, Unix milliseconds
  int64_t active_ms = kNeverActive;  // when it last got or claimed something
  structs::IdTree<Nothing> pending;
};
// In the order of their names, which is that of Redis' replies.
using StreamConsumers = std::map<std::string, StreamConsumerState, std::less<>>;
// With its name. Stays where it is while it is one of the group's.
using StreamConsumer = StreamConsumers::value_type;

class StreamGroup {
 public:
  struct Delivery {
    int64_t at_ms;  // Unix milliseconds
    uint64_t count;
    StreamConsumer* consumer;
  };
  using Pending = structs::IdTree<Delivery>;
  static constexpr int64_t kReadsUnknown = -1;

  StreamId last_id;                      // of what was delivered
  int64_t entries_read = kReadsUnknown;  // of all that were ever added

  const Pending& pending() const { return pending_; }
  const StreamConsumers& consumers() const { return consumers_; }
  // Null: there is none of that name.
  StreamConsumer* FindConsumer(std::string_view name);
  const StreamConsumer* FindConsumer(std::string_view name) const {
    return const_cast<StreamGroup*>(this)->FindConsumer(name);
  }
  // The one of that name, and whether it is new.
  std::pair<StreamConsumer*, bool> MakeConsumer(std::string_view name, int64_t seen_ms);
  // With all that is pending for it.
  void RemoveConsumer(StreamConsumer* consumer);

  // Pending for that consumer from now on, whether or not it was for another one.
  void Assign(StreamId id, const Delivery& delivery);
  // For a pending id. REQUIRES: it is pending.
  void SetDelivery(StreamId id, int64_t at_ms, uint64_t count);
  // False: it was not pending.
  bool Acknowledge(StreamId id);

  // Frees up to `budget` ids; true when all is gone. Nothing else may be called in between.
  bool FreeSome(size_t budget);
  void CopyTo(StreamGroup& copy) const;
  // Pending ids and consumers.
  size_t size() const { return pending_.size() + consumers_.size(); }
  // What it keeps on the heap, itself left out.
  size_t heap_bytes() const;
  // For tests.
  void CheckInvariants() const;

 private:
  Pending pending_;
  StreamConsumers consumers_;
};

// The bytes of a map's node with that key.
template <typename Map>
size_t NodeBytes(const typename Map::value_type& node) {
  constexpr size_t kLinkBytes = 32;
  constexpr size_t kInsideMax = 15;  // longer texts are blocks of their own
  const size_t text = node.first.capacity();
  return structs::HeapClass(kLinkBytes + sizeof node) +
         (text > kInsideMax ? structs::HeapClass(text + 1) : 0);
}

}  // namespace rha::node::types
