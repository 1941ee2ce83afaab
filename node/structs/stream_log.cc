#include "node/structs/stream_log.h"

#include <algorithm>

namespace rha::node::structs {

void StreamLog::Append(StreamId id, StreamFields entry, const StreamLimits& limits) {
  const size_t bytes_max = std::min(limits.block_bytes, kStreamBlockBytesMax);
  auto last = blocks_.Last();
  if (last) {
    StreamBlock& block = last->value;
    const bool full = block.count() >= limits.block_entries || !block.Reaches(id) ||
                      block.bytes().size() + StreamBlock::BytesMax(entry) >= bytes_max;
    if (full) {
      block_bytes_ -= block.heap_bytes();
      block.ShrinkToFit();
      Changed(block);
      last = {};
    }
  }
  if (!last) {
    StreamBlock block = StreamBlock::Make(id, entry);
    block.set_walk(walk_);
    Changed(block);
    blocks_.Insert(id, block);
    last = blocks_.Last();
  }
  StreamBlock& block = Changing(last);
  block.Append(id, entry);
  Changed(block);
  ++size_;
}

bool StreamLog::Adopt(StreamBlock block) {
  const auto before = blocks_.UpTo(block.LastId());
  if (before && before->value.LastId() >= block.base()) return false;
  block.ShrinkToFit();
  block.set_walk(walk_);
  Changed(block);
  blocks_.Insert(block.base(), block);
  size_ += block.count();
  return true;
}

void StreamLog::RemoveBlock(Blocks::Iterator at) {
  const StreamId id = at->id;
  StreamBlock& block = Changing(at);
  size_ -= block.count();
  block.Free();
  blocks_.Erase(id);
}

bool StreamLog::Contains(StreamId id) const {
  const auto at = blocks_.UpTo(id);
  if (!at) return false;
  const StreamBlock& block = at->value;
  const auto place = block.From(id);
  return place != block.End() && block.IdAt(place) == id;
}

bool StreamLog::Erase(StreamId id) {
  const auto at = blocks_.UpTo(id);
  if (!at) return false;
  const auto place = at->value.From(id);
  if (place == at->value.End() || at->value.IdAt(place) != id) return false;
  if (at->value.count() == 1) {
    RemoveBlock(at);
    return true;
  }
  StreamBlock& block = Changing(at);
  block.Erase(place, block.Next(place), 1);
  Changed(block);
  --size_;
  return true;
}

std::optional<StreamId> StreamLog::FirstId() const {
  if (empty()) return std::nullopt;
  return blocks_.First()->value.FirstId();
}

std::optional<StreamId> StreamLog::LastId() const {
  if (empty()) return std::nullopt;
  return blocks_.Last()->value.LastId();
}

// ---------------------------------------------------------------- trimming

size_t StreamLog::TrimFront(const Trim& trim) {
  size_t removed = 0;
  while (!empty()) {
    if (trim.kept_entries && size_ <= *trim.kept_entries) break;
    const auto at = blocks_.First();
    const size_t entries = at->value.count();
    if (trim.removed_max != 0 && removed + entries > trim.removed_max) break;
    const bool whole = trim.kept_entries ? size_ - entries >= *trim.kept_entries
                                         : at->value.LastId() < trim.kept_from;
    if (!whole) return removed + (trim.exact ? TrimBlock(at, trim) : 0);
    RemoveBlock(at);
    removed += entries;
  }
  return removed;
}

// Some entries of the block stay.
size_t StreamLog::TrimBlock(Blocks::Iterator at, const Trim& trim) {
  const StreamBlockView view = at->value;
  size_t removed = 0;
  auto place = view.First();
  for (; place != view.End(); place = view.Next(place), ++removed) {
    const bool kept = trim.kept_entries ? size_ - removed <= *trim.kept_entries
                                        : view.IdAt(place) >= trim.kept_from;
    if (kept) break;
  }
  if (removed == 0) return 0;
  StreamBlock& block = Changing(at);
  block.Erase(block.First(), place, removed);
  Changed(block);
  size_ -= removed;
  return removed;
}

// ---------------------------------------------------------------- walking

bool StreamLog::SeeSome(size_t budget) {
  auto at = walk_over_ ? Blocks::Iterator() : blocks_.From(walk_from_);
  for (; at && budget > 0; ++at) {
    StreamBlock& block = at->value;
    budget -= std::min(budget, 1 + (block.walk() == walk_ ? 0 : block.bytes().size() / 1024));
    See(block);
  }
  walk_over_ = !at;
  if (at) walk_from_ = at->id;
  return walk_over_;
}

bool StreamLog::FreeSome(size_t budget) {
  const bool all = blocks_.FreeSome(budget, [this](Blocks::Slot& slot) {
    size_ -= slot.value.count();
    block_bytes_ -= slot.value.heap_bytes();
    slot.value.Free();
  });
  return all;
}

void StreamLog::CopyTo(StreamLog& copy) const {
  for (auto at = blocks_.First(); at; ++at) {
    const StreamBlock block = at->value.Copy();
    copy.Changed(block);
    copy.blocks_.Insert(at->id, block);
  }
  copy.size_ += size_;
}

void StreamLog::CheckInvariants() const {
  blocks_.CheckInvariants();
  size_t entries = 0, bytes = 0;
  std::optional<StreamId> last;
  for (auto at = blocks_.First(); at; ++at) {
    const StreamBlock& block = at->value;
    block.CheckInvariants();
    RHA_CHECK(block.count() > 0 && block.base() == at->id);
    RHA_CHECK(!last || *last < block.FirstId());
    last = block.LastId();
    entries += block.count();
    bytes += block.heap_bytes();
  }
  RHA_CHECK(entries == size_ && bytes == block_bytes_);
}

}  // namespace rha::node::structs
