// A stream: StreamValue behind the entry's pointer, however short it is.
//
// Invariants
//  * A stream stays when it is empty: only a fresh entry, which has no object yet, counts as an
//    empty collection (IsEmptyCollection).
//  * last_id() is not before any entry; ids only grow.
// Walking shows the blocks of entries; all else (groups and what is pending) travels as a copy made
// when the walk begins (CloneRest).
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/structs/stream_log.h"
#include "node/types/slot.h"
#include "node/types/stream_group.h"

namespace rha::node::types {

using StreamGroups = std::map<std::string, StreamGroup, std::less<>>;

// What stream-node-max-bytes and stream-node-max-entries say.
structs::StreamLimits StreamLimitsOf(const FormLimits& limits);

class StreamValue final : public LargeValue, private structs::BlockWatcher {
 public:
  StreamValue() = default;

  const structs::StreamLog& log() const { return log_; }
  size_t length() const { return log_.size(); }
  // The greatest id that was ever given or set.
  StreamId last_id() const { return last_id_; }
  // Of the first entry; 0-0 if there is none.
  StreamId first_id() const { return log_.FirstId().value_or(StreamId{}); }
  StreamId max_deleted_id() const { return max_deleted_id_; }
  // Ever; not only those that are there.
  uint64_t entries_added() const { return entries_added_; }
  // No count goes beyond this, whatever clients have set it to: the commands that tell replicas and
  // files of it take no more.
  static constexpr uint64_t kCountMax = std::numeric_limits<int64_t>::max();

  // REQUIRES: id > last_id(); StreamLog::Fits(entry).
  void Append(StreamId id, structs::StreamFields entry, const structs::StreamLimits& limits) {
    log_.Append(id, entry, limits);
    last_id_ = id;
    if (entries_added_ < kCountMax) ++entries_added_;
  }
  // False: there is no such entry.
  bool Erase(StreamId id);
  size_t Trim(const structs::StreamLog::Trim& trim) { return log_.TrimFront(trim); }
  // What XSETID and files say. REQUIRES: last_id is not before the last entry.
  struct Counters {
    StreamId last_id, max_deleted_id;
    uint64_t entries_added = 0;
  };
  Counters counters() const { return {last_id_, max_deleted_id_, entries_added_}; }
  void set_counters(const Counters& counters) {
    last_id_ = counters.last_id;
    max_deleted_id_ = counters.max_deleted_id;
    entries_added_ = std::min(counters.entries_added, kCountMax);
  }
  // As StreamLog::Adopt.
  bool AdoptBlock(structs::StreamBlock block) { return log_.Adopt(block); }

  const StreamGroups& groups() const { return groups_; }
  StreamGroup* FindGroup(std::string_view name);
  const StreamGroup* FindGroup(std::string_view name) const {
    return const_cast<StreamValue*>(this)->FindGroup(name);
  }
  // Null: there is one of that name.
  StreamGroup* MakeGroup(std::string_view name, StreamId last_id, int64_t entries_read);
  // False: there was none.
  bool RemoveGroup(std::string_view name);

  // How many entries were ever added up to that id; none where that cannot be told.
  std::optional<uint64_t> EntriesUpTo(StreamId id) const;
  // How many entries the group has yet to read.
  std::optional<int64_t> LagOf(const StreamGroup& group) const;
  // The group has been given that entry.
  void NoteRead(StreamGroup& group, StreamId id) const;

  // ---- LargeValue
  size_t size() const override;
  size_t heap_bytes() const override;
  std::unique_ptr<LargeValue> Clone() const override;
  std::unique_ptr<LargeValue> CloneRest() const override;
  bool FreeSome(size_t budget) override;
  bool walkable() const override { return true; }
  size_t BeginWalk(PieceSink* sink) override;
  bool WalkSome(size_t budget) override { return log_.SeeSome(budget); }
  void EndWalk() override;

  // For tests.
  void CheckInvariants() const;

 private:
  void OnBlock(const structs::StreamBlockView& block) override { sink_->OnBlock(block.bytes()); }
  // An entry behind that id was taken out of the middle.
  bool HasGapFrom(StreamId id) const;

  structs::StreamLog log_;
  StreamId last_id_, max_deleted_id_;
  uint64_t entries_added_ = 0;
  StreamGroups groups_;
};

// To read one. REQUIRES: it has an object, as every stream outside of an Edit.
class StreamView {
 public:
  explicit StreamView(structs::Entry entry) : value_(&LargeOf<StreamValue>(entry)) {}
  const StreamValue* operator->() const { return value_; }
  const StreamValue& operator*() const { return *value_; }

 private:
  const StreamValue* value_;
};

// To change one; it then exists, with or without entries.
class Stream {
 public:
  explicit Stream(Slot slot);
  StreamValue* operator->() const { return value_; }
  StreamValue& operator*() const { return *value_; }

 private:
  StreamValue* value_;
};

}  // namespace rha::node::types
