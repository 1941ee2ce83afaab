// The `sentinel …` lines of a Sentinel configuration file, which are both what users write and what
// must survive a restart; and their superset in the state file of a configured group. Pure.
//
//   sentinel myid <40 hex>                              sentinel current-epoch <n>
//   sentinel monitor <group> <ip> <port> <quorum>       sentinel config-epoch <group> <n>
//   sentinel <setting> <group> <value>                  sentinel leader-epoch <group> <n>
//   sentinel known-replica <group> <ip> <port>          sentinel known-sentinel <group> <ip> <port>
//   <id>
//
// Only in state files (redis-sentinel would refuse them):
//   redisha-state <may-vote yes|no>                     redisha-leader <group> <id of leader-epoch>
//   redisha-primary <group> <ip> <port> <member|""> <config leader|"">
//   redisha-data <group> <epoch> <replication id>   (newest first)
#pragma once

#include <string>
#include <vector>

#include "common/base/config_text.h"
#include "common/base/status.h"
#include "sidecar/core/persisted.h"

namespace rha::sidecar::shell {

enum class Dialect {
  kConfigFile,  // what redis-sentinel writes into its file: settings and state
  kStateFile,   // state only, with our own lines
};

// Applies one line to `state`. False: it is no line of these (a global setting such as announce-ip,
// or of another program). Groups must exist before their settings: apply `monitor` lines first.
Result<bool> ApplyStateLine(const std::vector<std::string>& words, core::PersistedState* state);

// The whole state, in Redis' order.
std::vector<std::string> StateLines(const core::PersistedState& state, Dialect dialect);

// True for lines that StateLines(…, kConfigFile) writes anew.
bool IsRewrittenLine(const std::vector<std::string>& words);

}  // namespace rha::sidecar::shell
