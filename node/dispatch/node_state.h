// The few facts about the node that gates ask for with every command, as plain values.
//
// One writer per fact: repl writes what it knows of roles and links, app what it knows of loading,
// memory and configuration; dispatch only reads. Thread rule: the engine's thread.
#pragma once

#include <cstdint>

namespace rha::node::dispatch {

struct NodeState {
  // ---- written by repl
  bool undecided = false;   // redisha-managed and no role assigned yet
  bool is_replica = false;  // of another node
  bool primary_link_up = false;
  int good_replicas = 0;     // connected, and acknowledged within min-replicas-max-lag
  bool feed_active = false;  // someone (replicas, a backlog) wants the command stream
  int64_t replication_offset = 0;

  // ---- written by app
  bool loading = false;
  int64_t memory_used_bytes = 0;
  int64_t memory_max_bytes = 0;           // maxmemory; 0: no limit
  bool last_save_failed = false;          // and stop-writes-on-bgsave-error is on, with save points
  bool replica_read_only = true;          // replica-read-only
  bool replica_serve_stale_data = true;   // replica-serve-stale-data
  bool replica_ignores_maxmemory = true;  // replica-ignore-maxmemory
  int min_replicas_to_write = 0;          // min-replicas-to-write
};

}  // namespace rha::node::dispatch
