// Replication as the rest of the node sees it: one object that is a primary, a replica, or
// undecided, and answers the commands about it.
//
// It owns the stream and the two sides, and moves between the roles:
//
//              BecomePrimary (REPLICAOF NO ONE)             ReplicaOf
//   Undecided ───────────────────────────────▶ Primary ◀──────────────▶ Replica
//       └──────────────────────────────────────────────────────────────────▲
//
//  * to Primary: the history branches, so replicas of the old primary can continue with us;
//  * to Replica: the history stays, so a new primary that was our replica can continue with us.
//
// A member may also be sealed: it stands still, a replica without a link or a primary without its
// role, so that what it holds can be compared with other copies (docs/design/replication.md).
//
// Options of ReplConfig take effect when they change, but for the address of the primary
// (ReplicaOf).
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/dispatch/services.h"
#include "node/persist/rdb_file.h"
#include "node/repl/failover.h"
#include "node/repl/primary_side.h"
#include "node/repl/repl_config.h"
#include "node/repl/replica_side.h"
#include "node/repl/role_memory.h"
#include "node/repl/stream.h"

namespace rha::node::repl {

// What a file says of the dataset's place in a replication history, without a copy.
struct DatasetPlace {
  std::string_view id;  // empty: it stands in none
  int64_t offset = -1;
  int db = -1;           // that the stream has selected
  std::string_view uid;  // of the RedisHA; empty: none
  uint64_t epoch = 0;
};

class ReplShell final : public dispatch::ReplicationService {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    net::Resolver& resolver;
    dispatch::Engine& engine;
    persist::SnapshotService& snapshots;
    const ReplConfig& config;  // outlives this
    // Called after each change of the role or of the primary, for CONFIG REWRITE; may be empty.
    std::function<void()> on_role_changed;
    // This node led, and what it has not told yet may never be true: nobody gets those answers.
    std::function<void()> on_deposed;
    // See ReplicaSide.
    std::function<void(int fd)> offer_file;
  };
  explicit ReplShell(Dependencies dependencies);
  ~ReplShell() override;

  // ---- for app at start, in this order: the role comes last
  // The dataset was loaded from a file that says this of itself.
  void RestoreHistory(const persist::RdbInfo& info);
  // Before that: a primary that loads this file leaves out `key`, which has expired. True: its
  // replicas, which continue from the file, will be told of that.
  bool DropAtLoad(const persist::RdbInfo& info, int db, std::string_view key);
  void StartUndecided();
  // This node is a member of the RedisHA of that uid (one word); the file at `path` remembers its
  // role.
  Status JoinCluster(const std::string& path, const std::string& uid);
  // The data are another cluster's: neither served nor replaced.
  bool holds_foreign_data() const { return role_memory_ && !role_memory_->foreign_uid().empty(); }
  void StartAsPrimary();
  // (or ReplicaOf)

  // More of the stream is settled (NodeState::settled_offset, forwarded_offset): who waits for
  // that, our replicas and our primary, is told.
  void OnSettled();

  // What a file saved now says of the dataset's place in the history.
  persist::RdbInfo DescribeDataset() const;
  DatasetPlace Place() const;
  // The dataset was replaced by other means than the stream (DEBUG RELOAD NOSAVE, FLUSH by
  // loading).
  void ForgetHistory() override;

  // ---- dispatch::ReplicationService
  dispatch::ChangeSink& changes() override { return stream_; }
  Result<bool> ReplicaOf(const std::string& host, uint16_t port) override;
  void BecomePrimary() override;
  std::string PlainRoleRefusal() const override;
  Status AssignRole(const dispatch::RoleOrder& order) override;
  Status AdoptDataset(std::string_view uid) override;
  void WriteRole(resp::Writer& reply) override;
  void AppendInfo(std::string* info) override;
  void Psync(dispatch::Session& session, dispatch::Args args) override;
  void Replconf(dispatch::Session& session, dispatch::Args args, resp::Writer& reply) override;
  int ReplicasAcknowledged(int64_t offset, bool on_disk) override {
    return primary_.CountAcknowledged(offset, on_disk);
  }
  void RequestAcknowledgements() override { primary_.RequestAcknowledgements(); }
  void Failover(dispatch::Args args, resp::Writer& reply) override;
  void ChangeReplicationId() override;

  // min-replicas-max-lag may have changed.
  void OnConfig() { primary_.LookAtLimits(); }

  const PrimarySide& primary_side() const { return primary_; }
  PrimarySide& primary_side() { return primary_; }
  const ReplicaSide& replica_side() const { return replica_; }
  const Stream& stream() const { return stream_; }

 private:
  // Why a member's role is not for clients to change; empty: it is no member.
  std::string MemberRefusal() const;
  Result<bool> Follow(const ReplicaSide::Target& target, bool take_over);
  void Lead();
  void LeadIn(uint64_t epoch, int copies);
  void Seal(const dispatch::RoleOrder& order);
  void StopLeading();
  // PSYNC … FAILOVER: our primary hands over its role. Why not; empty: this node is primary now.
  std::string TakeOver(const dispatch::Session& session, dispatch::Args psync);
  bool HasTakenOver(dispatch::Args psync) const;
  void AppendReplicaInfo(std::string* info) const;
  void AppendReplicasInfo(std::string* info) const;
  void AppendHistoryInfo(std::string* info);
  void AppendMemberInfo(std::string* info) const;

  net::Reactor& reactor_;
  dispatch::Engine& engine_;
  const ReplConfig& config_;
  std::function<void()> on_role_changed_, on_deposed_;
  Stream stream_;
  PrimarySide primary_;
  ReplicaSide replica_;
  repl::Failover failover_;
  std::optional<RoleMemory> role_memory_;  // none: this node is no member of a RedisHA
  // The epoch in which the dataset was last known to be its primary's: what a file says when it is
  // loaded, then that of the order under which this node leads, or what its primary says.
  uint64_t data_epoch_ = 0;
  int64_t epoch_start_ = 0;  // where that began in the stream, as far as this node must know
  // The dataset is all that this node ever acknowledged: nothing was lost with an earlier process.
  bool copy_proven_ = false;
  bool sealed_ = false;          // RoleOrder::kSeal, until the next order
  uint64_t promised_epoch_ = 0;  // of the newest of these that wants more than one copy
  bool restored_ = false;        // RestoreHistory() has been called
  net::TimerId cron_ = 0;
};

}  // namespace rha::node::repl
