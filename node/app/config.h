// The configuration as values, and the one table that says which option is which value.
//
// Every option of redis.conf that this server knows is one row of the table (options.cc): how it is
// read from a file or flag, shown by CONFIG GET, changed by CONFIG SET and written by CONFIG
// REWRITE.
//
// Thread rule: the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/acl/user_lines.h"
#include "common/base/status.h"
#include "node/types/limits.h"

namespace rha::node::dispatch {
class Session;
}

namespace rha::node::app {

struct OutputLimit {
  size_t hard_bytes = 0;  // 0: none
  size_t soft_bytes = 0;
  int64_t soft_seconds = 0;
};
enum class OutputClass : uint8_t { kNormal, kReplica, kPubsub };

struct SavePoint {
  int64_t seconds;
  int64_t changes;
};

// The limits of forms are the options of that name.
struct Config : types::FormLimits {
  // ---- network
  std::string source_ip;  // bind-source-addr; empty: the system chooses
  std::vector<std::string> bind = {"*", "-::*"};
  int64_t port = 6379;
  std::string unix_socket;
  int64_t unix_socket_permissions = 0700;
  int64_t tcp_backlog = 511;
  int64_t tcp_keepalive_s = 300;
  int64_t client_timeout_s = 0;
  int64_t clients_max = 10000;
  bool protected_mode = true;
  int64_t query_buffer_bytes_max = 1 << 30;
  int64_t client_memory_max = 0;  // maxmemory-clients: bytes; negative: percent of maxmemory
  int64_t tracked_keys_max = 1'000'000;
  std::array<OutputLimit, 3> output_limits = {
      {{0, 0, 0}, {256 << 20, 64 << 20, 60}, {32 << 20, 8 << 20, 60}}};

  // ---- process
  bool daemonize = false;
  std::string pid_file;
  std::string dir = ".";
  std::string log_file;
  std::string log_level = "notice";
  std::string log_format = "text";
  bool crash_log = true;
  bool exit_on_panic = false;
  int64_t watchdog_period_ms = 0;
  int64_t databases = 16;
  int64_t hz = 10;
  int64_t shutdown_timeout_s = 10;
  std::vector<std::string> shutdown_on_sigterm = {"default"};
  std::vector<std::string> shutdown_on_sigint = {"default"};
  std::string supervised = "no";
  std::string enable_debug_command = "no";
  std::string enable_module_command = "no";
  std::string enable_protected_configs = "no";
  std::string oom_score_mode = "no";                        // oom-score-adj
  std::array<int64_t, 3> oom_score_values = {0, 200, 800};  // primary, replica, (children)
  bool set_title = true;
  std::string title_template = "{title} {listen-addr} {server-mode}";
  std::string config_file;  // where CONFIG REWRITE writes; absolute

  // ---- data
  int64_t memory_max_bytes = 0;
  std::string memory_policy = "noeviction";
  int64_t eviction_samples = 5;
  int64_t eviction_tenacity = 10;
  int64_t lfu_log_factor = 10;
  int64_t lfu_decay_minutes = 1;
  int64_t bulk_bytes_max = 512 << 20;
  int64_t notify_mask = 0;
  int64_t slowlog_threshold_us = 10000;
  int64_t busy_after_ms = 5000;
  int64_t slowlog_entries_max = 128;
  bool latency_tracking = true;
  int64_t latency_threshold_ms = 0;  // latency-monitor-threshold
  std::vector<std::string> latency_percentiles = {"50", "99", "99.9"};

  // ---- persistence
  std::vector<SavePoint> save_points = {{3600, 1}, {300, 100}, {60, 10000}};
  bool save_points_given = false;  // further save lines add to what was given
  std::string db_file_name = "dump.rdb";
  bool rdb_compression = true;
  bool rdb_checksum = true;
  bool stop_writes_on_save_error = true;
  int64_t key_save_delay_us = 0, key_load_delay_us = 0;
  bool append_only = false;
  std::string append_file_name = "appendonly.aof";
  std::string append_folder = "appendonlydir";
  std::string append_fsync = "everysec";
  bool no_fsync_on_rewrite = false;
  int64_t rewrite_percent = 100;
  int64_t rewrite_min_bytes = 64 << 20;
  bool aof_load_truncated = true;
  bool append_time_stamps = false;
  bool append_base_as_rdb = true;
  bool keep_append_history = false;

  // ---- security
  std::string password;
  bool password_named = false;  // by CONFIG SET, until that is applied
  std::string password_file;
  std::vector<acl::UserLine> user_lines;
  std::string acl_file;
  std::string acl_pubsub_default = "resetchannels";
  int64_t acl_log_entries_max = 128;
  // What clients call a command instead of its name; empty: they cannot call it.
  std::vector<std::pair<std::string, std::string>> renamed_commands;

  // ---- replication
  std::string primary_host;  // empty: none
  int64_t primary_port = 0;
  std::string primary_user;
  std::string primary_auth;
  std::string announce_ip;
  int64_t announce_port = 0;
  bool announced = true;
  bool replica_read_only = true;
  bool replica_serve_stale_data = true;
  // A replica that cannot apply a command: "ignore" goes on, the others end the link.
  std::string propagation_errors = "panic-on-replicas";
  bool replica_ignore_maxmemory = true;
  int64_t replica_priority = 100;
  int64_t replication_timeout_s = 60;
  int64_t replication_ping_period_s = 10;
  std::string diskless_load = "disabled";
  bool diskless_sync = true;
  int64_t diskless_sync_delay_s = 0;
  int64_t diskless_sync_replicas = 0;
  int64_t backlog_bytes = 1 << 20;
  int64_t backlog_ttl_s = 3600;
  bool disable_tcp_nodelay = false;
  int64_t min_replicas_to_write = 0;
  int64_t min_replicas_max_lag_s = 10;
  std::string stream_compression = "no";  // redisha-stream-compression
  int64_t brake_percent_max = 0;          // redisha-slow-replica-brake-percent
  bool managed = false;                   // redisha-managed: start without a role

  // ---- the RedisHA this node belongs to
  std::string peer_key_file;  // empty: none
  std::string cluster_uid;
  std::string node_name;

  // Options that are known and have no effect here, as their words.
  std::map<std::string, std::vector<std::string>> remembered;

  const OutputLimit& OutputLimitFor(const dispatch::Session& session) const;
  // Of all clients together; 0: no limit.
  size_t ClientBytesMax() const;
};

}  // namespace rha::node::app
