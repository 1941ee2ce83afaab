// From the engine's thread to the one that writes the file: copies of entries, in chunks.
//
//   engine's thread                      bounded queue                 writing thread
//   Add() --> chunk (256 KB) --full--> [chunk][chunk][chunk] --> a writer --> file, fsync, rename
//                                                                    \--> done_fd() readable
//
//   a chunk: records one behind another, each aligned to 16
//   +--------------------------------------+--------------------------------------+-----
//   | kind, use, db, bytes, pieces, entry  | the entry's block, or a node's bytes | ...
//   +--------------------------------------+--------------------------------------+-----
//
// Values behind a pointer travel as copies of their own (kKey), which the other side frees, or in
// pieces: kBegin with the key, then its members or nodes; kBeginTimed if it is a hash with
// lifetimes. Of a stream, kBeginWithRest brings a copy of what stands behind its blocks in the
// file.
//
// Invariants: the pieces of a value follow its kBegin without another record in between; what Add()
// is given is copied at once. Once GiveUp() has returned, no file takes the old one's place.
// Thread rule: the engine's thread calls everything.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"
#include "node/keyspace/held_memory.h"
#include "node/keyspace/key_use.h"
#include "node/persist/limits.h"
#include "node/persist/rdb_file.h"
#include "node/structs/entry.h"
#include "node/types/large_value.h"

namespace rha::node::persist {

class RecordBuffer {
 public:
  enum class Kind : uint8_t { kKey, kBegin, kBeginTimed, kBeginWithRest, kMember, kNode, kBlock };
  struct Head {
    Kind kind;
    keyspace::KeyUse use;  // kKey, kBegin…
    uint32_t database = 0;
    uint64_t bytes = 0;   // of the whole record
    uint64_t pieces = 0;  // kBegin…: how many follow
    structs::Entry entry;

    // It points to a copy, which belongs to whoever takes the record.
    bool owns_value() const {
      return (kind == Kind::kKey || kind == Kind::kBeginWithRest) &&
             entry.kind() == structs::Entry::Kind::kPointer;
    }
  };
  static_assert(sizeof(Head) == 32);

  // For what others have filled.
  RecordBuffer() = default;
  // What is added counts as held there.
  explicit RecordBuffer(keyspace::HeldMemory* held) : held_(held) {}
  ~RecordBuffer() { Clear(); }
  RecordBuffer(RecordBuffer&& other) noexcept { Swap(other); }
  RecordBuffer& operator=(RecordBuffer&& other) noexcept {
    Swap(other);
    return *this;
  }

  void AddEntry(Head head, structs::Entry entry);
  // Likewise with `clone` in place of what the entry points to.
  void AddClone(Head head, structs::Entry entry, std::unique_ptr<types::LargeValue> clone);
  void AddBytes(Head head, std::string_view bytes);
  void Splice(RecordBuffer&& other);
  void Clear();
  bool empty() const { return chunks_.empty(); }
  size_t chunks() const { return chunks_.size(); }
  // On the heap, with the clones.
  size_t bytes() const { return bytes_; }

  // visit(Head, std::string_view payload) for each record; values that records own belong to the
  // visitor. The buffer is empty afterwards.
  template <typename Visit>
  void Drain(Visit&& visit);

 private:
  friend class ImageStream;
  struct Chunk {
    struct Free {
      void operator()(char* bytes) const { std::free(bytes); }
    };
    std::unique_ptr<char, Free> bytes;
    size_t size = 0, used = 0;
    keyspace::HeldMemory::Share share;
  };
  char* Room(size_t bytes);
  void Swap(RecordBuffer& other) {
    chunks_.swap(other.chunks_);
    std::swap(bytes_, other.bytes_);
  }

  keyspace::HeldMemory* held_ = nullptr;
  size_t next_chunk_bytes_ = kImageChunkBytesMin;
  std::vector<Chunk> chunks_;
  size_t bytes_ = 0;
};

class ImageStream {
 public:
  struct Target {
    SaveRequest request;
    keyspace::HeldMemory* held;
    std::string suffix;  // of the temporary file's name, beside the process' id
    std::vector<std::string> libraries;
    std::vector<std::pair<uint64_t, uint64_t>> sizes;  // keys and expiring of each database
  };
  static Result<std::unique_ptr<ImageStream>> Start(Target target);
  // Gives up, if it has not ended, and waits for the writing thread, which may be waiting for a
  // disk, or for a core.
  ~ImageStream();

  // Sends what is in `records` on its way. False: not yet, for the thread holds the queue and may
  // have lost its core meanwhile.
  bool Push(RecordBuffer& records);
  // The writer lags behind: wait before walking on. Where keys are delayed, so is the walk.
  bool full() const {
    const size_t most = target_.request.key_delay_us > 0 ? 1 : kImageQueuedBytesMax;
    return queued_bytes_.load(std::memory_order_relaxed) >= most;
  }
  // Writing has failed or nobody wants it: what is pushed is dropped.
  bool hopeless() const { return hopeless_.load(std::memory_order_relaxed); }
  // That was all: write the end of the file.
  void Finish();
  void GiveUp();
  // What is written ends with an error.
  void Fail();

  // Readable once the file is complete or has failed.
  int done_fd() const { return done_.get(); }
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  // Whether the thread has ended, so that nobody would wait for it.
  bool Gone();
  const std::string& suffix() const { return target_.suffix; }
  // Keys that the file is to hold, and those that have been given to it.
  uint64_t keys_total() const { return keys_total_; }
  uint64_t keys_written() const { return keys_written_.load(std::memory_order_relaxed); }
  // REQUIRES: done_fd() is readable.
  Status Collect();

 private:
  ImageStream(Target target, UniqueFd file, UniqueFd done);
  void Work();
  Status Write();
  template <typename Writer>
  class RecordWriter;
  template <typename Writer>
  Status WriteAll(Writer& writer);
  bool Next(RecordBuffer* records);
  Status WhyHopeless() const;
  // Unless it is hopeless.
  void Delay(std::chrono::microseconds pause);

  const Target target_;
  uint64_t keys_total_ = 0;
  std::atomic<uint64_t> keys_written_{0};
  UniqueFd file_;  // of request.fd, or none; the thread's
  const UniqueFd done_;
  std::atomic<size_t> queued_bytes_{0};
  std::atomic<bool> hopeless_{false}, made_to_fail_{false}, ended_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  RecordBuffer queue_;  // guarded by mutex_
  bool finished_ = false;
  Status result_;  // set before done_ becomes readable
  std::thread thread_;
};

template <typename Visit>
void RecordBuffer::Drain(Visit&& visit) {
  for (Chunk& each : chunks_) {
    const Chunk chunk = std::move(each);  // freed as soon as it has been visited
    for (size_t at = 0; at < chunk.used;) {
      Head head;
      std::memcpy(&head, chunk.bytes.get() + at, sizeof head);
      visit(head, std::string_view(chunk.bytes.get() + at + sizeof head, head.bytes - sizeof head));
      at += (head.bytes + 15) & ~uint64_t{15};
    }
  }
  chunks_.clear();
  bytes_ = 0;
}

}  // namespace rha::node::persist
