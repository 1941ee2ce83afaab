#include "node/repl/repl_shell.h"

#include <utility>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "common/resp/writer.h"
#include "common/trust/peer_proof.h"
#include "node/dispatch/engine.h"
#include "node/repl/limits.h"
#include "node/repl/parse_number.h"

namespace rha::node::repl {

ReplShell::ReplShell(Dependencies dependencies)
    : reactor_(dependencies.reactor),
      engine_(dependencies.engine),
      config_(dependencies.config),
      on_role_changed_(std::move(dependencies.on_role_changed)),
      on_deposed_(std::move(dependencies.on_deposed)),
      stream_(engine_.state(), config_.backlog_bytes),
      primary_({.reactor = reactor_,
                .engine = engine_,
                .config = config_,
                .snapshots = dependencies.snapshots,
                .stream = stream_,
                .describe = [this] { return DescribeDataset(); },
                .data_epoch =
                    [this] {
                      return DataEpoch{data_epoch_, epoch_start_};
                    },
                .on_acknowledged = [this] { failover_.OnAcknowledged(); }}),
      replica_(
          {.reactor = reactor_,
           .resolver = dependencies.resolver,
           .engine = engine_,
           .config = config_,
           .stream = stream_,
           .snapshots = dependencies.snapshots,
           .disconnect_replicas = [this](const std::string& why) { primary_.DisconnectAll(why); },
           .on_dataset =
               [this](uint64_t epoch) {
                 data_epoch_ = epoch;
                 epoch_start_ = stream_.offset();
                 if (epoch == 0) copy_proven_ = false;
               },
           .on_proven = [this] { copy_proven_ = true; },
           .promised_epoch = [this] { return promised_epoch_; },
           .on_handover = [this](bool serves_us) { failover_.OnAnswer(serves_us); },
           .offer_file = std::move(dependencies.offer_file)}),
      failover_({.reactor = reactor_,
                 .engine = engine_,
                 .replicas = primary_,
                 .stream = stream_,
                 .hand_over = [this](const auto& target) { return Follow(target, true).status(); },
                 .lead_again = [this] { Lead(); }}) {
  cron_ = reactor_.Every(kCronInterval, [this] {
    primary_.Cron();
    replica_.Cron();
  });
}

ReplShell::~ReplShell() { reactor_.Cancel(cron_); }

Status ReplShell::JoinCluster(const std::string& path, const std::string& uid) {
  RHA_ASSIGN_OR_RETURN(role_memory_, RoleMemory::Open(path, uid));
  return {};
}

void ReplShell::RestoreHistory(const persist::RdbInfo& info) {
  if (std::exchange(restored_, true)) return;
  if (role_memory_) {
    // What is no uid has no business in INFO or in the log.
    const bool readable = info.cluster_uid.empty() || trust::IsName(info.cluster_uid);
    role_memory_->OnDataset(readable ? info.cluster_uid : "unreadable");
    // The epochs of another cluster, whose data were taken over, are none of ours.
    if (info.cluster_uid == role_memory_->uid()) data_epoch_ = info.data_epoch;
  }
  if (info.repl_offset < 0) return;
  // More than it says of itself: an id that nobody knows lets nobody continue from there, nor this
  // node from elsewhere, and the offset is its rank among copies still.
  const bool more = info.repl_id.empty();
  const std::string id = more ? RandomHex(kReplIdBytes) : info.repl_id;
  stream_.StandAt(History{id, History::NoId(), -1}, info.repl_offset);
  replica_.set_selected_db(std::max(info.repl_stream_db, 0));
  stream_.set_own(false);
  if (more) {
    log::Info(
        "the dataset holds more than it says of itself, which is up to offset {}: its "
        "replication history cannot be continued",
        info.repl_offset);
  } else {
    log::Info("the dataset stands at offset {} of history {}", info.repl_offset, id);
  }
}

bool ReplShell::DropAtLoad(const persist::RdbInfo& info, int db, std::string_view key) {
  if (!restored_) {
    RestoreHistory(info);
    if (!holds_foreign_data()) StartAsPrimary();
  }
  if (holds_foreign_data() || !stream_.own()) return false;
  const std::string_view request[] = {"DEL", key};
  stream_.Append(db, request, {});
  return true;
}

void ReplShell::StartUndecided() {
  engine_.state().undecided = true;
  // Nothing may be added to a history before it is known whether this node continues it.
  stream_.set_own(false);
  if (config_.managed) stream_.Activate();
}

void ReplShell::StartAsPrimary() {
  const bool found = stream_.active() && !stream_.own();
  stream_.set_own(true);
  // A restored history is not continued under its own name: another node may have done that
  // meanwhile.
  if (found) stream_.history().Branch(RandomHex(kReplIdBytes), stream_.offset());
  if (config_.managed) stream_.Activate();
}

persist::RdbInfo ReplShell::DescribeDataset() const {
  persist::RdbInfo info;
  info.server_version = kRedisVersion;
  info.created_at_s = engine_.clock().UnixMillis() / 1000;
  info.used_memory_bytes = static_cast<uint64_t>(engine_.state().memory.bytes());
  const DatasetPlace place = Place();
  info.cluster_uid = place.uid;
  info.data_epoch = place.epoch;
  info.repl_id = place.id;
  info.repl_offset = place.offset;
  info.repl_stream_db = place.db;
  return info;
}

DatasetPlace ReplShell::Place() const {
  DatasetPlace place;
  if (role_memory_) {
    const std::string& foreign = role_memory_->foreign_uid();
    place.uid = foreign.empty() ? role_memory_->uid() : foreign;
    place.epoch = data_epoch_;
  }
  if (!stream_.active()) return place;
  place.id = stream_.history().id;
  place.offset = stream_.offset();
  place.db = stream_.own() ? std::max(stream_.selected_db(), 0) : replica_.selected_db();
  return place;
}

void ReplShell::OnSettled() {
  primary_.OnSettled();
  if (replica_.acknowledges_batches()) replica_.Acknowledge();
}

void ReplShell::ForgetHistory() {
  primary_.DisconnectAll("the dataset was replaced");
  stream_.history().Adopt(RandomHex(kReplIdBytes));
}

std::string ReplShell::PlainRoleRefusal() const {
  if (failover_.active()) return "ERR REPLICAOF not allowed while failing over.";
  return MemberRefusal();
}

std::string ReplShell::MemberRefusal() const {
  if (!role_memory_) return {};
  if (holds_foreign_data()) return role_memory_->ForeignRefusal();
  if (!config_.managed) return {};
  return "ERR the members of its cluster say what this node is (redisha-managed): move the primary "
         "with SENTINEL FAILOVER";
}

Status ReplShell::AssignRole(const dispatch::RoleOrder& order) {
  if (!role_memory_) return Status(Code::kInvalid, "ERR this node belongs to no RedisHA");
  RHA_RETURN_IF_ERROR(role_memory_->Accept(order.epoch, order.leader));
  using Kind = dispatch::RoleOrder::Kind;
  if (order.kind == Kind::kLead) return LeadIn(order.epoch, order.copies), Status();
  if (order.kind == Kind::kSeal) return Seal(order), Status();
  const Result<bool> changed = ReplicaOf(order.host, order.port);
  if (!changed.ok()) return Status(changed.status().code(), "ERR " + changed.status().message());
  if (!*changed) return {};
  // Whether this node led before its process began nobody can tell.
  if (order.copies > 1 && !copy_proven_) engine_.state().uncommitted_tail = true;
  log::Info("replica of {}:{} by order of {}, epoch {}", order.host, order.port, order.leader,
            order.epoch);
  return {};
}

void ReplShell::LeadIn(uint64_t epoch, int copies) {
  replica_.ApplyAllThatCame();
  const bool elected_again = stream_.own() && data_epoch_ < epoch;
  if (!stream_.own() || elected_again) epoch_start_ = stream_.offset();
  data_epoch_ = epoch;
  copy_proven_ = true;
  BecomePrimary();
  sealed_ = false;
  // They are told of which epoch the data are when they ask, and continue from where they are.
  if (elected_again) {
    primary_.DisconnectAll("this node was elected once more");
    primary_.DisconnectIntroduced();
  }
  primary_.WantCopies(copies, epoch_start_);
}

void ReplShell::Seal(const dispatch::RoleOrder& order) {
  if (order.copies > 1) promised_epoch_ = order.epoch;
  if (sealed_) return;
  sealed_ = true;
  failover_.OnRoleChanged();
  replica_.ApplyAllThatCame();
  if (replica_.active()) return replica_.Seal();
  if (engine_.state().undecided) return;
  // Our replicas go on reading what there is of the stream.
  StopLeading();
  engine_.state().undecided = true;
  engine_.EndAllWaits();
  log::Info("this node leads no more; it is sealed at offset {}", stream_.offset());
}

// A primary's own stream becomes the past of a replica: what follows begins with SELECT.
void ReplShell::StopLeading() {
  // In EXEC: what the commands before this one have changed belongs to the history that ends here.
  engine_.propagation().Flush();
  if (!stream_.own()) return;
  replica_.set_selected_db(0);
  stream_.set_own(false);
  dispatch::NodeState& state = engine_.state();
  if (primary_.copies() > 1) {
    state.uncommitted_tail = state.committed_offset < stream_.offset();
    if (on_deposed_) on_deposed_();
  }
  primary_.WantCopies(1, 0);
}

Status ReplShell::AdoptDataset(std::string_view uid) {
  if (!role_memory_) return Status(Code::kInvalid, "ERR this node belongs to no RedisHA");
  return role_memory_->Adopt(uid);
}

Result<bool> ReplShell::ReplicaOf(const std::string& host, uint16_t port) {
  return Follow({host, port}, false);
}

Result<bool> ReplShell::Follow(const ReplicaSide::Target& target, bool take_over) {
  if (holds_foreign_data()) return Status(Code::kConflict, role_memory_->ForeignRefusal());
  // To follow whom we hand over to: as an order it needs no answer any more.
  if (replica_.target() == target && !failover_.active() && !sealed_) return false;
  sealed_ = false;
  StopLeading();
  stream_.Activate();
  engine_.state().undecided = false;
  replica_.Follow(target, take_over);
  if (!take_over) failover_.OnRoleChanged();
  if (on_role_changed_) on_role_changed_();
  return true;
}

void ReplShell::BecomePrimary() {
  Lead();
  failover_.OnRoleChanged();
}

void ReplShell::Lead() {
  if (holds_foreign_data()) return;
  if (!replica_.active() && !engine_.state().undecided) return;
  replica_.ApplyAllThatCame();
  replica_.Stop();
  dispatch::NodeState& state = engine_.state();
  if (state.dataset == dispatch::Dataset::kUnknown && !state.loading) {
    log::Warn("this node becomes a primary although loading its dataset has failed");
    state.dataset = dispatch::Dataset::kChosen;
  }
  state.undecided = state.uncommitted_tail = false;
  stream_.history().Branch(RandomHex(kReplIdBytes), stream_.offset());
  stream_.set_own(true);
  stream_.ForgetSelectedDb();
  if (config_.managed) stream_.Activate();
  // They learn the new id by asking again, and continue without a full synchronisation.
  primary_.DisconnectAll("this node became a primary, with a new history id");
  log::Info("this node is a primary now: history {}, second {} up to offset {}",
            stream_.history().id, stream_.history().second_id, stream_.history().second_offset);
  if (on_role_changed_) on_role_changed_();
}

void ReplShell::Psync(dispatch::Session& session, dispatch::Args args) {
  if (session.kind == dispatch::SessionKind::kReplica) return;
  std::string refusal;
  if (args.size() > 3 && dispatch::EqualsIgnoreCase(args[3], "failover")) {
    refusal = TakeOver(session, args);
  } else if (failover_.active()) {
    refusal = "NOMASTERLINK Can't SYNC while failing over";
  }
  if (refusal.empty()) return primary_.Psync(session, args);
  resp::Writer(&session.out(), session.protocol).Error(refusal);
  session.WantWrite();
}

// Who asks has nothing beyond what this node had when it began to lead.
bool ReplShell::HasTakenOver(dispatch::Args psync) const {
  int64_t offset = -1;
  const History& history = stream_.history();
  return stream_.own() && psync[1] == history.second_id && ParseNumber(psync[2], offset) &&
         offset >= 0 && offset <= history.second_offset;
}

std::string ReplShell::TakeOver(const dispatch::Session& session, dispatch::Args psync) {
  if (std::string refusal = MemberRefusal(); !refusal.empty()) return refusal;
  if (!replica_.active()) {
    // It asks again, since our answer was lost: refused, it would lead, too.
    if (!HasTakenOver(psync)) return "ERR PSYNC FAILOVER can't be sent to a master.";
    return failover_.active() ? "NOMASTERLINK Can't SYNC while failing over" : "";
  }
  // The other may lead by now, and what we hold back be its to execute.
  if (failover_.active()) return "ERR PSYNC FAILOVER can't be accepted while failing over.";
  if (psync[1] != stream_.history().id) return "ERR PSYNC FAILOVER replid must match my replid.";
  // A planned move does not go where writes would be refused.
  const dispatch::NodeState& state = engine_.state();
  if (state.last_save_failed || !state.log_error.empty()) {
    return "ERR PSYNC FAILOVER can't be accepted while this node's files cannot be written.";
  }
  log::Info("primary mode enabled: {} hands over its role", session.peer_address);
  BecomePrimary();
  return {};
}

void ReplShell::Replconf(dispatch::Session& session, dispatch::Args args, resp::Writer& reply) {
  primary_.Replconf(session, args, reply);
}

void ReplShell::Failover(dispatch::Args args, resp::Writer& reply) {
  if (const std::string refusal = MemberRefusal(); !refusal.empty()) return reply.Error(refusal);
  const Status done = failover_.Execute(args);
  done.ok() ? reply.Ok() : reply.Error(done.message());
}

void ReplShell::ChangeReplicationId() { stream_.history().Adopt(RandomHex(kReplIdBytes)); }

}  // namespace rha::node::repl
