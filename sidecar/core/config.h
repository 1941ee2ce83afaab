// What the machine is told once, at its start.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/core/limits.h"
#include "sidecar/core/persisted.h"
#include "sidecar/core/types.h"

namespace rha::sidecar::core {

// When a write may be told to anybody: once the primary has it, or once a majority of the members
// does (copies.h).
enum class Durability : uint8_t { kAsync, kQuorum };

// One configured voter: a data node and the sidecar beside it.
struct MemberConfig {
  std::string name;  // pod name
  std::string host;  // resolved by the shell on request; its address may change, its id never does
  std::string id;    // 40 hex digits, stable: derived from the cluster's uid and the name
};

struct GroupConfig : GroupSettings {
  // Configured group (redisha-group): the voters in the order of their ordinals, never learned by
  // gossip. At most one group of a process is configured.
  std::vector<MemberConfig> members;
  uint16_t node_port = 6379;
  uint16_t sentinel_port = 26379;
  // This group has had data once, whatever its volumes say (redisha-initialised).
  bool initialised = false;
  Millis cold_start_wait = kColdStartWaitDefault;
  Durability durability = Durability::kAsync;  // redisha-durability
  bool majority_first() const { return durability == Durability::kQuorum; }

  bool configured() const { return !members.empty(); }
};

struct Config {
  std::string my_id;  // 40 hex digits; of a configured group's member: that member's id
  Address announce;   // what hellos say of this sidecar
  Globals globals;
  uint16_t own_port = 0;        // announced unless the globals say another; 0: announce.port
  std::string self;             // name of the own member; empty: no node beside this sidecar
  bool refused_is_down = true;  // JudgeRefusal() may speak (redisha-refused-is-down)
  uint64_t seed = 1;
  std::vector<GroupConfig> groups;
  // What the last Persist made durable; nothing: first start, or the disk was lost.
  std::optional<PersistedState> persisted;
};

}  // namespace rha::sidecar::core
