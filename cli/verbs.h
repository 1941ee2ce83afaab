// The verbs: each takes its options and returns an exit code, having said on stderr what failed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/cluster_client.h"
#include "common/base/status.h"

namespace rha::cli {

struct LocalOptions {
  std::string folder = ".redisha/local";
  uint16_t port = 0;
  int64_t restart_backoff_max_seconds = 300;
  std::string isolation = "auto";
  bool no_operator = false;  // up: only the cluster
  bool purge = false;        // down: its data too
  int ready_fd = -1;         // run: where to say that it is ready
  std::string output;
};
int LocalUp(const LocalOptions& options);
int LocalDown(const LocalOptions& options);
int LocalStatus(const LocalOptions& options);
// The cluster in the foreground; what `up` starts detached.
int LocalRun(const LocalOptions& options);

struct ObjectOptions {
  Access access;
  std::string output;
  std::string file;        // apply
  std::string kind, name;  // get
  bool all_namespaces = false, force = false;
};
int Apply(const ObjectOptions& options);
int Get(const ObjectOptions& options);

struct StatusOptions {
  Access access;
  std::string name;  // empty: all
  std::string output;
  bool all_namespaces = false, watch = false, wait = false;
  int timeout_seconds = 120;
};
// Its exit code is the health of the worst (view/subject.h).
int ShowStatus(const StatusOptions& options);

// What concerns one RedisHA.
struct NamedOptions {
  Access access;
  std::string name;
  std::string output;
};
int ShowTopology(const NamedOptions& options);

struct SwitchoverOptions {
  Access access;
  std::string name;
  std::string to;  // a pod; empty: the sentinels choose
  std::string output;
};
int Switchover(const SwitchoverOptions& options);

int ExplainLastFailover(const NamedOptions& options);

struct LogsOptions {
  Access access;
  std::string name;
  std::string container;  // node or sentinel; empty: both
  std::string pod;        // empty: all
  int64_t tail_lines = -1;
  std::string since;  // "10m"
  bool previous = false, follow = false;
};
int ShowLogs(const LogsOptions& options);
Result<int64_t> ParseSeconds(const std::string& text);  // of "10m"; 0 of ""

struct RestartOptions {
  Access access;
  std::string name;
  bool force = false;    // although it is not Ready
  bool no_wait = false;  // return once the operator has been told
  int timeout_seconds = 900;
};
int Restart(const RestartOptions& options);

struct RedisCliOptions {
  Access access;
  std::string name;
  std::string pod;        // empty: the primary
  bool sentinel = false;  // its sentinel, as admin
  std::vector<std::string> words;
};
int RedisCli(const RedisCliOptions& options);

struct BenchOptions {
  Access access;
  std::string name;
  int seconds = 10, clients = 8, reads_percent = 50, value_bytes = 64;
  std::string during;  // switchover, delete-primary; empty: nothing is done to the group
  std::string output;
};
// kFailed also where an acknowledged value is missing.
int Bench(const BenchOptions& options);

// Its exit code says the worst that was found (view/diagnosis.h).
int Doctor(const NamedOptions& options);

struct ReportOptions {
  Access access;
  std::string name;  // empty: all of the namespace
  std::string file;  // empty: redisha-report-TIME.tar.gz
};
int Report(const ReportOptions& options);

struct MigrateOptions {
  Access access;
  std::string from;      // bitnami, spotahome, opstree
  std::string name;      // of the release or resource
  std::string new_name;  // of the RedisHA; empty: one that is free
};
int Migrate(const MigrateOptions& options);

// "redisha: …" on stderr; kFailed.
int Fail(const Status& status);

}  // namespace rha::cli
