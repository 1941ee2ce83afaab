// StreamLog: the entries of a stream in the order of their ids.
//
//   IdTree   id a block begins with ─▶ StreamBlock ─▶ [ entry entry entry ... ]
//
// Complexity: Append amortised O(1) beyond the tree's O(log n); finding an entry O(log n) and a
// walk in its block; trimming O(blocks removed) and one such walk.
// Memory: HeapClass(block) for up to StreamLimits entries, and 27 bytes of tree for each block.
// Invariants: no block is empty; blocks do not overlap. Views are valid until the next change.
// Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "node/structs/id_tree.h"
#include "node/structs/stream_block.h"

namespace rha::node::structs {

// When a block is full.
struct StreamLimits {
  size_t block_bytes = 4096;
  size_t block_entries = 100;
};

// No entry is longer (with what its texts cost beside their bytes), so that a file can hold it in a
// listpack.
constexpr size_t kStreamEntryBytesMax = size_t{960} << 20;
// No block of several entries grows beyond, whatever StreamLimits say.
constexpr size_t kStreamBlockBytesMax = size_t{16} << 20;

// Is shown a watched log's blocks before they change or go.
class BlockWatcher {
 public:
  virtual ~BlockWatcher() = default;
  virtual void OnBlock(const StreamBlockView& block) = 0;
};

class StreamLog {
 public:
  StreamLog() = default;
  ~StreamLog() {
    while (!FreeSome(SIZE_MAX)) {
    }
  }
  StreamLog(const StreamLog&) = delete;
  StreamLog& operator=(const StreamLog&) = delete;

  // Of entries.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t block_count() const { return blocks_.size(); }

  static bool Fits(StreamFields entry) {
    return StreamBlock::BytesMax(entry) <= kStreamEntryBytesMax;
  }
  // REQUIRES: `id` is behind all others; Fits(entry).
  void Append(StreamId id, StreamFields entry, const StreamLimits& limits);
  // A whole block, as files keep them: it goes over to the log. False: it overlaps another one, and
  // stays the caller's. REQUIRES: not empty.
  bool Adopt(StreamBlock block);
  bool Erase(StreamId id);
  bool Contains(StreamId id) const;
  // Of the first and the last; none if it is empty.
  std::optional<StreamId> FirstId() const;
  std::optional<StreamId> LastId() const;

  // visit(const StreamEntry&) for each from `first` to `last`, or the other way round, until it
  // returns false. `visit` must not change the log.
  template <typename Visit>
  void ForRange(StreamId first, StreamId last, Visit&& visit) const;
  template <typename Visit>
  void ForRangeDown(StreamId first, StreamId last, Visit&& visit) const;
  // visit(const StreamBlockView&), from the front.
  template <typename Visit>
  void ForEachBlock(Visit&& visit) const {
    for (auto at = blocks_.First(); at; ++at) visit(at->value);
  }

  // What goes from the front, as Redis defines it: whole blocks while they are all beyond what is
  // to be kept, then, if `exact`, single entries. `removed_max`: no block that would make it more;
  // 0: any.
  struct Trim {
    bool exact = true;
    size_t removed_max = 0;
    std::optional<size_t> kept_entries;  // or:
    StreamId kept_from = {};
  };
  // Returns how many went.
  size_t TrimFront(const Trim& trim);

  // ---- seeing each block once, as it is now, while the log goes on changing
  void Watch(BlockWatcher* watcher) {
    watcher_ = watcher;
    ++walk_;
    walk_from_ = StreamId{};
    walk_over_ = false;
  }
  // Shows some of those that were not seen, until `budget` of about a kilobyte each is used up;
  // true: that was the last.
  bool SeeSome(size_t budget);
  void Unwatch() { watcher_ = nullptr; }

  // Frees up to `budget` blocks; true when all is gone. Nothing else may be called in between.
  bool FreeSome(size_t budget);
  void CopyTo(StreamLog& copy) const;

  size_t heap_bytes() const { return blocks_.heap_bytes() + block_bytes_; }
  // For tests.
  void CheckInvariants() const;

 private:
  using Blocks = IdTree<StreamBlock>;
  // The way to every change of a block that is there.
  StreamBlock& Changing(Blocks::Iterator at) {
    See(at->value);
    block_bytes_ -= at->value.heap_bytes();
    return at->value;
  }
  void Changed(const StreamBlock& block) { block_bytes_ += block.heap_bytes(); }
  void See(StreamBlock& block) {
    if (watcher_ == nullptr || block.walk() == walk_) return;
    watcher_->OnBlock(block);
    block.set_walk(walk_);
  }
  void RemoveBlock(Blocks::Iterator at);
  size_t TrimBlock(Blocks::Iterator at, const Trim& trim);

  Blocks blocks_;
  size_t size_ = 0;
  size_t block_bytes_ = 0;
  BlockWatcher* watcher_ = nullptr;
  uint32_t walk_ = 0;  // what blocks are marked with once they are seen, or made meanwhile
  StreamId walk_from_;
  bool walk_over_ = false;
};

// ---------------------------------------------------------------- templates

template <typename Visit>
void StreamLog::ForRange(StreamId first, StreamId last, Visit&& visit) const {
  if (empty() || last < first) return;
  auto at = blocks_.UpTo(first);
  if (!at) at = blocks_.First();
  for (bool begin = true; at; ++at, begin = false) {
    const StreamBlock& block = at->value;
    if (last < at->id) return;
    for (auto place = begin ? block.From(first) : block.First(); place != block.End();
         place = block.Next(place)) {
      const StreamEntry entry = block.Get(place);
      if (last < entry.id || !visit(entry)) return;
    }
  }
}

// Entries can only be walked upwards: those of a block are noted, then visited in reverse.
template <typename Visit>
void StreamLog::ForRangeDown(StreamId first, StreamId last, Visit&& visit) const {
  if (empty() || last < first) return;
  std::vector<StreamBlock::Place> places;
  for (auto at = blocks_.UpTo(last); at; --at) {
    const StreamBlock& block = at->value;
    places.clear();
    for (auto place = block.First(); place != block.End(); place = block.Next(place)) {
      if (last < block.IdAt(place)) break;
      places.push_back(place);
    }
    for (; !places.empty(); places.pop_back()) {
      const StreamEntry entry = block.Get(places.back());
      if (entry.id < first || !visit(entry)) return;
    }
  }
}

}  // namespace rha::node::structs
