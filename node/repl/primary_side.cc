#include "node/repl/primary_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "common/base/host.h"
#include "common/base/log.h"
#include "common/base/random_id.h"
#include "common/net/socket.h"
#include "common/resp/writer.h"
#include "node/codec/byte_io.h"
#include "node/dispatch/engine.h"
#include "node/repl/limits.h"
#include "node/repl/outgoing_snapshot.h"
#include "node/repl/parse_number.h"

namespace rha::node::repl {
namespace {

using dispatch::EqualsIgnoreCase;
using dispatch::Session;

}  // namespace

PrimarySide::PrimarySide(Dependencies dependencies)
    : reactor_(dependencies.reactor),
      engine_(dependencies.engine),
      config_(dependencies.config),
      snapshots_(dependencies.snapshots),
      stream_(dependencies.stream),
      describe_(std::move(dependencies.describe)),
      data_epoch_(std::move(dependencies.data_epoch)),
      on_acknowledged_(std::move(dependencies.on_acknowledged)),
      last_ping_(reactor_.Now()),
      last_replica_seen_(reactor_.Now()),
      brake_({.reactor = reactor_,
              .engine = engine_,
              .lag = [this] { return WorstLag(); },
              .percent_max = [this] { return config_.brake_percent_max; }}) {
  stream_.set_listener(this);
}

PrimarySide::~PrimarySide() {
  if (poll_timer_ != 0) reactor_.Cancel(poll_timer_);
  if (wait_timer_ != 0) reactor_.Cancel(wait_timer_);
  stream_.set_listener(nullptr);
  for (const auto& replica : replicas_) replica->session.set_stream(nullptr);
}

Replica* PrimarySide::Find(const Session& session) const {
  for (const auto& replica : replicas_) {
    if (&replica->session == &session) return replica.get();
  }
  return nullptr;
}

// Redis' own words, which replicas of every kind know as a request for patience.
bool PrimarySide::RefusesToServe(resp::Writer& reply) const {
  const dispatch::NodeState& state = engine_.state();
  const bool known = state.dataset != dispatch::Dataset::kUnknown && !state.undecided;
  if (known && (!state.is_replica || state.primary_link_up)) return false;
  reply.Error("NOMASTERLINK Can't SYNC while not connected with my master");
  return true;
}

void PrimarySide::Psync(Session& session, dispatch::Args args) {
  if (session.kind == dispatch::SessionKind::kReplica || IsWaiting(session)) return;
  resp::Writer reply(&session.out(), session.protocol);
  if (RefusesToServe(reply)) return session.WantWrite();
  if (WantsFunctionsOnly(session)) return SendFunctions(session, args);
  if (args.size() >= 3) {
    int64_t offset = -1;
    if (!ParseNumber(args[2], offset)) {
      log::Warn("Replica {} asks for synchronization but with a wrong offset",
                session.peer_address);
      reply.Error("ERR value is not an integer or out of range");
      return session.WantWrite();
    }
    if (TryContinue(session, args[1], offset)) return;
    if (args[1] != "?") ++stats_.partial_err;
  }
  FullSync(session, args);
}

bool PrimarySide::TryContinue(Session& session, std::string_view id, int64_t offset) {
  TrimBacklog();
  const Backlog& backlog = stream_.backlog();
  const HeldRange held{stream_.active(), backlog.begin(), backlog.end()};
  const PsyncDecision decision = DecidePsync(stream_.history(), held, {id, offset});
  if (const auto* full = std::get_if<FullResync>(&decision)) {
    log::Info("full synchronisation of replica {}: {}", session.peer_address, full->reason);
    return false;
  }
  const int64_t position = std::get<ContinueFrom>(decision).position;
  Replica& replica = AddReplica(session);
  session.out().Append(replica.identity.accepts_new_id
                           ? "+CONTINUE " + stream_.history().id + "\r\n"
                           : std::string("+CONTINUE\r\n"));
  log::Info("partial synchronisation of replica {} from offset {}: {} bytes of backlog",
            session.peer_address, offset, backlog.end() - position);
  ++stats_.partial_ok;
  replica.Continue(position, now());
  PublishGoodReplicas();
  return true;
}

// A member that connects again has left its former session, though nobody may have noticed yet. Two
// of them would count as two copies.
void PrimarySide::DropFormerSession(const Session& session) {
  if (!session.is_peer()) return;
  for (const auto& replica : replicas_) {
    if (replica->session.closing || replica->session.peer_name() != session.peer_name()) continue;
    log::Info("replica {} has connected again", session.peer_name());
    replica->session.Close(Session::CloseMode::kNow);
  }
}

Replica& PrimarySide::AddReplica(Session& session) {
  DropFormerSession(session);
  ReplicaIdentity identity;
  if (const auto known = introduced_.extract(session.id)) identity = known.mapped();
  replicas_.push_back(std::make_unique<Replica>(*this, session, std::move(identity)));
  if (session.fd() >= 0 && !session.unix_socket) {
    net::SetNoDelay(session.fd(), !config_.disable_nodelay);
  }
  return *replicas_.back();
}

void PrimarySide::FullSync(Session& session, dispatch::Args request) {
  stream_.Activate();
  const bool join = snapshot_ != nullptr && !snapshot_->failed() &&
                    stream_.backlog().Holds(snapshot_->position());
  if (!join && (snapshots_.busy() || (config_.snapshot_delay_s > 0 && !serving_waiting_)))
    return Wait(session, request);
  if (!join) {
    if (const Status started = StartSnapshot(); !started.ok()) {
      log::Error("full synchronisation of replica {} failed: {}", session.peer_address,
                 started.message());
      resp::Writer(&session.out(), session.protocol)
          .Error("ERR Unable to perform background save for the replica");
      session.WantWrite();
      return session.Close(Session::CloseMode::kAfterReply);
    }
  }
  if (engine_.keyspace().HasFieldEnds() && !session.is_peer()) {
    log::Warn(
        "replica {}: fields of hashes have lifetimes, which a Redis before 7.4 cannot load: it "
        "will "
        "refuse the snapshot (\"Can't handle RDB format version 12\"); replace it, or HPERSIST "
        "them",
        session.peer_address);
  }
  ++stats_.full;
  if (request.size() >= 3) {  // PSYNC, not SYNC
    session.out().Append("+FULLRESYNC " + stream_.history().id + " " +
                         std::to_string(snapshot_->position()) + "\r\n");
  }
  AddReplica(session).Attach(snapshot_);
}

bool PrimarySide::WantsFunctionsOnly(const Session& session) const {
  const auto known = introduced_.find(session.id);
  return known != introduced_.end() && known->second.rdb_only && known->second.functions_only;
}

// redis-cli --functions-rdb: what an RDB file has beside its keys, and nothing follows.
void PrimarySide::SendFunctions(Session& session, dispatch::Args request) {
  keyspace::Keyspace no_keys(1);
  no_keys.set_libraries(engine_.keyspace().libraries());
  codec::StringSink rdb;
  const persist::SaveRequest save{
      .info = describe_(), .options = {.compress = config_.compress, .checksum = config_.checksum}};
  (void)persist::WriteDataset(rdb, no_keys, save);  // memory does not fail
  if (request.size() >= 3) {
    session.out().Append("+FULLRESYNC " + stream_.history().id + " " +
                         std::to_string(stream_.offset()) + "\r\n");
  }
  session.out().Append("$" + std::to_string(rdb.text().size()) + "\r\n" + rdb.text());
  session.WantWrite();
  session.Close(Session::CloseMode::kAfterReply);
}

bool PrimarySide::IsWaiting(const Session& session) const {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const Waiting& waiting) { return waiting.session_id == session.id; });
}

void PrimarySide::Wait(Session& session, dispatch::Args request) {
  log::Info("full synchronisation of replica {} waits for {}", session.peer_address,
            snapshots_.busy() ? "a snapshot under way" : "further replicas");
  if (waiting_.empty()) waiting_since_ = now();
  waiting_.push_back({session.id, {request.begin(), request.end()}});
  if (wait_timer_ == 0)
    wait_timer_ = reactor_.Every(kSnapshotPollInterval, [this] { ServeWaiting(); });
}

// Further ones may want the snapshot that these ask for.
bool PrimarySide::WaitsForMore() const {
  if (config_.snapshot_replicas != 0 && waiting_.size() >= config_.snapshot_replicas) return false;
  return now() - waiting_since_ < std::chrono::seconds(config_.snapshot_delay_s);
}

void PrimarySide::ServeWaiting() {
  if (snapshots_.busy() || WaitsForMore()) return;
  reactor_.Cancel(wait_timer_);
  wait_timer_ = 0;
  serving_waiting_ = true;
  for (const Waiting& waiting : std::exchange(waiting_, {})) {
    Session* const session = engine_.sessions().Find(waiting.session_id);
    if (session == nullptr || session->closing) continue;
    const std::vector<std::string_view> request(waiting.request.begin(), waiting.request.end());
    // One that waits for something else, or is held by CLIENT PAUSE now, would be answered in the
    // middle of the stream or never: it is to connect and ask again.
    if (session->blocked != nullptr ||
        engine_.Execute(*session, request) == dispatch::Executed::kNotNow) {
      session->Close(Session::CloseMode::kNow);
    }
  }
  serving_waiting_ = false;
}

Status PrimarySide::StartSnapshot() {
  // The snapshot does not say which database the stream has selected, for all replicas: the stream
  // does.
  stream_.ForgetSelectedDb();
  const SnapshotOrder order{.snapshots = snapshots_,
                            .info = describe_(),
                            .options = {.compress = config_.compress, .checksum = config_.checksum},
                            .key_delay_us = config_.key_save_delay_us,
                            .directory = config_.directory,
                            .position = stream_.offset()};
  RHA_ASSIGN_OR_RETURN(
      snapshot_, OutgoingSnapshot::Start(reactor_, order, [this](auto ended, const Status& status) {
        OnSnapshotEnded(std::move(ended), status);
      }));
  log::Info("snapshot for replicas begun at offset {}", order.position);
  return {};
}

// It may be another than the newest: replicas that were sent away hold theirs until they are gone.
void PrimarySide::OnSnapshotEnded(std::shared_ptr<OutgoingSnapshot> ended, const Status& status) {
  if (status.ok()) {
    log::Info("snapshot for replicas complete: {} bytes", ended->size());
  } else {
    log::Error("snapshot for replicas failed: {}", status.message());
    if (snapshot_ == ended) snapshot_.reset();
  }
  std::vector<Replica*> concerned;
  for (const auto& replica : replicas_) {
    if (replica->snapshot() == ended.get()) concerned.push_back(replica.get());
  }
  for (Replica* replica : concerned) {
    if (status.ok()) {
      replica->OnSnapshotEnded();
    } else {
      replica->session.Close(Session::CloseMode::kNow);
    }
  }
  DropIdleSnapshot();
}

// Nobody reads it: a job still running is given up with it.
void PrimarySide::DropIdleSnapshot() {
  if (snapshot_ == nullptr) return;
  for (const auto& replica : replicas_) {
    if (replica->snapshot() == snapshot_.get()) return;
  }
  snapshot_.reset();
}

void PrimarySide::OnProgress(Replica& replica) {
  if (replica.progress.streaming()) {
    log::Info("replica {}:{} is synchronised", replica.ip(), replica.identity.port);
  }
  PublishGoodReplicas();
  DropIdleSnapshot();
}

void PrimarySide::OnAsleep(Replica& replica) {
  any_asleep_ = true;
  if (!replica.starved() || poll_timer_ != 0) return;
  poll_timer_ = reactor_.Every(kSnapshotPollInterval, [this] { PollStarved(); });
}

void PrimarySide::PollStarved() {
  bool any = false;
  for (const auto& replica : replicas_) {
    if (replica->snapshot() == nullptr || replica->session.closing) continue;
    any = true;
    replica->Wake();
  }
  if (any) return;
  reactor_.Cancel(poll_timer_);
  poll_timer_ = 0;
}

void PrimarySide::OnClosed(Replica& replica) {
  log::Info("replica {}:{} is gone at offset {}", replica.ip(), replica.identity.port,
            replica.progress.acked);
  std::erase_if(replicas_, [&](const auto& entry) { return entry.get() == &replica; });
  last_replica_seen_ = now();
  DropIdleSnapshot();
  PublishGoodReplicas();
  TrimBacklog();  // what only this one needed
}

int64_t PrimarySide::forwarded_offset() const { return engine_.state().forwarded_offset; }

void PrimarySide::OnSettled() { WakeAsleep(); }

void PrimarySide::WakeAsleep() {
  if (!any_asleep_) return;
  any_asleep_ = false;
  for (const auto& replica : replicas_) {
    if (replica->progress.wants_stream()) replica->Wake();
  }
}

void PrimarySide::OnStreamGrown() {
  WakeAsleep();
  const Backlog& backlog = stream_.backlog();
  // Once a chunk, not once a command. The stream may also have been set back.
  const auto chunk = static_cast<int64_t>(kBacklogChunkBytes);
  if (backlog.end() < look_at_ && backlog.end() + chunk >= look_at_) return;
  look_at_ = backlog.end() + chunk;
  EnforceLimits();
  TrimBacklog();
  brake_.Look();
}

int64_t PrimarySide::NeededFrom() const {
  int64_t needed = std::numeric_limits<int64_t>::max();
  for (const auto& replica : replicas_) {
    if (replica->position_known && !replica->session.closing) {
      needed = std::min(needed, replica->needs_from());
    }
  }
  return needed;
}

void PrimarySide::TrimBacklog() {
  stream_.Trim(std::max(config_.backlog_bytes, kBacklogBytesMin), NeededFrom());
}

// As in Redis a limit below the backlog's size means the backlog's size: that much is kept anyway.
uint64_t PrimarySide::AtLeastBacklog(uint64_t limit) const {
  return limit == 0 ? limit : std::max(limit, config_.backlog_bytes);
}

// Who says nothing is not helped by waiting, and who is no member has no claim to it. What comes
// from a primary of our own is not held back.
Lag PrimarySide::WorstLag() const {
  const uint64_t hard = AtLeastBacklog(config_.output_hard_bytes);
  const uint64_t soft = AtLeastBacklog(config_.output_soft_bytes);
  Lag worst{.limit_bytes = soft == 0 ? hard : hard == 0 ? soft : std::min(soft, hard)};
  if (engine_.state().is_replica) return worst;
  for (const auto& replica : replicas_) {
    const uint64_t pending = replica->pending_bytes();
    if (pending <= worst.pending_bytes || !Counts(*replica)) continue;
    if (IsSilent(*replica, kBrakeSilenceMax)) continue;
    worst.pending_bytes = pending;
    worst.whose = replica.get();
  }
  return worst;
}

void PrimarySide::EnforceLimits() {
  const uint64_t hard = AtLeastBacklog(config_.output_hard_bytes);
  const uint64_t soft = AtLeastBacklog(config_.output_soft_bytes);
  for (const auto& replica : replicas_) {
    const uint64_t pending = replica->pending_bytes();
    if (soft == 0 || pending < soft) {
      replica->over_soft_limit_since = {};
    } else if (replica->over_soft_limit_since == MonoTime{}) {
      replica->over_soft_limit_since = now();
    }
    const bool over_soft =
        replica->over_soft_limit_since != MonoTime{} &&
        now() - replica->over_soft_limit_since > std::chrono::seconds(config_.output_soft_s);
    if (replica->session.closing || (!over_soft && (hard == 0 || pending < hard))) continue;
    log::Warn(
        "replica {}:{} is disconnected: {} bytes of the stream wait for it, more than "
        "client-output-buffer-limit allows",
        replica->ip(), replica->identity.port, pending);
    replica->session.Close(Session::CloseMode::kNow);
  }
}

bool PrimarySide::ParseReplconf(ReplicaIdentity& identity, dispatch::Args args,
                                resp::Writer& reply) {
  for (size_t i = 1; i + 1 < args.size(); i += 2) {
    const std::string_view option = args[i], value = args[i + 1];
    if (EqualsIgnoreCase(option, "listening-port")) {
      if (!ParseNumber(value, identity.port)) {
        reply.Error("ERR value is not an integer or out of range");
        return false;
      }
    } else if (EqualsIgnoreCase(option, "ip-address")) {
      if (value.size() > kAnnouncedIpBytesMax) {
        reply.Error("ERR REPLCONF ip-address provided by replica instance is too long: " +
                    std::to_string(value.size()) + " bytes");
        return false;
      }
      if (!value.empty() && !IsHost(value)) {
        reply.Error("ERR REPLCONF ip-address is neither an IP address nor a host name");
        return false;
      }
      identity.ip = value;
    } else if (EqualsIgnoreCase(option, "capa")) {
      // Unknown capabilities are ignored: they only say what the other could do.
      if (EqualsIgnoreCase(value, "eof")) identity.accepts_end_mark = true;
      if (EqualsIgnoreCase(value, "psync2")) identity.accepts_new_id = true;
      if (value == kPackedCapability) {
        identity.packed = true;
        reply.Simple(kPackedAnswer.substr(1));
        return false;
      }
      if (value == kOwnKindCapability) {
        identity.own_kind = true;
        const auto [epoch, start] = data_epoch_();
        reply.Simple(fmt::format("REDISHA {} {} {}", epoch, start, stream_.offset()));
        return false;
      }
    } else if (EqualsIgnoreCase(option, "rdb-only")) {
      identity.rdb_only = value == "1";
    } else if (EqualsIgnoreCase(option, "rdb-filter-only")) {
      // Empty: nothing is needed (redis-cli --replica), which may as well be all.
      identity.functions_only = EqualsIgnoreCase(value, "functions");
      if (!identity.functions_only && !value.empty()) {
        reply.Error("ERR Unsupported rdb-filter-only option: " + std::string(value));
        return false;
      }
    } else {
      reply.Error("ERR Unrecognized REPLCONF option: " + std::string(option));
      return false;
    }
  }
  return true;
}

void PrimarySide::Replconf(Session& session, dispatch::Args args, resp::Writer& reply) {
  if (args.size() % 2 == 0) return reply.Error("ERR syntax error");
  if (args.size() >= 3 && EqualsIgnoreCase(args[1], "ack")) {
    // Never answered, and meaningless from anyone who is no replica.
    Replica* const replica = Find(session);
    int64_t offset = 0, on_disk = -1;
    if (replica == nullptr || !ParseNumber(args[2], offset)) return;
    if (args.size() >= 5 && EqualsIgnoreCase(args[3], "fack") && !ParseNumber(args[4], on_disk)) {
      return;
    }
    const Progress before = replica->progress;
    const bool in_step = replica->progress.OnAck(offset, now(), on_disk);
    if (replica->progress.synced != before.synced) ++engine_.state().acknowledgements;
    if (replica->progress.acked != before.acked) {
      ++engine_.state().acknowledgements;
      on_acknowledged_();
    }
    if (replica->progress.applied != before.applied) LookAtCopies();
    if (in_step) {
      OnProgress(*replica);
      replica->Wake();
    }
    return;
  }
  if (args.size() >= 3 && EqualsIgnoreCase(args[1], "getack")) return;
  if (session.kind == dispatch::SessionKind::kReplica) return;
  ReplicaIdentity identity;
  if (const auto known = introduced_.find(session.id); known != introduced_.end()) {
    identity = known->second;
  }
  const bool plain_ok = ParseReplconf(identity, args, reply);
  introduced_[session.id] = std::move(identity);
  if (plain_ok) reply.Ok();
}

bool PrimarySide::Counts(const Replica& replica) const {
  const bool member = !engine_.options().membership.known() || replica.session.is_peer();
  return member && !replica.session.closing;
}

int PrimarySide::CountAcknowledged(int64_t offset, bool on_disk) const {
  return static_cast<int>(std::count_if(replicas_.begin(), replicas_.end(), [&](const auto& entry) {
    const Progress& progress = entry->progress;
    return Counts(*entry) && progress.streaming() &&
           (on_disk ? progress.synced : progress.acked) >= offset;
  }));
}

void PrimarySide::WantCopies(int copies, int64_t from) {
  if (copies == copies_ && from == committed_from_) return;
  if (from != committed_from_ || copies_ == 1) engine_.state().committed_offset = -1;
  copies_ = copies;
  committed_from_ = from;
  LookAtCopies();
}

// What is committed is never taken back: who has it may be gone, and then others have it.
void PrimarySide::LookAtCopies() {
  dispatch::NodeState& state = engine_.state();
  if (copies_ == 1) {
    state.copies_missing = false;
    state.committed_offset = std::numeric_limits<int64_t>::max();
    return;
  }
  applied_.clear();
  for (const auto& replica : replicas_) {
    const Progress& progress = replica->progress;
    if (Counts(*replica) && progress.streaming() && progress.applied >= 0) {
      applied_.push_back(progress.applied);
    }
  }
  const auto wanted = static_cast<size_t>(copies_ - 1);
  state.copies_missing = applied_.size() < wanted;
  if (state.copies_missing) return;
  const auto least = applied_.begin() + static_cast<std::ptrdiff_t>(wanted - 1);
  std::nth_element(applied_.begin(), least, applied_.end(), std::greater<>());
  if (*least >= committed_from_) {
    state.committed_offset = std::max(state.committed_offset, std::min(*least, stream_.offset()));
  }
}

bool PrimarySide::AllAcknowledged(int64_t offset) const {
  // In what nobody has written to nobody is behind, not even who is being given a snapshot.
  return offset == 0 || std::all_of(replicas_.begin(), replicas_.end(), [&](const auto& entry) {
           if (!Counts(*entry)) return true;
           return entry->progress.streaming() && entry->progress.acked >= offset;
         });
}

void PrimarySide::LogFarewell() const {
  if (replicas_.empty()) return;
  size_t in_sync = 0;
  for (const auto& replica : replicas_) {
    const Progress& progress = replica->progress;
    const int64_t behind = stream_.offset() - progress.acked;
    if (progress.streaming() && behind == 0) {
      ++in_sync;
      continue;
    }
    log::Warn("Lagging replica {}:{} reported offset {} behind master, lag={}, state={}.",
              replica->ip(), replica->identity.port, behind, progress.LagSeconds(now()),
              replica->InfoState());
  }
  log::Info("{} of {} replicas are in sync when shutting down.", in_sync, replicas_.size());
}

void PrimarySide::RequestAcknowledgements() {
  // Several WAITs after one write need one question.
  if (replicas_.empty() || acknowledgements_asked_at_ == stream_.offset()) return;
  stream_.AppendCommand({"REPLCONF", "GETACK", "*"});
  acknowledgements_asked_at_ = stream_.offset();
}

void PrimarySide::DisconnectAll(const std::string& why) {
  for (const auto& replica : replicas_) {
    if (replica->session.closing) continue;
    log::Info("replica {}:{} is disconnected: {}", replica->ip(), replica->identity.port, why);
    replica->session.Close(Session::CloseMode::kNow);
  }
  snapshot_.reset();
}

void PrimarySide::DisconnectIntroduced() {
  for (const auto& [id, identity] : introduced_) {
    Session* const session = engine_.sessions().Find(id);
    if (session != nullptr && !session->closing) session->Close(Session::CloseMode::kNow);
  }
}

int PrimarySide::good_replicas() const {
  return static_cast<int>(std::count_if(replicas_.begin(), replicas_.end(), [&](const auto& entry) {
    return Counts(*entry) && entry->progress.streaming() &&
           entry->progress.LagSeconds(now()) <= config_.min_replicas_max_lag_s;
  }));
}

void PrimarySide::PublishGoodReplicas() {
  LookAtCopies();
  engine_.state().good_replicas = good_replicas();
  ++engine_.state().acknowledgements;  // who began to stream counts for WAIT
}

void PrimarySide::LookAtLimits() {
  EnforceLimits();
  TrimBacklog();
  brake_.Look();
  PublishGoodReplicas();
}

// What it takes is a sign of life until it has a snapshot; then it is to speak.
bool PrimarySide::IsSilent(const Replica& replica, std::chrono::seconds limit) const {
  const Progress& progress = replica.progress;
  const bool speaks =
      progress.streaming() || std::holds_alternative<AwaitingFirstAck>(progress.state);
  const bool silent = speaks && progress.LagSeconds(now()) > limit.count();
  return silent || !replica.TakesSnapshotWithin(limit);
}

void PrimarySide::DropSilent(Replica& replica) {
  if (replica.session.closing) return;
  if (!IsSilent(replica, std::chrono::seconds(config_.timeout_s))) return;
  const Progress& progress = replica.progress;
  log::Warn("Disconnecting timedout replica ({}): {}:{}: nothing for {} s (repl-timeout)",
            progress.streaming() ? "streaming sync" : "full sync", replica.ip(),
            replica.identity.port, config_.timeout_s);
  replica.session.Close(Session::CloseMode::kNow);
}

// It asked for the stream before there were any, so that no snapshot told it.
void PrimarySide::WarnOfLifetimes() {
  if (!engine_.keyspace().HasFieldEnds()) return;
  for (const auto& replica : replicas_) {
    if (replica->identity.own_kind || !replica->progress.streaming()) continue;
    if (std::exchange(replica->told_of_lifetimes, true)) continue;
    log::Warn(
        "replica {}:{}: fields of hashes have lifetimes now. A Redis before 7.4 leaves out "
        "HPEXPIREAT and any transaction that holds one (HSETEX is one), and differs from here on: "
        "replace it",
        replica->ip(), replica->identity.port);
  }
}

void PrimarySide::Cron() {
  std::erase_if(introduced_,
                [&](const auto& entry) { return engine_.sessions().Find(entry.first) == nullptr; });
  if (!replicas_.empty()) last_replica_seen_ = now();
  // A replica forwards its primary's signs of life.
  const bool own = !engine_.state().is_replica;
  if (own && !replicas_.empty() &&
      now() - last_ping_ >= std::chrono::seconds(config_.ping_period_s)) {
    last_ping_ = now();
    stream_.AppendCommand({"PING"});
  }
  for (const Waiting& waiting : waiting_) {
    Session* const session = engine_.sessions().Find(waiting.session_id);
    if (session == nullptr || session->closing) continue;
    session->out().Append("\n");
    session->WantWrite();
  }
  for (const auto& replica : replicas_) {
    replica->KeepAlive();
    DropSilent(*replica);
  }
  LookAtLimits();
  WarnOfLifetimes();
  const bool forgotten = config_.backlog_ttl_s > 0 && !config_.managed &&
                         now() - last_replica_seen_ > std::chrono::seconds(config_.backlog_ttl_s);
  if (own && stream_.active() && replicas_.empty() && forgotten) {
    log::Info("the replication backlog is given up after {} s without replicas",
              config_.backlog_ttl_s);
    stream_.GiveUp(RandomHex(kReplIdBytes));
  }
}

}  // namespace rha::node::repl
