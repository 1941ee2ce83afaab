#include "node/repl/replica_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/random_id.h"
#include "common/net/resolver.h"
#include "common/net/socket.h"
#include "node/dispatch/engine.h"
#include "node/persist/snapshot_service.h"
#include "node/repl/limits.h"
#include "node/repl/primary_session.h"

namespace rha::node::repl {

ReplicaSide::ReplicaSide(Dependencies dependencies)
    : reactor_(dependencies.reactor),
      resolver_(dependencies.resolver),
      engine_(dependencies.engine),
      config_(dependencies.config),
      stream_(dependencies.stream),
      snapshots_(dependencies.snapshots),
      disconnect_replicas_(std::move(dependencies.disconnect_replicas)),
      on_dataset_(std::move(dependencies.on_dataset)),
      on_proven_(std::move(dependencies.on_proven)),
      promised_epoch_(std::move(dependencies.promised_epoch)),
      on_handover_(std::move(dependencies.on_handover)),
      offer_file_(std::move(dependencies.offer_file)),
      down_since_(reactor_.Now()) {}

ReplicaSide::~ReplicaSide() {
  reactor_.Cancel(retry_timer_);
  reactor_.Cancel(slice_timer_);
}

void ReplicaSide::SetPhase(Phase phase) {
  if (phase_ == Phase::kStreaming && phase != Phase::kStreaming) down_since_ = reactor_.Now();
  phase_ = phase;
  PublishState();
}

void ReplicaSide::PublishState() {
  dispatch::NodeState& state = engine_.state();
  const bool becomes_replica = target_.has_value() && !state.is_replica;
  state.is_replica = target_.has_value();
  log::SetRole(state.is_replica ? 'S' : 'M');
  if (becomes_replica) engine_.EndAllWaits();
  state.primary_link_up = streaming();
}

// ---- finding the primary

void ReplicaSide::Follow(Target target, bool take_over) {
  const bool interrupted = phase_ == Phase::kLoading;
  DropLink();
  held_back_.reset();
  if (interrupted) LoadFailed(Status(Code::kUnavailable, "another primary was assigned"));
  if (!target_) down_since_ = reactor_.Now();
  target_ = std::move(target);
  take_over_ = take_over;
  last_error_.clear();
  pause_ = Millis(0);
  trouble_ = {};
  log::Info("following primary {}:{}", target_->host, target_->port);
  Connect();
}

void ReplicaSide::Stop() {
  const bool interrupted = phase_ == Phase::kLoading;
  DropLink();
  held_back_.reset();
  if (interrupted) LoadFailed(Status(Code::kUnavailable, "this node became a primary"));
  reactor_.Cancel(retry_timer_);
  ++attempt_;
  target_.reset();
  take_over_ = false;
  last_error_.clear();
  // From now on the dataset is what this node says it is.
  may_continue_ = true;
  SetPhase(Phase::kIdle);
}

void ReplicaSide::Seal() {
  const bool interrupted = phase_ == Phase::kLoading;
  DropLink();
  held_back_.reset();
  if (interrupted) LoadFailed(Status(Code::kUnavailable, "a new primary is being elected"));
  reactor_.Cancel(retry_timer_);
  ++attempt_;
  SetPhase(Phase::kIdle);
}

void ReplicaSide::Connect() {
  reactor_.Cancel(retry_timer_);
  SetPhase(Phase::kConnecting);
  const uint64_t attempt = ++attempt_;
  // An address needs no question, so that the connection begins in this very turn.
  if (net::IsNumericIp(target_->host)) return ConnectTo(target_->host);
  resolver_.Resolve(target_->host,
                    [this, attempt, alive = std::weak_ptr<char>(alive_)](const auto& addresses) {
                      if (alive.expired() || attempt != attempt_) return;
                      if (!addresses.ok()) return Fail(addresses.status().message());
                      ConnectTo(net::Reachable(*addresses, config_.source_ip));
                    });
}

void ReplicaSide::ConnectTo(const std::string& ip) {
  link_ = std::make_unique<PrimaryLink>(reactor_, *this, engine_.stats().repl_input_bytes);
  const Status begun = link_->Connect({ip, target_->port}, config_.source_ip);
  if (!begun.ok()) Fail(begun.message());
}

void ReplicaSide::DropLink() {
  if (session_ != nullptr) {
    selected_db_ = session_->db;
    session_.reset();
  }
  reactor_.Cancel(slice_timer_);
  link_.reset();
  fsm_.reset();
  applied_ahead_ = 0;
  if (phase_ == Phase::kLoading) return;
  if (std::exchange(incoming_, nullptr) == nullptr) return;
  engine_.state().loading = engine_.state().async_loading = false;
}

// The same complaint every second would bury everything else in the log.
void ReplicaSide::Fail(std::string why, bool expected) {
  // It may quote what the other side said, and goes to INFO and the log as one line.
  for (char& c : why) {
    if (static_cast<unsigned char>(c) < 0x20) c = '?';
  }
  why.resize(std::min(why.size(), kErrorTextBytesMax));
  const bool repeated = why == last_error_;
  last_error_ = why;
  if (repeated) {
    log::Debug("link to primary {}:{} is down, as before", target_->host, target_->port);
  } else {
    log::Log(expected ? log::Level::kInfo : log::Level::kWarn, "link to primary {}:{} is down: {}",
             target_->host, target_->port, why);
  }
  // Who does not answer at all is asked often: that costs nobody anything but who asks. A name is
  // looked up each time.
  const bool unreached = phase_ == Phase::kConnecting && net::IsNumericIp(target_->host);
  if (unreached) pause_ = std::min(pause_, kReconnectPauseMin);
  KeepHeldBack();
  DropLink();
  ReconnectLater();
}

void ReplicaSide::ReconnectLater() {
  SetPhase(Phase::kWaiting);
  ++attempt_;
  reactor_.Cancel(retry_timer_);
  retry_timer_ = reactor_.After(pause_, [this] { Connect(); });
  pause_ = std::clamp(pause_ * 2, kReconnectPauseMin, kReconnectPauseMax);
}

std::chrono::microseconds ReplicaSide::OnLinkDrained() {
  return streaming() ? pace_.OnTaken(reactor_.Now()) : std::chrono::microseconds(0);
}

// A snapshot that is whole needs no link; after it the end is met again.
void ReplicaSide::OnLinkEnded(const std::string& why) {
  if (phase_ == Phase::kChecking || phase_ == Phase::kLoading) return;
  if (streaming() && session_->blocked == nullptr) {
    // A pause has ended in this very turn: GoOn() reads the rest, and the end once more.
    if (link_->paused()) return;
    ApplyInput();
  }
  if (link_ != nullptr) Fail(why);
}

void ReplicaSide::Cron() {
  if (link_ == nullptr) return;
  switch (phase_) {
    case Phase::kStreaming:
      Acknowledge();
      if (link_->paused()) return;  // it is not asked for more
      break;
    // Without a sign of life the primary would take a replica that loads for long as dead.
    case Phase::kChecking:
    case Phase::kLoading:
      return link_->Send("\n");
    default:
      break;
  }
  if (reactor_.Now() - link_->heard_at() > std::chrono::seconds(config_.timeout_s)) {
    const std::string_view what = streaming() ? "MASTER timeout: no data nor PING received"
                                  : phase_ == Phase::kReceiving
                                      ? "Timeout receiving bulk data from MASTER"
                                      : "Timeout connecting to the MASTER";
    Fail(fmt::format("{}: nothing for {} s (repl-timeout)", what, config_.timeout_s));
  }
}

// ---- handshake

void ReplicaSide::OnLinkConnected() {
  HandshakeOptions options{.user = config_.primary_user,
                           .password = config_.primary_password,
                           .listening_port = config_.listening_port,
                           .announced_ip = config_.announce_ip,
                           .take_over = take_over_,
                           .packed = config_.packed};
  if (const dispatch::Membership& membership = engine_.options().membership; membership.known()) {
    trust::Dialled dialled{.address = net::Plain(link_->to()).ToString(), .expected = ""};
    options.introduction = Introduction{
        trust::Initiator(membership.self, std::move(dialled), trust::NewNonce()), membership.keys};
  }
  if (may_continue_) {
    options.id = stream_.history().id;
    options.offset = stream_.offset() + 1;
  }
  fsm_.emplace(std::move(options));
  SetPhase(Phase::kHandshake);
  link_->Send(fsm_->OnConnected());
}

void ReplicaSide::OnLinkInput() {
  switch (phase_) {
    case Phase::kHandshake:
      return HandshakeInput();
    case Phase::kReceiving:
      return ReceiveInput();
    case Phase::kStreaming:
      return ApplyInput();
    default:
      return;
  }
}

void ReplicaSide::HandshakeInput() {
  while (phase_ == Phase::kHandshake) {
    std::string& input = link_->input();
    const size_t end = input.find('\n');
    if (end == std::string::npos) {
      if (input.size() > kHandshakeLineBytesMax) Fail("the primary's answer is no line of text");
      return;
    }
    std::string line = input.substr(0, end);
    if (line.ends_with('\r')) line.pop_back();
    input.erase(0, end + 1);
    link_->Send(fsm_->OnLine(line));
    OnFsmMoved();
  }
  // What follows the last line belongs to the next phase.
  if (link_ != nullptr && !link_->input().empty()) OnLinkInput();
}

void ReplicaSide::OnFsmMoved() {
  const ReplicaState& state = fsm_->state();
  if (const auto* failed = std::get_if<Failed>(&state)) {
    const bool refused = failed->sync_refused;
    Fail(std::string(failed->reason), failed->temporary);
    if (refused) EndHandover(false);
    return;
  }
  if (const uint64_t epoch = fsm_->primary_data_epoch(); epoch != 0 && epoch < promised_epoch_()) {
    return Fail(fmt::format("it leads in epoch {}, and this node has promised itself to epoch {}",
                            epoch, promised_epoch_()),
                true);
  }
  if (const auto* continued = std::get_if<ContinuedStream>(&state)) {
    if (!continued->new_id.empty()) {
      stream_.history().Branch(continued->new_id, stream_.offset());
      disconnect_replicas_("the primary's history has a new id");
    }
    stream_.Activate();
    log::Log(last_error_.empty() ? log::Level::kInfo : log::Level::kDebug,
             "Successful partial resynchronization with master {}:{} from offset {}", target_->host,
             target_->port, stream_.offset() + 1);
    BeginStreaming(selected_db_);
    return EndHandover(true);
  }
  if (std::holds_alternative<AwaitingSnapshot>(state)) EndHandover(true);
  if (const auto* receiving = std::get_if<ReceivingSnapshot>(&state)) BeginSnapshot(*receiving);
}

void ReplicaSide::EndHandover(bool serves_us) {
  if (std::exchange(take_over_, false)) on_handover_(serves_us);
}

// ---- full synchronisation

void ReplicaSide::BeginSnapshot(const ReceivingSnapshot& announced) {
  auto incoming = IncomingSnapshot::Create(config_.directory, announced.length, announced.end_mark);
  if (!incoming.ok()) return Fail(incoming.status().message());
  incoming_ = std::move(incoming).value();
  incoming_id_ = announced.id;
  incoming_offset_ = announced.offset;
  log::Info("full synchronisation with {}:{} at offset {}, {}", target_->host, target_->port,
            announced.offset,
            announced.length >= 0 ? std::to_string(announced.length) + " bytes" : "size unknown");
  SetPhase(Phase::kReceiving);
  // As Redis, where such a load begins with the first byte: data of another history are not served
  // meanwhile.
  const bool same = incoming_id_ == stream_.history().id;
  engine_.state().async_loading = config_.load_aside && same;
  engine_.state().loading = config_.load_aside && !same;
}

void ReplicaSide::ReceiveInput() {
  const Result<bool> complete = incoming_->Receive(&link_->input());
  if (!complete.ok()) return Fail(complete.status().message());
  if (*complete) SnapshotComplete();
}

void ReplicaSide::SnapshotComplete() {
  log::Info("MASTER <-> REPLICA sync: snapshot received: {} bytes", incoming_->bytes_received());
  link_->Pause();
  held_back_.reset();
  const keyspace::Keyspace& keyspace = engine_.keyspace();
  bool empty = true;
  for (int i = 0; i < keyspace.databases(); ++i) empty = empty && keyspace.db(i).size() == 0;
  // An empty node has nothing to lose, so the snapshot's content need not be looked at beforehand;
  // nor what is loaded aside.
  if (!empty && config_.load_aside) {
    if (const Status begun = LoadAside(); !begun.ok()) Fail(begun.message());
    return;
  }
  if (empty) return BeginLoad();
  if (const Status begun = incoming_->StartCheck(keyspace.databases()); !begun.ok()) {
    return Fail(begun.message());
  }
  SetPhase(Phase::kChecking);
  slice_timer_ = reactor_.After(Millis(0), [this] { LoadSlice(); });
}

// A failure costs nothing but time.
Status ReplicaSide::LoadAside() {
  auto aside = engine_.keyspace().BesideThis();
  RHA_RETURN_IF_ERROR(incoming_->StartLoad(*aside, config_.key_load_delay_us));
  aside_ = std::move(aside);
  log::Info("MASTER <-> REPLICA sync: Loading DB in memory, beside the old data");
  engine_.state().loading = !engine_.state().async_loading;
  old_data_gone_ = true;
  SetPhase(Phase::kLoading);
  slice_timer_ = reactor_.After(Millis(0), [this] { LoadSlice(); });
  return {};
}

void ReplicaSide::GiveUpOldData() {
  LeaveHistory("a full synchronisation replaces the dataset");
  engine_.services().persistence->DatasetGoes();
  snapshots_.GiveUp();
}

void ReplicaSide::BeginLoad() {
  RHA_CHECK(aside_ == nullptr);
  if (const Status begun = incoming_->StartLoad(engine_.keyspace(), config_.key_load_delay_us);
      !begun.ok()) {
    return Fail(begun.message());
  }
  log::Info("MASTER <-> REPLICA sync: Loading DB in memory");
  engine_.state().loading = true;
  engine_.state().dataset = dispatch::Dataset::kUnknown;
  GiveUpOldData();
  engine_.keyspace().Reset();
  old_data_gone_ = false;
  SetPhase(Phase::kLoading);
  LoadSlice();
}

// The dataset is not what its history says: it can neither be continued nor be passed on as that.
void ReplicaSide::LeaveHistory(const std::string& why) {
  disconnect_replicas_(why);
  may_continue_ = false;
  stream_.GiveUp(RandomHex(kReplIdBytes));
  on_dataset_(0);
}

void ReplicaSide::LoadSlice() {
  // The old data go first: beside them the new ones would take their memory once more.
  constexpr int64_t kSliceUs = std::chrono::microseconds(kLoadSlice).count();
  if (phase_ == Phase::kLoading && !old_data_gone_) {
    if (snapshots_.FreeGone(engine_.clock(), kSliceUs)) {
      slice_timer_ = reactor_.After(Millis(0), [this] { LoadSlice(); });
      return;
    }
    old_data_gone_ = true;
    engine_.services().server->ReturnFreedMemory();
  }
  const Result<bool> complete = incoming_->Step(engine_.clock(), kLoadSlice);
  if (!complete.ok()) {
    const bool loading = phase_ == Phase::kLoading;
    if (loading) LoadFailed(complete.status());
    return Fail(complete.status().message());
  }
  if (!*complete) {
    slice_timer_ = reactor_.After(Millis(0), [this] { LoadSlice(); });
  } else if (phase_ == Phase::kChecking) {
    BeginLoad();
  } else {
    Loaded();
  }
}

void ReplicaSide::LoadFailed(const Status& status) {
  if (aside_ != nullptr) {
    log::Error("loading the primary's snapshot failed, this node keeps the data it had: {}",
               status.message());
    incoming_.reset();  // it points there
    engine_.keyspace().Discard(std::move(aside_));
  } else {
    log::Error(
        "loading the primary's snapshot failed, this node is empty now, which is saved over no "
        "file: {}",
        status.message());
    engine_.keyspace().Reset();
  }
  engine_.state().loading = engine_.state().async_loading = false;
  incoming_.reset();
  SetPhase(Phase::kWaiting);
}

void ReplicaSide::Loaded() {
  const persist::RdbInfo info = incoming_->loader().info();
  log::Info("MASTER <-> REPLICA sync: Finished with success: {} keys",
            incoming_->loader().keys_loaded());
  if (incoming_->loader().parts_skipped() > 0) {
    log::Warn(
        "the snapshot held {} function libraries or pieces of module data, which were left out",
        incoming_->loader().parts_skipped());
  }
  if (incoming_->loader().empty_keys_skipped() > 0) {
    log::Warn("empty keys skipped: {}", incoming_->loader().empty_keys_skipped());
  }
  if (aside_ != nullptr) {
    GiveUpOldData();
    engine_.keyspace().Adopt(std::move(aside_));
  }
  if (incoming_->loaded_as_it_is()) offer_file_(incoming_->fd());
  incoming_.reset();
  engine_.state().loading = engine_.state().async_loading = false;
  engine_.state().dataset = dispatch::Dataset::kWhole;
  stream_.StandAt(History{incoming_id_, History::NoId(), -1}, incoming_offset_);
  may_continue_ = true;
  selected_db_ = std::max(info.repl_stream_db, 0);
  BeginStreaming(selected_db_);
  engine_.services().persistence->DatasetCame();
  if (streaming()) link_->Resume();
  if (streaming() && !link_->input().empty()) ApplyInput();
}

const char* ReplicaSide::RoleWord() const {
  switch (phase_) {
    case Phase::kConnecting:
      return "connecting";
    case Phase::kHandshake:
      return "handshake";
    case Phase::kReceiving:
    case Phase::kChecking:
    case Phase::kLoading:
      return "sync";
    case Phase::kStreaming:
      return "connected";
    default:
      return "connect";
  }
}

int64_t ReplicaSide::SecondsSinceHeard() const {
  if (link_ == nullptr || !streaming()) return -1;
  return std::chrono::duration_cast<std::chrono::seconds>(reactor_.Now() - link_->heard_at())
      .count();
}

int64_t ReplicaSide::MillisSinceInTouch() const {
  if (link_ == nullptr || !streaming() || !net::IsHeard(link_->fd())) return -1;
  return std::chrono::duration_cast<Millis>(reactor_.Now() - link_->heard_at()).count();
}

int64_t ReplicaSide::SecondsDown() const {
  return std::chrono::duration_cast<std::chrono::seconds>(reactor_.Now() - down_since_).count();
}

}  // namespace rha::node::repl
