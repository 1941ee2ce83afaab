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

// Applies one line to `state`. False: it is no line of these (a global setting such as announce-ip,
// or of another program). Groups must exist before their settings: apply `monitor` lines first.
Result<bool> ApplyStateLine(const std::vector<std::string>& words, core::PersistedState* state);

// The lines of a state file: the state only, with our own.
std::vector<std::string> StateLines(const core::PersistedState& state);

// One of redis-sentinel's lines for its file: settings and state, in Redis' order.
struct ConfigFileLine {
  std::string key;  // what it speaks of; a file's line of the same key is replaced by it
  std::string text;
  bool if_there = false;  // the default: written only in the place of another
};
std::vector<ConfigFileLine> ConfigFileLines(const core::PersistedState& state);

// The key of a line of the file; empty: none that ConfigFileLines could write.
std::string ConfigFileKey(const std::vector<std::string>& words);

}  // namespace rha::sidecar::shell
