#include "node/types/stream.h"

#include <utility>

#include "node/structs/heap.h"

namespace rha::node::types {

structs::StreamLimits StreamLimitsOf(const FormLimits& limits) {
  structs::StreamLimits of{SIZE_MAX, SIZE_MAX};  // 0: none
  if (limits.stream_node_max_bytes > 0) {
    of.block_bytes = static_cast<size_t>(limits.stream_node_max_bytes);
  }
  if (limits.stream_node_max_entries > 0) {
    of.block_entries = static_cast<size_t>(limits.stream_node_max_entries);
  }
  return of;
}

bool StreamValue::Erase(StreamId id) {
  if (!log_.Erase(id)) return false;
  max_deleted_id_ = std::max(max_deleted_id_, id);
  return true;
}

// ---------------------------------------------------------------- groups

StreamGroup* StreamValue::FindGroup(std::string_view name) {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : &found->second;
}

StreamGroup* StreamValue::MakeGroup(std::string_view name, StreamId last_id, int64_t entries_read) {
  const auto [at, made] = groups_.try_emplace(std::string(name));
  if (!made) return nullptr;
  at->second.last_id = last_id;
  at->second.entries_read = entries_read;
  return &at->second;
}

bool StreamValue::RemoveGroup(std::string_view name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return false;
  groups_.erase(found);
  return true;
}

bool StreamValue::HasGapFrom(StreamId id) const {
  if (log_.empty() || max_deleted_id_.is_zero() || first_id() > max_deleted_id_) return false;
  return id <= max_deleted_id_;
}

std::optional<uint64_t> StreamValue::EntriesUpTo(StreamId id) const {
  if (entries_added_ == 0) return 0;
  if (id == last_id_ || (log_.empty() && id <= last_id_)) return entries_added_;
  if (id > last_id_) return std::nullopt;
  const StreamId first = first_id();
  if (!max_deleted_id_.is_zero() && max_deleted_id_ >= first) return std::nullopt;
  if (id < first) return entries_added_ - length();
  if (id == first) return entries_added_ - length() + 1;
  return std::nullopt;
}

std::optional<int64_t> StreamValue::LagOf(const StreamGroup& group) const {
  if (entries_added_ == 0) return 0;
  std::optional<uint64_t> read;
  if (group.entries_read != StreamGroup::kReadsUnknown && !HasGapFrom(group.last_id)) {
    read = static_cast<uint64_t>(group.entries_read);
  } else {
    read = EntriesUpTo(group.last_id);
  }
  if (!read) return std::nullopt;
  return static_cast<int64_t>(entries_added_ - *read);  // clients may have set either to anything
}

void StreamValue::NoteRead(StreamGroup& group, StreamId id) const {
  if (id <= group.last_id) return;
  if (group.entries_read != StreamGroup::kReadsUnknown && !HasGapFrom(id)) {
    if (static_cast<uint64_t>(group.entries_read) < kCountMax) ++group.entries_read;
  } else if (entries_added_ != 0) {
    const uint64_t read = EntriesUpTo(id).value_or(kCountMax + 1);
    group.entries_read =
        read <= kCountMax ? static_cast<int64_t>(read) : StreamGroup::kReadsUnknown;
  }
  group.last_id = id;
}

// ---------------------------------------------------------------- as a large value

size_t StreamValue::size() const {
  size_t size = log_.size();
  for (const auto& [name, group] : groups_) size += 1 + group.size();
  return size;
}

size_t StreamValue::heap_bytes() const {
  size_t bytes = structs::HeapClass(sizeof *this) + log_.heap_bytes();
  for (const StreamGroups::value_type& group : groups_) {
    bytes += NodeBytes<StreamGroups>(group) + group.second.heap_bytes();
  }
  return bytes;
}

std::unique_ptr<LargeValue> StreamValue::CloneRest() const {
  auto copy = std::make_unique<StreamValue>();
  copy->set_counters(counters());
  for (const auto& [name, group] : groups_) group.CopyTo(copy->groups_[name]);
  return copy;
}

std::unique_ptr<LargeValue> StreamValue::Clone() const {
  std::unique_ptr<LargeValue> copy = CloneRest();
  log_.CopyTo(static_cast<StreamValue&>(*copy).log_);
  return copy;
}

bool StreamValue::FreeSome(size_t budget) {
  if (!log_.FreeSome(budget)) return false;
  while (!groups_.empty()) {
    if (!groups_.begin()->second.FreeSome(budget)) return false;
    groups_.erase(groups_.begin());
    if (--budget == 0) return groups_.empty();
  }
  return true;
}

size_t StreamValue::BeginWalk(PieceSink* sink) {
  sink_ = sink;
  log_.Watch(this);
  return log_.block_count();
}

void StreamValue::EndWalk() {
  log_.Unwatch();
  sink_ = nullptr;
}

void StreamValue::CheckInvariants() const {
  log_.CheckInvariants();
  RHA_CHECK(log_.empty() || *log_.LastId() <= last_id_);
  for (const auto& [name, group] : groups_) group.CheckInvariants();
}

Stream::Stream(Slot slot) {
  if (slot.entry().kind() != structs::Entry::Kind::kPointer) {
    slot.SetLarge(Form::kStreamLog, std::make_unique<StreamValue>().release());
  }
  value_ = &LargeOf<StreamValue>(slot.entry());
}

}  // namespace rha::node::types
