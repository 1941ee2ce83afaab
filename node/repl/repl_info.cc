// ReplShell: what INFO replication and ROLE say, field by field as Redis 7.0 does.

#include <algorithm>
#include <vector>

#include "common/resp/writer.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/info_line.h"
#include "node/repl/limits.h"
#include "node/repl/repl_shell.h"

namespace rha::node::repl {
namespace {

using dispatch::Line;

}  // namespace

void ReplShell::AppendReplicaInfo(std::string* info) const {
  const auto& target = replica_.target();
  Line(info, "master_host:{}", target ? target->host : "");
  Line(info, "master_port:{}", target ? target->port : 0);
  Line(info, "master_link_status:{}", replica_.streaming() ? "up" : "down");
  Line(info, "master_last_io_seconds_ago:{}", replica_.SecondsSinceHeard());
  Line(info, "master_sync_in_progress:{}", replica_.syncing() ? 1 : 0);
  Line(info, "slave_read_repl_offset:{}", replica_.read_offset());
  Line(info, "slave_repl_offset:{}", stream_.offset());
  if (const IncomingSnapshot* incoming = replica_.incoming()) {
    const int64_t total = std::max<int64_t>(incoming->length(), 0);
    const int64_t read = incoming->bytes_received();
    Line(info, "master_sync_total_bytes:{}", total);
    Line(info, "master_sync_read_bytes:{}", read);
    Line(info, "master_sync_left_bytes:{}", incoming->length() < 0 ? -read : total - read);
    Line(info, "master_sync_perc:{:.2f}",
         total > 0 ? static_cast<double>(read) * 100 / static_cast<double>(total) : 0.0);
    Line(info, "master_sync_last_io_seconds_ago:{}", 0);
  }
  if (!replica_.streaming()) {
    Line(info, "master_link_down_since_seconds:{}", target ? replica_.SecondsDown() : -1);
    if (!replica_.last_error().empty()) {
      Line(info, "redisha_master_link_error:{}", replica_.last_error());
    }
  }
  Line(info, "redisha_master_heard_ms_ago:{}", replica_.MillisSinceInTouch());
  Line(info, "redisha_stream_compression:{}", replica_.packed() ? "lz4" : "no");
  Line(info, "slave_priority:{}", config_.priority);
  Line(info, "slave_read_only:{}", engine_.state().replica_read_only ? 1 : 0);
  Line(info, "replica_announced:{}", config_.announced ? 1 : 0);
}

void ReplShell::AppendReplicasInfo(std::string* info) const {
  // A script that sees nothing but its own turn is told of who has gone in it.
  std::vector<const Replica*> replicas;
  for (const auto& replica : primary_.replicas()) {
    if (!replica->session.closing) replicas.push_back(replica.get());
  }
  Line(info, "connected_slaves:{}", replicas.size());
  if (engine_.state().min_replicas_to_write > 0) {
    Line(info, "min_slaves_good_slaves:{}", primary_.good_replicas());
  }
  if (primary_.stats().packed_from_bytes > 0) {
    Line(info, "redisha_stream_packed_from_bytes:{}", primary_.stats().packed_from_bytes);
    Line(info, "redisha_stream_packed_bytes:{}", primary_.stats().packed_bytes);
  }
  Line(info, "redisha_write_brake_percent:{}", primary_.brake().percent());
  Line(info, "redisha_write_brake_seconds:{:.3f}",
       static_cast<double>(primary_.brake().held_ms()) / 1000);
  int i = 0;
  for (const Replica* const replica : replicas) {
    if (i == kReplicasShownMax) break;  // what sidecars read stays short, whoever sends PSYNC
    const Progress& progress = replica->progress;
    Line(info, "slave{}:ip={},port={},state={},offset={},lag={}", i++, replica->ip(),
         replica->identity.port, replica->InfoState(), progress.streaming() ? progress.acked : 0,
         progress.streaming() ? progress.LagSeconds(reactor_.Now()) : 0);
  }
}

void ReplShell::AppendHistoryInfo(std::string* info) {
  const History& history = stream_.history();
  const Backlog& backlog = stream_.backlog();
  // More may be held for a slow replica; what may be asked for is said here.
  const uint64_t held = stream_.active() ? backlog.held_bytes() : 0;
  Line(info, "master_failover_state:{}", failover_.InfoWord());
  Line(info, "master_replid:{}", history.id);
  Line(info, "master_replid2:{}", history.second_id);
  Line(info, "master_repl_offset:{}", backlog.end());
  Line(info, "second_repl_offset:{}", history.second_offset);
  Line(info, "repl_backlog_active:{}", stream_.active() ? 1 : 0);
  Line(info, "repl_backlog_size:{}", config_.backlog_bytes);
  Line(info, "repl_backlog_first_byte_offset:{}", stream_.active() ? backlog.begin() + 1 : 0);
  Line(info, "repl_backlog_histlen:{}", held);
}

void ReplShell::AppendMemberInfo(std::string* info) const {
  const dispatch::Membership& membership = engine_.options().membership;
  if (!membership.known()) return;
  Line(info, "redisha_cluster_uid:{}", membership.self.uid);
  Line(info, "redisha_node_name:{}", membership.self.name);
  std::string members;
  for (const auto& replica : primary_.replicas()) {
    const std::string& name = replica->session.peer_name();
    if (!name.empty()) members += (members.empty() ? "" : ",") + name;
  }
  Line(info, "redisha_replicas:{}", members);
  Line(info, "redisha_failed_proofs:{}", engine_.stats().failed_proofs);
  if (!role_memory_) return;
  Line(info, "redisha_role_epoch:{}", role_memory_->epoch());
  Line(info, "redisha_role_leader:{}", role_memory_->leader());
  Line(info, "redisha_data_epoch:{}", data_epoch_);
  Line(info, "redisha_copy_proven:{}", copy_proven_ ? 1 : 0);
  if (sealed_) Line(info, "redisha_sealed:1");
  if (primary_.copies() > 1) {
    Line(info, "redisha_copies:{}", primary_.copies());
    Line(info, "redisha_committed_offset:{}", engine_.state().committed_offset);
  }
  if (!holds_foreign_data()) return;
  Line(info, "redisha_foreign_dataset:1");
  Line(info, "redisha_dataset_uid:{}", role_memory_->foreign_uid());
}

void ReplShell::AppendInfo(std::string* info) {
  const bool undecided = engine_.state().undecided;
  Line(info, "role:{}", replica_.active() || undecided ? "slave" : "master");
  if (replica_.active() || undecided) AppendReplicaInfo(info);
  AppendReplicasInfo(info);
  AppendHistoryInfo(info);
  if (undecided) Line(info, "redisha_undecided:1");
  if (!engine_.state().log_error.empty() && !replica_.active()) {
    Line(info, "redisha_writes_refused:the append-only file cannot be written: {}",
         engine_.state().log_error);
  } else if (engine_.state().last_save_failed && !replica_.active()) {
    Line(info, "redisha_writes_refused:the last save failed (stop-writes-on-bgsave-error)");
  }
  AppendMemberInfo(info);
}

void ReplShell::WriteRole(resp::Writer& reply) {
  if (replica_.active() || engine_.state().undecided) {
    const auto& target = replica_.target();
    reply.Array(5);
    reply.Bulk("slave");
    reply.Bulk(target ? target->host : "");
    reply.Integer(target ? target->port : 0);
    reply.Bulk(replica_.RoleWord());
    reply.Integer(replica_.streaming() ? stream_.offset() : -1);
    return;
  }
  const auto& replicas = primary_.replicas();
  reply.Array(3);
  reply.Bulk("master");
  reply.Integer(stream_.offset());
  reply.Array(std::count_if(replicas.begin(), replicas.end(),
                            [](const auto& replica) { return replica->progress.streaming(); }));
  for (const auto& replica : replicas) {
    if (!replica->progress.streaming()) continue;
    reply.Array(3);
    reply.Bulk(replica->ip());
    reply.Bulk(std::to_string(replica->identity.port));
    reply.Bulk(std::to_string(replica->progress.acked));
  }
}

}  // namespace rha::node::repl
