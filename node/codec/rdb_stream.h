// RdbStream: puts together the stream at which an RdbInput stands, in slices, in any of the forms
// that Redis 5.0 to 7.4 gave it (grammar in rdb_format.h).
//
//   nodes ─▶ counters ─▶ group ─▶ pending ids ─▶ consumer ─▶ its ids ─▶ … ─▶ next group ─▶ … end
//
// Invariants
//  * Nodes that overlap, ids that are pending for two consumers or for none, and names that occur
//    twice are errors.
//  * What is kept between two slices is the group's pending ids that no consumer has claimed yet.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/codec/rdb_format.h"
#include "node/codec/rdb_input.h"
#include "node/codec/stream_node.h"
#include "node/types/stream.h"

namespace rha::node::codec {

class RdbStream {
 public:
  explicit RdbStream(RdbInput& input) : input_(input) {}

  static bool Knows(uint8_t type) {
    return type == kTypeStream || type == kTypeStream2 || type == kTypeStream3;
  }
  // REQUIRES: Knows(type). The input stands behind the key's name.
  Status Begin(uint8_t type);
  bool open() const { return state_ != State::kClosed; }
  // Takes nodes and ids while `budget` lasts; true: it is complete. Null: they are only checked,
  // and dropped. All slices get the same `into`, empty at first.
  Result<bool> Step(types::StreamValue* into, size_t* budget);

 private:
  enum class State : uint8_t { kNodes, kGroup, kPending, kConsumer, kConsumerIds, kClosed };
  struct Claim {
    int64_t at_ms;
    uint64_t count;
  };

  Status StepOne(types::StreamValue* into);
  Status Node(types::StreamValue* into);
  Status Counters(types::StreamValue* into);
  Status Group(types::StreamValue* into);
  Status Pending();
  Status Consumer(types::StreamGroup& group);
  Status ConsumerId(types::StreamGroup& group);
  Status GroupEnds();
  Result<structs::StreamId> Id(std::string_view what);
  Result<structs::StreamId> RawId(std::string_view what);
  Result<int64_t> Milliseconds(std::string_view what);

  RdbInput& input_;
  uint8_t type_ = 0;
  State state_ = State::kClosed;
  uint64_t left_ = 0;         // of what the state reads
  uint64_t groups_left_ = 0;  // not begun yet
  uint64_t consumers_left_ = 0;
  uint64_t entries_ = 0;  // read
  StreamNodeDecoder decoder_;
  structs::IdTree<Claim> unclaimed_;
  std::string group_, consumer_;                 // being read
  std::unique_ptr<types::StreamValue> dropped_;  // groups of a stream that nobody wants
  std::string id_, listpack_;                    // scratch
};

}  // namespace rha::node::codec
