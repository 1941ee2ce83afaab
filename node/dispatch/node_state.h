// The few facts about the node that gates ask for with every command, as plain values.
//
// One writer per fact: repl writes what it knows of roles and links, app what it knows of loading,
// memory and configuration; dispatch only reads. Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "node/keyspace/held_memory.h"

namespace rha::node::dispatch {

// Bytes in use at this moment: what the allocator said a while ago, corrected by what the engine's
// thread has allocated and freed since. Other threads' share is as old as the last Set().
class MemoryMeter {
 public:
  // Counters that the allocator keeps for the engine's thread, and only ever grow.
  void Follow(const uint64_t* allocated, const uint64_t* freed) {
    allocated_ = allocated;
    freed_ = freed;
  }
  // Of that memory, what belongs to something else at this moment. Null: nothing.
  void LeaveOut(const int64_t* others) { others_ = others == nullptr ? &kNone : others; }
  // `bytes`: with what is left out.
  void Set(int64_t bytes) { base_ = bytes - Balance(); }
  int64_t bytes() const { return LessOthers(base_ + Balance()); }
  // `bytes` without what is left out; an allocator that counts nothing has nothing to leave out of.
  int64_t LessOthers(int64_t bytes) const { return std::max<int64_t>(bytes - *others_, 0); }

 private:
  int64_t Balance() const { return static_cast<int64_t>(*allocated_ - *freed_); }

  static constexpr uint64_t kNothing = 0;
  static constexpr int64_t kNone = 0;
  const uint64_t* allocated_ = &kNothing;
  const uint64_t* freed_ = &kNothing;
  const int64_t* others_ = &kNone;
  int64_t base_ = 0;
};

// What is known of the data that are here.
enum class Dataset : uint8_t {
  kWhole,    // all that a file, the primary or clients have given
  kUnknown,  // they are being replaced, or that has failed: saved to no file, sent to no replica
  kChosen,   // the same, but somebody has made them count since: the file before them is kept
};

struct NodeState {
  // ---- written by whoever replaces the data or makes them count (app, repl); kChosen ends when
  // app has saved them
  Dataset dataset = Dataset::kWhole;

  // ---- written by repl
  bool undecided = false;   // redisha-managed and no role assigned yet
  bool is_replica = false;  // of another node
  bool primary_link_up = false;
  int good_replicas = 0;       // connected, and acknowledged within min-replicas-max-lag
  bool stream_active = false;  // replicas or a backlog want what changes
  int64_t replication_offset = 0;
  // The copies that a change needs (RoleOrder::copies) are not there, so that none is begun.
  bool copies_missing = false;
  // This node has led, maybe as an earlier process, and what it holds may be more than was
  // committed: nobody reads it.
  bool uncommitted_tail = false;
  // Up to here of the replication stream enough of them have it; nothing behind it may be told.
  int64_t committed_offset = std::numeric_limits<int64_t>::max();
  uint64_t acknowledgements = 0;    // grows whenever WAIT may have got what it waits for
  int64_t stream_excess_bytes = 0;  // kept for slow replicas beyond the backlog: not in maxmemory

  // ---- written by images (keyspace/held_memory.h): not in maxmemory either
  const keyspace::HeldMemory* held = nullptr;

  // ---- written by scripts: what others are told while one takes too long; empty: none does
  std::string_view busy;

  // ---- written by app
  bool loading = false;
  MemoryMeter memory;  // in use, but for what Lua holds, as in Redis: no key makes room for that
  bool log_active = false;   // the append-only file wants what changes
  int64_t log_bytes = 0;     // of memory, that wait for the disk: not in maxmemory
  std::string log_error;     // why it cannot be written; empty: it can
  bool log_on = false;       // there is one, or will be
  uint64_t log_changes = 0;  // that it has been given
  // What of it is synced on a set that is sound, for WAITAOF: changes, and how far that is in the
  // replication stream; -1: there is no such set.
  int64_t log_changes_synced = -1;
  int64_t synced_offset = -1;
  // Up to here of the replication stream what changed is on this node's own disk, as appendfsync
  // always wants it before its primary hears of that.
  int64_t settled_offset = std::numeric_limits<int64_t>::max();
  // Up to here it may go to replicas of this node: they are not to hear of more either, but do not
  // wait for a disk that fails.
  int64_t forwarded_offset = std::numeric_limits<int64_t>::max();
  int64_t memory_max_bytes = 0;           // maxmemory; 0: no limit
  bool last_save_failed = false;          // and stop-writes-on-bgsave-error is on, with save points
  bool replica_read_only = true;          // replica-read-only
  bool replica_serve_stale_data = true;   // replica-serve-stale-data
  bool replica_ignores_maxmemory = true;  // replica-ignore-maxmemory
  int min_replicas_to_write = 0;          // min-replicas-to-write
  // By replication: another dataset comes while this one is served.
  bool async_loading = false;

  // What changes is to be told to somebody.
  bool feed_active() const { return stream_active || log_active; }
  // The changes up to that one are synced here.
  bool LogHas(uint64_t change) const { return log_changes_synced >= static_cast<int64_t>(change); }
  // Of the memory in use.
  int64_t NotCountedBytes() const {
    return stream_excess_bytes + log_bytes + (held == nullptr ? 0 : held->bytes());
  }
  // `besides`: not counted either.
  bool MemoryShort(int64_t besides = 0) const {
    const int64_t counted = memory.bytes() - NotCountedBytes() - besides;
    return memory_max_bytes != 0 && counted > memory_max_bytes;
  }
};

}  // namespace rha::node::dispatch
