// ReplicaSide: applying the stream.
#include <fmt/format.h>

#include <utility>

#include "common/base/log.h"
#include "common/resp/writer.h"
#include "node/codec/printable.h"
#include "node/dispatch/engine.h"
#include "node/repl/limits.h"
#include "node/repl/primary_session.h"
#include "node/repl/replica_side.h"

namespace rha::node::repl {
namespace {

// A sign of life, or a message: it leaves nothing in the data.
bool LeavesNothing(resp::Args args) {
  if (args.empty()) return true;
  using dispatch::EqualsIgnoreCase;
  return EqualsIgnoreCase(args[0], "ping") || EqualsIgnoreCase(args[0], "publish") ||
         EqualsIgnoreCase(args[0], "spublish");
}

}  // namespace

void ReplicaSide::BeginStreaming(int db) {
  if (fsm_->packed()) link_->Unpack();
  held_back_.reset();
  const auto later = [this](auto work) {
    return [this, work](uint64_t session_id) {
      reactor_.Post([this, work, session_id, alive = std::weak_ptr<char>(alive_)] {
        if (!alive.expired()) (this->*work)(session_id);
      });
    };
  };
  session_ = std::make_unique<PrimarySession>(engine_, link_->fd(), later(&ReplicaSide::OnKilled),
                                              later(&ReplicaSide::GoOn));
  session_->db = db;
  logged_db_ = db;
  session_->peer_address = link_->to().ToString();
  if (const auto local = net::LocalEndpoint(link_->fd()); local.ok()) {
    session_->local_address = local->ToString();
  }
  BeginParsing();
  applied_ahead_ = 0;
  acknowledge_batches_ = fsm_->primary_is_redisha();
  SetPhase(Phase::kStreaming);
  if (fsm_->primary_data_epoch() == 0) on_dataset_(0);
  epoch_pending_ = proof_pending_ = fsm_->primary_data_epoch() != 0;
  engine_.state().uncommitted_tail = false;
  LookAtEpoch();
  // A snapshot that ended with a mark is followed by the stream only after this (progress.h).
  Acknowledge();
}

// Whoever has less than the primary had when its epoch began holds data of an earlier one, and is
// outranked by all that hold more of that, whatever it has begun to follow.
void ReplicaSide::LookAtEpoch() {
  if (epoch_pending_ && stream_.offset() >= fsm_->primary_epoch_start()) {
    epoch_pending_ = false;
    on_dataset_(fsm_->primary_data_epoch());
  }
  if (proof_pending_ && stream_.offset() >= fsm_->primary_offset()) {
    proof_pending_ = false;
    on_proven_();
  }
}

int ReplicaSide::selected_db() const { return session_ != nullptr ? session_->db : selected_db_; }

int64_t ReplicaSide::read_offset() const {
  const bool held = !streaming() && held_back_.has_value();
  if (!held && !streaming()) return stream_.offset();
  PrimaryLink& link = held ? *held_back_->link : *link_;
  return stream_.offset() + static_cast<int64_t>(link.input().size());
}

void ReplicaSide::Acknowledge() {
  std::string out;
  const int64_t offset = std::min(stream_.offset(), engine_.state().settled_offset);
  const int64_t synced = engine_.state().synced_offset;
  if (synced < 0) {
    resp::AppendRequest({"REPLCONF", "ACK", std::to_string(offset)}, &out);
  } else {
    resp::AppendRequest({"REPLCONF", "ACK", std::to_string(offset), "FACK", std::to_string(synced)},
                        &out);
  }
  link_->Send(out);
}

// Moves the first bytes of the input to the stream, from where our own replicas get them.
void ReplicaSide::Commit(size_t bytes) {
  if (bytes == 0) return;
  // Only progress ends a series of failures: a command that cannot be applied comes again each
  // time.
  last_error_.clear();
  pause_ = Millis(0);
  std::string& input = link_->input();
  stream_.AppendVerbatim(std::string_view(input).substr(0, bytes));
  input.erase(0, bytes);
  if (input.capacity() > kStreamInputKeptBytesMax && input.size() < kStreamInputKeptBytesMax / 2) {
    std::string(input).swap(input);
  }
  LookAtEpoch();
}

// This part of the input was applied: for the append-only file.
void ReplicaSide::Log(size_t from, size_t to) {
  if (from == to) return;
  const int db = std::exchange(logged_db_, session_->db);
  if (!engine_.state().log_active) return;
  const std::string_view requests = std::string_view(link_->input()).substr(from, to - from);
  engine_.services().persistence->AppendStream(db, requests, session_->db);
}

bool ReplicaSide::IsGetack(resp::Args args) const {
  return args.size() == 3 && dispatch::EqualsIgnoreCase(args[0], "replconf") &&
         dispatch::EqualsIgnoreCase(args[1], "getack");
}

void ReplicaSide::BeginParsing() {
  parser_ = resp::RequestParser();
  parser_.set_bulk_bytes_max(kStreamBulkBytesMax);
}

void ReplicaSide::OnKilled(uint64_t session_id) {
  if (held_back_ && held_back_->session->id == session_id) return held_back_.reset();
  if (session_ != nullptr && session_->id == session_id) Fail("the connection was killed");
}

void ReplicaSide::GoOn(uint64_t session_id) {
  // While data are on their way it is left alone: they take its place.
  const bool without_link = held_back_ && held_back_->session->id == session_id;
  if (without_link && phase_ != Phase::kReceiving) return ApplyHeldBack(false);
  if (!streaming() || session_->id != session_id) return;
  ApplyInput();
  if (streaming() && session_->blocked == nullptr && link_->paused()) link_->Resume();
}

void ReplicaSide::KeepHeldBack() {
  if (!streaming() || session_->blocked == nullptr || session_->closing) return;
  link_->HangUp();
  selected_db_ = session_->db;
  held_back_.emplace(HeldBack{std::move(link_), std::exchange(fsm_, std::nullopt),
                              std::move(session_), applied_ahead_, stream_.history().id,
                              stream_.offset()});
}

// What the next link was asked for began where the data stood, so that one is given up.
bool ReplicaSide::TakeUpHeldBack() {
  if (!held_back_) return false;
  HeldBack held = std::move(*std::exchange(held_back_, std::nullopt));
  if (held.history_id != stream_.history().id || held.offset != stream_.offset()) return false;
  DropLink();
  reactor_.Cancel(retry_timer_);
  ++attempt_;
  link_ = std::move(held.link);
  fsm_ = std::move(held.fsm);
  session_ = std::move(held.session);
  applied_ahead_ = held.applied_ahead;
  BeginParsing();
  return true;
}

// Its link is up for nobody but for this.
void ReplicaSide::ApplyHeldBack(bool at_once) {
  const MonoTime down_since = down_since_;
  const std::string why = last_error_;
  if (!TakeUpHeldBack()) return;
  phase_ = Phase::kStreaming;
  const auto apply = [this] {
    ApplyInput();
    if (streaming() && session_->blocked == nullptr) link_->ReadRest();
  };
  at_once ? engine_.ExecuteAtOnce(*session_, apply) : apply();
  if (streaming()) {
    last_error_ = why;  // which was told
    Fail(why);
  }
  down_since_ = down_since;
}

void ReplicaSide::ApplyAllThatCame() {
  if (held_back_) return ApplyHeldBack(true);
  if (!streaming()) return;
  engine_.ExecuteAtOnce(*session_, [this] {
    if (link_->input().size() > applied_ahead_) ApplyInput();
    if (streaming()) link_->ReadRest();
  });
}

void ReplicaSide::ApplyInput() {
  if (session_->blocked != nullptr) {
    if (link_->input().size() >= kHeldInputBytesMax) link_->Pause();
    return;
  }
  Applied applied{.used = applied_ahead_};
  Outcome outcome = Outcome::kApplied;
  while (outcome == Outcome::kApplied && applied.used < link_->input().size() &&
         !session_->closing) {
    const std::string_view rest = std::string_view(link_->input()).substr(applied.used);
    if (!parser_.in_multibulk()) batch_.Fill(rest);
    if (!parser_.in_multibulk() && batch_.size() > 0) {
      outcome = ApplyBatch(&applied);
      continue;
    }
    const resp::Outcome parsed = parser_.Parse(rest);
    if (parsed == resp::Outcome::kMore) break;
    if (parsed == resp::Outcome::kError) {
      Log(applied.logged, applied.committed);
      Commit(applied.committed);
      return Fail("the stream is broken: " + parser_.error());
    }
    outcome = ApplyOne(parser_.args(), {}, parser_.consumed(), &applied);
  }
  if (outcome == Outcome::kFailed) return;
  Log(applied.logged, applied.committed);
  Commit(applied.committed);
  applied_ahead_ = applied.used - applied.committed;
  if (applied.asked || (applied.committed > 0 && acknowledge_batches_)) Acknowledge();
}

ReplicaSide::Outcome ReplicaSide::ApplyBatch(Applied* applied) {
  engine_.Prepare(*session_, batch_);
  engine_.BeginBatch();
  const size_t from = applied->used;
  Outcome outcome = Outcome::kApplied;
  for (size_t i = 0; i < batch_.size() && outcome == Outcome::kApplied && !session_->closing; ++i) {
    const size_t bytes = from + batch_.end(i) - applied->used;
    outcome = ApplyOne(batch_.args(i), batch_.resolved(i), bytes, applied);
  }
  engine_.EndBatch();
  return outcome;
}

ReplicaSide::Outcome ReplicaSide::ApplyOne(resp::Args args, dispatch::Resolved resolved,
                                           size_t bytes, Applied* applied) {
  if (resolved.spec == nullptr && !args.empty()) resolved = engine_.Resolve(*session_, args);
  const bool writes = resolved.spec != nullptr && resolved.spec->Has(dispatch::kWrite);
  const bool asks = !writes && IsGetack(args);
  const bool alone = !session_->transaction.open;
  bool idle = alone && !writes && (asks || LeavesNothing(args));
  if (idle) Log(std::exchange(applied->logged, applied->used), applied->used);
  const uint64_t changes = engine_.keyspace().dirty();
  if (asks) {
    applied->asked = true;
    pace_.OnAsked(reactor_.Now());
  } else if (const std::string refusal = Apply(args, resolved); !refusal.empty()) {
    const std::string what = Describe(args);
    const bool changed = engine_.keyspace().dirty() != changes;
    Log(applied->logged, applied->committed);
    if (!config_.goes_on_after_errors || !alone || changed) {
      CannotGoOn(what, refusal, applied->committed, changed);
      return Outcome::kFailed;
    }
    log::Error("== CRITICAL == {} of the primary's stream cannot be applied: {}", what, refusal);
    applied->logged = applied->committed;
    idle = true;
  }
  if (session_->blocked != nullptr) return Outcome::kNotNow;
  applied->used += bytes;
  if (idle) applied->logged = applied->used;
  // Half a transaction must not count: a cut here would lose its second half.
  if (!session_->transaction.open) applied->committed = applied->used;
  return Outcome::kApplied;
}

// Of a transaction the commands before it stand. Asking for them once more would apply them once
// more, so the dataset goes on under no name until the primary's has replaced it.
void ReplicaSide::CannotGoOn(const std::string& what, const std::string& refusal, size_t committed,
                             bool changed) {
  Commit(committed);
  if (changed) LeaveHistory("half a transaction was applied");
  const auto next = trouble_.OnFailed(stream_.offset(), changed, reactor_.Now());
  if (next.full_sync) {
    may_continue_ = false;
    log::Error("{} of the primary's stream cannot be applied ({}): all data are asked for anew",
               what, refusal);
  }
  pause_ = next.pause;
  Fail(fmt::format("replication stopped at offset {}: {} cannot be applied: {}",
                   stream_.offset() + 1, what, refusal));
}

// "LPUSH \"queue\"": what is named when a command cannot be applied.
std::string ReplicaSide::Describe(resp::Args args) {
  std::string text(args[0].substr(0, kHandshakeLineBytesMax));
  text = codec::Escaped(text);
  return args.size() > 1 ? text + " " + codec::Printable(args[1]) : text;
}

// Empty: applied. Whatever our primary executed and we cannot is a difference between the datasets,
// so errors count as refusals, of queued commands too.
std::string ReplicaSide::Apply(resp::Args args, dispatch::Resolved resolved) {
  if (args.empty()) return {};
  const dispatch::CommandSpec* const spec = resolved.spec;
  if (spec == nullptr) return "this command is not supported here";
  if (!spec->BelongsInLogs()) return "an order to a server has no place in the stream";
  const uint64_t errors = engine_.own_errors();
  engine_.Execute(*session_, args, resolved);
  if (engine_.own_errors() == errors) return {};
  return "it was answered with an error";
}

}  // namespace rha::node::repl
