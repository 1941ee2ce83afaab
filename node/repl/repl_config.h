// The options of replication, as values. App owns the one instance and keeps it up to date;
// replication reads it when it needs it, so a change takes effect without a call, except where
// ReplShell says otherwise.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <string>

namespace rha::node::repl {

struct ReplConfig {
  // ---- how a primary sees us
  uint16_t listening_port = 6379;  // port, or replica-announce-port
  std::string announce_ip;         // replica-announce-ip
  bool announced = true;           // replica-announced
  int priority = 100;              // replica-priority
  std::string source_ip;           // bind-source-addr

  // ---- how we introduce ourselves
  std::string primary_user;      // masteruser
  std::string primary_password;  // masterauth
  bool packed = false;           // redisha-stream-compression: asks for it

  // ---- times and sizes
  int64_t timeout_s = 60;               // repl-timeout
  int64_t ping_period_s = 10;           // repl-ping-replica-period
  uint64_t backlog_bytes = 1 << 20;     // repl-backlog-size
  int64_t backlog_ttl_s = 3600;         // repl-backlog-ttl; 0: never given up
  int64_t min_replicas_max_lag_s = 10;  // min-replicas-max-lag
  bool disable_nodelay = false;         // repl-disable-tcp-nodelay
  // client-output-buffer-limit replica
  uint64_t output_hard_bytes = 256u << 20;
  uint64_t output_soft_bytes = 64u << 20;
  int64_t output_soft_s = 60;
  int64_t brake_percent_max = 0;  // redisha-slow-replica-brake-percent; 0: off

  // ---- snapshots
  std::string directory = ".";                           // dir: where files in transit lie
  bool compress = true;                                  // rdbcompression
  bool checksum = true;                                  // rdbchecksum
  bool load_aside = false;                               // repl-diskless-load swapdb
  int64_t key_save_delay_us = 0, key_load_delay_us = 0;  // rdb-key-save-delay, key-load-delay
  // A snapshot begins so long after the first replica has asked, or when so many have (0: any).
  int64_t snapshot_delay_s = 0;  // repl-diskless-sync-delay
  size_t snapshot_replicas = 0;  // repl-diskless-sync-max-replicas

  // redisha-managed: the stream is kept from the start on, before there is a replica, since after a
  // cold start the nodes are compared by their histories; and no client says what this node is.
  bool managed = false;
  // propagation-error-behavior ignore: a replica goes on behind a command that it cannot apply.
  bool goes_on_after_errors = false;
};

}  // namespace rha::node::repl
