// The fields of a node's INFO reply that Sentinel reads. The parser is pure and takes anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/core/types.h"

namespace rha::sidecar::core {

struct InfoReplica {
  Address address;
  std::string state;  // "online", "wait_bgsave" ...
};

struct Info {
  std::string run_id;
  Role role = Role::kUnknown;
  bool undecided = false;  // redisha_undecided:1
  bool loading = false;
  bool ours = false;      // redisha-node
  bool sentinel = false;  // no server of data at all

  // Of redisha-node.
  std::optional<Epoch> role_epoch;  // of the newest order that gave it a role, and who gave it
  std::string role_leader;
  std::optional<Epoch> data_epoch;  // in which its data were last known to be the primary's
  bool sealed = false;              // it stands still by that order
  bool copy_proven = false;         // ... and lack nothing that this process has acknowledged
  int copies = 1;                   // role:master: of a change, before it is told
  bool foreign_data = false;        // its volume belongs to another cluster

  // role:slave
  Address primary;
  bool primary_link_up = false;
  // Since its primary's last bytes; -1: not known. Ours tells it in ms, too, and -1 while what it
  // sends itself does not get there.
  int64_t primary_heard_seconds = -1;
  std::optional<int64_t> primary_heard_ms;
  int64_t primary_link_down_seconds = -1;  // master_link_down_since_seconds; -1: not printed
  int priority = 100;
  int64_t replica_offset = 0;
  bool announced = true;

  // role:master
  std::vector<InfoReplica> replicas;

  bool failing_over = false;  // master_failover_state: FAILOVER is under way

  std::string replid;
  std::string replid2;
  int64_t primary_offset = 0;  // master_repl_offset
  int64_t second_offset = -1;  // second_repl_offset
  int64_t keys = 0;            // sum over # Keyspace

  // Where the node stands in its stream, whatever its role.
  int64_t Offset() const {
    return role == Role::kReplica && replica_offset > primary_offset ? replica_offset
                                                                     : primary_offset;
  }
};

Info ParseInfo(std::string_view text);

}  // namespace rha::sidecar::core
