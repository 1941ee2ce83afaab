#include "node/repl/repl_shell.h"

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "common/resp/writer.h"
#include "node/dispatch/engine.h"
#include "node/repl/limits.h"

namespace rha::node::repl {

ReplShell::ReplShell(Dependencies dependencies)
    : reactor_(dependencies.reactor),
      engine_(dependencies.engine),
      config_(dependencies.config),
      on_role_changed_(std::move(dependencies.on_role_changed)),
      stream_(engine_.state(), config_.backlog_bytes),
      primary_({.reactor = reactor_,
                .engine = engine_,
                .config = config_,
                .snapshots = dependencies.snapshots,
                .stream = stream_,
                .describe = [this] { return DescribeDataset(); }}),
      replica_({.reactor = reactor_,
                .resolver = dependencies.resolver,
                .engine = engine_,
                .config = config_,
                .stream = stream_,
                .disconnect_replicas = [this](const std::string& why) {
                  primary_.DisconnectAll(why);
                }}) {
  cron_ = reactor_.Every(kCronInterval, [this] {
    primary_.Cron();
    replica_.Cron();
  });
}

ReplShell::~ReplShell() { reactor_.Cancel(cron_); }

void ReplShell::RestoreHistory(const persist::RdbInfo& info) {
  if (info.repl_id.size() != kReplIdBytes || info.repl_offset < 0) return;
  stream_.StandAt(History{info.repl_id, History::NoId(), -1}, info.repl_offset);
  replica_.set_selected_db(std::max(info.repl_stream_db, 0));
  log::Info("the dataset stands at offset {} of history {}", info.repl_offset, info.repl_id);
}

void ReplShell::StartUndecided() {
  engine_.state().undecided = true;
  // Nothing may be added to a history before it is known whether this node continues it.
  stream_.set_own(false);
  if (config_.keep_history) stream_.Activate();
}

void ReplShell::StartAsPrimary() {
  // A restored history is not continued under its own name: another node may have done that
  // meanwhile.
  if (stream_.active()) stream_.history().Branch(RandomHex(kReplIdBytes), stream_.offset());
  if (config_.keep_history) stream_.Activate();
}

persist::RdbInfo ReplShell::DescribeDataset() const {
  persist::RdbInfo info;
  info.server_version = kRedisVersion;
  info.created_at_s = engine_.clock().UnixMillis() / 1000;
  info.used_memory_bytes = static_cast<uint64_t>(engine_.state().memory.bytes());
  if (!stream_.active()) return info;
  info.repl_id = stream_.history().id;
  info.repl_offset = stream_.offset();
  info.repl_stream_db =
      replica_.active() ? replica_.selected_db() : std::max(stream_.selected_db(), 0);
  return info;
}

void ReplShell::ForgetHistory() {
  primary_.DisconnectAll("the dataset was replaced");
  stream_.history().Adopt(RandomHex(kReplIdBytes));
}

Result<bool> ReplShell::ReplicaOf(const std::string& host, uint16_t port) {
  ReplicaSide::Target target{host, port};
  if (replica_.target() == target) return false;
  if (!replica_.active() && !engine_.state().undecided) {
    // A primary's own stream becomes the past of a replica: what follows begins with SELECT.
    replica_.set_selected_db(0);
  }
  stream_.Activate();
  stream_.set_own(false);
  engine_.state().undecided = false;
  replica_.Follow(std::move(target));
  if (on_role_changed_) on_role_changed_();
  return true;
}

void ReplShell::BecomePrimary() {
  if (!replica_.active() && !engine_.state().undecided) return;
  replica_.Stop();
  engine_.state().undecided = false;
  stream_.history().Branch(RandomHex(kReplIdBytes), stream_.offset());
  stream_.set_own(true);
  stream_.ForgetSelectedDb();
  if (config_.keep_history) stream_.Activate();
  // They learn the new id by asking again, and continue without a full synchronisation.
  primary_.DisconnectAll("this node became a primary, with a new history id");
  log::Info("this node is a primary now: history {}, second {} up to offset {}",
            stream_.history().id, stream_.history().second_id, stream_.history().second_offset);
  if (on_role_changed_) on_role_changed_();
}

void ReplShell::Psync(dispatch::Session& session, dispatch::Args args) {
  primary_.Psync(session, args);
}

void ReplShell::Replconf(dispatch::Session& session, dispatch::Args args, resp::Writer& reply) {
  primary_.Replconf(session, args, reply);
}

void ReplShell::Failover(dispatch::Args, resp::Writer& reply) {
  reply.Error(
      "ERR FAILOVER is not supported: let the sentinels move the primary (SENTINEL FAILOVER)");
}

void ReplShell::ChangeReplicationId() { stream_.history().Adopt(RandomHex(kReplIdBytes)); }

}  // namespace rha::node::repl
