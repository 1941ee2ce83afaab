// Serving replicas: PSYNC and SYNC, snapshots, the stream, acknowledgements.
//
// A node serves replicas of its own also while it is a replica itself (chained replication); what
// it sends is then its primary's stream, verbatim.
// Thread rule: the engine's thread. Callbacks of one replica may remove others, so nothing here
// keeps an iterator across a call to a session.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/net/reactor.h"
#include "node/dispatch/services.h"
#include "node/persist/snapshot_service.h"
#include "node/repl/repl_config.h"
#include "node/repl/replica.h"
#include "node/repl/stream.h"
#include "node/repl/write_brake.h"

namespace rha::node::dispatch {
class Engine;
class Session;
}  // namespace rha::node::dispatch

namespace rha::node::persist {
struct RdbInfo;
}

namespace rha::node::repl {

// Of which epoch the data are, and where in the stream that began.
struct DataEpoch {
  uint64_t epoch = 0;  // 0: not known
  int64_t start = 0;
};

struct SyncStats {
  uint64_t full = 0, partial_ok = 0, partial_err = 0;
  // Of the streams that went compressed: what was in them, and what that took.
  uint64_t packed_from_bytes = 0, packed_bytes = 0;
};

class PrimarySide final : public StreamListener {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    dispatch::Engine& engine;
    const ReplConfig& config;
    persist::SnapshotService& snapshots;
    Stream& stream;
    std::function<persist::RdbInfo()> describe;  // what a snapshot taken now says of itself
    std::function<DataEpoch()> data_epoch;       // what members that ask are told
    std::function<void()> on_acknowledged;       // a replica has more than it had
  };
  explicit PrimarySide(Dependencies dependencies);
  ~PrimarySide() override;

  // ---- commands of sessions
  void Psync(dispatch::Session& session, dispatch::Args args);
  // Options a replica tells before PSYNC, and its acknowledgements after.
  void Replconf(dispatch::Session& session, dispatch::Args args, resp::Writer& reply);
  // Of those that count.
  int CountAcknowledged(int64_t offset, bool on_disk) const;
  bool AllAcknowledged(int64_t offset) const;
  // Tells the log how the replicas stand when this node leaves.
  void LogFarewell() const;
  void RequestAcknowledgements();

  // From now on a change is told when so many have it, this node and members that follow it; and
  // nothing is before they have all up to `from` (NodeState::committed_offset).
  void WantCopies(int copies, int64_t from);
  int copies() const { return copies_; }

  // Their history is not ours any more, or has a new name: they must ask again.
  void DisconnectAll(const std::string& why);
  // Also those who were told of an epoch and have not asked for the stream yet, or wait for it.
  void DisconnectIntroduced();
  void Cron();

  const std::vector<std::unique_ptr<Replica>>& replicas() const { return replicas_; }
  int good_replicas() const;
  void PublishGoodReplicas();
  // Who and what is beyond them, as they are now.
  void LookAtLimits();
  const SyncStats& stats() const { return stats_; }
  void ResetStats() { stats_ = {}; }
  const WriteBrake& brake() const { return brake_; }

  // More of the stream is on this node's disk.
  void OnSettled();

  // ---- for Replica
  int64_t forwarded_offset() const;
  Stream& stream() { return stream_; }
  MonoTime now() const { return reactor_.Now(); }
  void CountPacked(size_t from_bytes, size_t bytes) {
    stats_.packed_from_bytes += from_bytes;
    stats_.packed_bytes += bytes;
  }
  void OnProgress(Replica& replica);
  void OnAsleep(Replica& replica);
  void OnClosed(Replica& replica);

  // ---- StreamListener
  void OnStreamGrown() override;

 private:
  bool RefusesToServe(resp::Writer& reply) const;
  bool TryContinue(dispatch::Session& session, std::string_view id, int64_t offset);
  void FullSync(dispatch::Session& session, dispatch::Args request);
  bool WantsFunctionsOnly(const dispatch::Session& session) const;
  void SendFunctions(dispatch::Session& session, dispatch::Args request);
  void Wait(dispatch::Session& session, dispatch::Args request);
  void LookAtCopies();
  bool IsWaiting(const dispatch::Session& session) const;
  bool WaitsForMore() const;
  void ServeWaiting();
  Status StartSnapshot();
  void OnSnapshotEnded(std::shared_ptr<OutgoingSnapshot> ended, const Status& status);
  void DropIdleSnapshot();
  bool IsSilent(const Replica& replica, std::chrono::seconds limit) const;
  void DropSilent(Replica& replica);
  Lag WorstLag() const;
  void PollStarved();
  // Whose acknowledgement is one for min-replicas-to-write and WAIT: in a RedisHA, members.
  bool Counts(const Replica& replica) const;
  void WarnOfLifetimes();
  Replica* Find(const dispatch::Session& session) const;
  void DropFormerSession(const dispatch::Session& session);
  Replica& AddReplica(dispatch::Session& session);
  int64_t NeededFrom() const;
  void TrimBacklog();
  uint64_t AtLeastBacklog(uint64_t limit) const;
  void EnforceLimits();
  void WakeAsleep();
  bool ParseReplconf(ReplicaIdentity& identity, dispatch::Args args, resp::Writer& reply);

  net::Reactor& reactor_;
  dispatch::Engine& engine_;
  const ReplConfig& config_;
  persist::SnapshotService& snapshots_;
  Stream& stream_;
  std::function<persist::RdbInfo()> describe_;
  std::function<DataEpoch()> data_epoch_;
  std::function<void()> on_acknowledged_;

  std::vector<std::unique_ptr<Replica>> replicas_;
  std::map<uint64_t, ReplicaIdentity> introduced_;  // sessions before their PSYNC
  std::shared_ptr<OutgoingSnapshot> snapshot_;      // the newest, while somebody may join it
  int copies_ = 1;
  int64_t committed_from_ = 0;    // nothing before this is committed by itself
  std::vector<int64_t> applied_;  // of LookAtCopies()
  bool any_asleep_ = false;
  int64_t look_at_ = 0;  // offset at which limits are looked at next
  net::TimerId poll_timer_ = 0;
  MonoTime last_ping_, last_replica_seen_;
  int64_t acknowledgements_asked_at_ = -1;
  SyncStats stats_;
  // Requests that came while another image was being taken, or wait for company. After that each is
  // executed again as if it came now: meanwhile this node may have lost its data, its role or its
  // primary.
  struct Waiting {
    uint64_t session_id;
    std::vector<std::string> request;
  };
  std::vector<Waiting> waiting_;
  net::TimerId wait_timer_ = 0;
  MonoTime waiting_since_;  // the first of them
  bool serving_waiting_ = false;
  WriteBrake brake_;
};

}  // namespace rha::node::repl
