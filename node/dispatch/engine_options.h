// What the engine counts, and the options of the configuration that it needs itself.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "node/dispatch/access.h"
#include "node/dispatch/peers.h"

namespace rha::node::dispatch {

// To who asks for a module, in a configuration or by command.
inline constexpr std::string_view kNoModules =
    "this server has no module API (docs/differences.md lists what it does not have)";

struct EngineStats {
  uint64_t commands = 0;
  uint64_t error_replies = 0;
  uint64_t unexpected_error_replies = 0;
  uint64_t repl_input_bytes = 0, repl_output_bytes = 0;  // from the primary, to replicas
  uint64_t payloads_checked = 0;                         // of RESTORE
  uint64_t failed_proofs = 0;                            // of strangers who claimed to be members
  std::map<std::string, uint64_t, std::less<>> errors;   // by code: "ERR", "WRONGTYPE"
  uint64_t ops_per_second = 0;                           // app computes it
};

struct EngineOptions {
  std::string acl_file;                  // aclfile; empty: none
  OpenTo debug = OpenTo::kEverybody;     // enable-debug-command
  OpenTo modules = OpenTo::kNobody;      // enable-module-command
  bool active_expire = true;             // DEBUG SET-ACTIVE-EXPIRE
  bool scripts_may_all = false;          // DEBUG SET-DISABLE-DENY-SCRIPTS
  bool verify_payload_checksums = true;  // DEBUG SET-SKIP-CHECKSUM-VALIDATION
  int64_t bulk_bytes_max = 512LL << 20;  // proto-max-bulk-len
  int64_t busy_after_ms = 5000;          // busy-reply-threshold; 0: scripts may take for ever
  bool rdb_compression = true;           // rdbcompression, of DUMP
  bool latency_tracking = true;
  std::vector<double> latency_percentiles = {50, 99, 99.9};  // of INFO latencystats
  Membership membership;
};

}  // namespace rha::node::dispatch
