// What must survive a restart of the sidecar. The shell encodes it (state file, or sentinel.conf
// lines); the machine only fills and reads it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/core/limits.h"
#include "sidecar/core/types.h"

namespace rha::sidecar::core {

struct PersistedPeer {
  Address address;
  std::string id;  // 40 hex digits

  bool operator==(const PersistedPeer&) const = default;
};

// Data of replication history `replid` was written under the primary of config epoch `epoch`.
struct DataMark {
  Epoch epoch = 0;
  std::string replid;

  bool operator==(const DataMark&) const = default;
};

// What to monitor, and how: `sentinel monitor` and SENTINEL SET.
struct GroupSettings {
  std::string name;
  Address primary;  // where it is; configured groups go by members instead
  int quorum = 1;
  Millis down_after = kDownAfterDefault;
  Millis failover_timeout = kFailoverTimeoutDefault;
  int parallel_syncs = kParallelSyncsDefault;
  Millis reboot_down_after{0};
  std::string auth_user;
  std::string auth_password;
  std::string notification_script;
  std::string client_reconfig_script;
  std::map<std::string, std::string> renamed_commands;

  bool operator==(const GroupSettings&) const = default;
};

// Configured groups take all settings but the name, members and their addresses from the static
// configuration.
struct PersistedGroup : GroupSettings {
  bool configured = false;
  std::string primary_member;  // configured groups: who it is, whatever its address is by then

  // Classic groups: who else there is.
  std::vector<Address> replicas;
  std::vector<PersistedPeer> peers;

  Epoch config_epoch = 0;     // of the primary's address
  std::string config_leader;  // who won that epoch; breaks ties of equal epochs
  Epoch leader_epoch = 0;     // the last epoch a vote was cast in ...
  std::string leader_id;      // ... and for whom

  // Histories the own node took part in (configured groups), as primary or replica in sync; newest
  // first.
  std::vector<DataMark> lineage;

  bool operator==(const PersistedGroup&) const = default;
};

// Settings of the whole process that SENTINEL CONFIG SET and ACL change, in classic groups.
struct Globals {
  std::string announce_ip;               // empty: the address each hello leaves from
  uint16_t announce_port = 0;            // 0: the own port
  std::string peer_user, peer_password;  // of other sentinels' ports
  bool resolve_hostnames = false;        // host names are taken where addresses are
  bool announce_hostnames = false;       // ... and told as they were given
  bool deny_scripts_reconfig = true;
  std::string log_level;  // as Redis names it; empty: what the file says
  // Who may do what at the own port: a name and rules each. Kept for the shell, whose they are.
  std::vector<std::vector<std::string>> users;

  bool operator==(const Globals&) const = default;
};

struct PersistedState {
  Globals globals;
  std::string my_id;
  Epoch current_epoch = 0;
  // False until this member may vote (see amnesia in docs/design/sentinel.md). Always true without
  // configured groups, as in Redis.
  bool may_vote = true;
  std::map<std::string, PersistedGroup> groups;

  bool operator==(const PersistedState&) const = default;
};

}  // namespace rha::sidecar::core
