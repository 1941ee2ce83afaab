// The most recent part of the replication stream: one copy for the partial resynchronisation of
// replicas that come back and for those that are connected, each of which reads it at its own
// position.
//
//   positions count the bytes of the stream from its beginning:
//
//        begin()                                              end()
//          |  held: chunk | chunk | chunk | chunk (not full)    |
//          '-- never older than capacity, unless a connected ---'-- = master_repl_offset
//              replica still needs it (Trim's argument)
//
//   Redis counts from 1: "PSYNC <id> n" asks for position n - 1.
//
// Invariants: begin() <= end(); every position between them can be read; memory is at most what is
// held plus two chunks.
// Thread rule: one owner. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "node/repl/limits.h"

namespace rha::node::repl {

class Backlog {
 public:
  explicit Backlog(uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // Forgets all; the next byte appended stands at `position`.
  void Restart(int64_t position);
  static constexpr size_t kReserveBytesMax = 32;
  // Room for so many bytes in one piece, at most kReserveBytesMax; Commit says where they end.
  char* Reserve(size_t bytes) {
    spills_ = chunks_.empty() || bytes > kBacklogChunkBytes - chunks_.back().used;
    return spills_ ? spill_ : chunks_.back().bytes.get() + chunks_.back().used;
  }
  void Commit(const char* end) {
    if (spills_) return AppendInPieces({spill_, static_cast<size_t>(end - spill_)});
    Chunk& last = chunks_.back();
    const auto used = static_cast<size_t>(end - last.bytes.get());
    end_ += static_cast<int64_t>(used - last.used);
    last.used = used;
  }
  void Append(std::string_view bytes) {
    if (chunks_.empty() || bytes.size() > kBacklogChunkBytes - chunks_.back().used) {
      return AppendInPieces(bytes);
    }
    Chunk& last = chunks_.back();
    last.used += bytes.copy(last.bytes.get() + last.used, bytes.size());
    end_ += static_cast<int64_t>(bytes.size());
  }
  // Gives up what exceeds the capacity and lies before `needed_from`.
  void Trim(int64_t needed_from);

  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }
  uint64_t held_bytes() const { return static_cast<uint64_t>(end_ - begin_); }
  bool Holds(int64_t position) const { return position >= begin_ && position <= end_; }
  // Memory beyond the capacity, while a slow replica needs it.
  uint64_t ExcessBytes() const {
    return held_bytes() > capacity_bytes_ ? memory_bytes() - capacity_bytes_ : 0;
  }

  // The longest piece at `position` that lies in one chunk; empty at end(). Valid until the next
  // Trim beyond it or Restart; Append does not move it. REQUIRES: Holds(position).
  std::string_view At(int64_t position) const;

  uint64_t capacity_bytes() const { return capacity_bytes_; }
  void set_capacity_bytes(uint64_t bytes) { capacity_bytes_ = bytes; }
  size_t memory_bytes() const;

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t used = 0;
  };
  void AppendInPieces(std::string_view bytes);

  uint64_t capacity_bytes_;
  char spill_[kReserveBytesMax];  // what does not fit into the last chunk
  bool spills_ = false;
  std::deque<Chunk> chunks_;
  std::unique_ptr<char[]> spare_;  // the chunk that was given up last, to be filled next
  int64_t first_chunk_at_ = 0;     // position of chunks_.front().bytes[0]
  int64_t begin_ = 0, end_ = 0;
};

}  // namespace rha::node::repl
