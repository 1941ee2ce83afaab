#include "node/codec/rdb_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/codec/endian.h"
#include "node/codec/printable.h"

namespace rha::node::codec {

using structs::StreamBlock;
using structs::StreamId;
using types::StreamGroup;
using types::StreamValue;

Status RdbStream::Begin(uint8_t type) {
  type_ = type;
  entries_ = 0;
  dropped_ = std::make_unique<StreamValue>();
  RHA_ASSIGN_OR_RETURN(left_, input_.Length("a number of nodes"));
  state_ = State::kNodes;
  return {};
}

Result<bool> RdbStream::Step(StreamValue* into, size_t* budget) {
  for (; *budget > 0 && open(); --*budget) RHA_RETURN_IF_ERROR(StepOne(into));
  return !open();
}

Status RdbStream::StepOne(StreamValue* into) {
  StreamValue& stream = into == nullptr ? *dropped_ : *into;
  switch (state_) {
    case State::kNodes:
      return left_ > 0 ? Node(into) : Counters(&stream);
    case State::kClosed:
      break;
    case State::kGroup:
      return Group(&stream);
    case State::kPending:
      return Pending();
    case State::kConsumer:
      return Consumer(*stream.FindGroup(group_));
    case State::kConsumerIds:
      return ConsumerId(*stream.FindGroup(group_));
  }
  return {};
}

Result<StreamId> RdbStream::Id(std::string_view what) {
  StreamId id;
  RHA_ASSIGN_OR_RETURN(id.ms, input_.Length(what));
  RHA_ASSIGN_OR_RETURN(id.seq, input_.Length(what));
  return id;
}

Result<StreamId> RdbStream::RawId(std::string_view what) {
  RHA_ASSIGN_OR_RETURN(const std::string_view bytes, input_.Bytes(kStreamIdBytes, what));
  return LoadStreamId(bytes.data());
}

Result<int64_t> RdbStream::Milliseconds(std::string_view what) {
  RHA_ASSIGN_OR_RETURN(const uint64_t ms, input_.LittleEndian(8, what));
  return static_cast<int64_t>(ms);
}

Status RdbStream::Node(StreamValue* into) {
  --left_;
  const uint64_t at = input_.position();
  RHA_ASSIGN_OR_RETURN(const std::string_view id, input_.String("id of a node", id_));
  if (id.size() != kStreamIdBytes) return input_.FailAt(at, "a node's id is not 16 bytes long");
  const StreamId base = LoadStreamId(id.data());
  RHA_ASSIGN_OR_RETURN(const std::string_view listpack, input_.String("node", listpack_));
  if (const Status sound = decoder_.Decode(base, listpack); !sound.ok()) {
    return input_.FailAt(
        at, fmt::format("Stream listpack integrity check failed: {}", sound.message()));
  }
  bool fits = true;
  for (StreamBlock block : decoder_.TakeBlocks()) {
    entries_ += block.count();
    if (into != nullptr && fits && into->AdoptBlock(block)) continue;
    fits = into == nullptr;
    block.Free();
  }
  return fits ? Status() : input_.FailAt(at, "a node overlaps another one");
}

Status RdbStream::Counters(StreamValue* stream) {
  RHA_ASSIGN_OR_RETURN(const uint64_t entries, input_.Length("a number of entries"));
  if (entries != entries_) {
    return input_.Fail(fmt::format("a stream of {} entries holds {}", entries, entries_));
  }
  StreamValue::Counters counters;
  RHA_ASSIGN_OR_RETURN(counters.last_id, Id("the last id"));
  counters.entries_added = entries;
  if (type_ != kTypeStream) {
    RHA_RETURN_IF_ERROR(Id("the first id").status());  // it is known
    RHA_ASSIGN_OR_RETURN(counters.max_deleted_id, Id("the greatest deleted id"));
    RHA_ASSIGN_OR_RETURN(counters.entries_added, input_.Length("a number of entries"));
  }
  // Ids must go on growing, whatever the file says.
  if (const auto last = stream->log().LastId()) {
    counters.last_id = std::max(counters.last_id, *last);
  }
  stream->set_counters(counters);
  RHA_ASSIGN_OR_RETURN(groups_left_, input_.Length("a number of groups"));
  state_ = groups_left_ > 0 ? State::kGroup : State::kClosed;
  return {};
}

Status RdbStream::Group(StreamValue* stream) {
  --groups_left_;
  RHA_ASSIGN_OR_RETURN(const std::string_view name, input_.String("name of a group", group_));
  RHA_ASSIGN_OR_RETURN(const StreamId last_id, Id("the last id of a group"));
  int64_t read = StreamGroup::kReadsUnknown;
  if (type_ != kTypeStream) {
    RHA_ASSIGN_OR_RETURN(const uint64_t stored, input_.Length("what a group has read"));
    read = std::max(static_cast<int64_t>(stored), StreamGroup::kReadsUnknown);
  } else if (const auto known = stream->EntriesUpTo(last_id)) {
    read = static_cast<int64_t>(*known);
  }
  if (stream->MakeGroup(name, last_id, read) == nullptr) {
    return input_.Fail(fmt::format("group {} occurs twice", Printable(name)));
  }
  unclaimed_ = {};
  RHA_ASSIGN_OR_RETURN(left_, input_.Length("a number of pending ids"));
  state_ = State::kPending;
  return {};
}

Status RdbStream::Pending() {
  if (left_ == 0) {
    RHA_ASSIGN_OR_RETURN(consumers_left_, input_.Length("a number of consumers"));
    state_ = State::kConsumer;
    return {};
  }
  --left_;
  RHA_ASSIGN_OR_RETURN(const StreamId id, RawId("a pending id"));
  Claim claim{};
  RHA_ASSIGN_OR_RETURN(claim.at_ms, Milliseconds("the time of a delivery"));
  RHA_ASSIGN_OR_RETURN(claim.count, input_.Length("a number of deliveries"));
  if (!unclaimed_.Insert(id, claim).second) return input_.Fail("a pending id occurs twice");
  return {};
}

Status RdbStream::Consumer(StreamGroup& group) {
  if (consumers_left_ == 0) return GroupEnds();
  --consumers_left_;
  RHA_ASSIGN_OR_RETURN(const std::string_view name, input_.String("name of a consumer", consumer_));
  RHA_ASSIGN_OR_RETURN(const int64_t seen_ms, Milliseconds("when a consumer was seen"));
  int64_t active_ms = seen_ms;  // the best guess where it is not told
  if (type_ == kTypeStream3) {
    RHA_ASSIGN_OR_RETURN(active_ms, Milliseconds("when a consumer was active"));
  }
  const auto [consumer, made] = group.MakeConsumer(name, seen_ms);
  if (!made) {
    return input_.Fail(fmt::format("Duplicate stream consumer detected: {}", Printable(name)));
  }
  consumer->second.active_ms = active_ms;
  RHA_ASSIGN_OR_RETURN(left_, input_.Length("a number of pending ids"));
  state_ = State::kConsumerIds;
  return {};
}

// An id that another consumer has claimed already is not there any more.
Status RdbStream::ConsumerId(StreamGroup& group) {
  if (left_ == 0) {
    state_ = State::kConsumer;
    return {};
  }
  --left_;
  RHA_ASSIGN_OR_RETURN(const StreamId id, RawId("a pending id"));
  const Claim* const claim = unclaimed_.Find(id);
  if (claim == nullptr) {
    return input_.Fail(fmt::format("consumer {} has an id that is not pending, or another one's",
                                   Printable(consumer_)));
  }
  group.Assign(id, {claim->at_ms, claim->count, group.FindConsumer(consumer_)});
  unclaimed_.Erase(id);
  return {};
}

Status RdbStream::GroupEnds() {
  if (!unclaimed_.empty()) return input_.Fail("a pending id has no consumer");
  state_ = groups_left_ > 0 ? State::kGroup : State::kClosed;
  return {};
}

}  // namespace rha::node::codec
