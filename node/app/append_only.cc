#include "node/app/append_only.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "common/base/log.h"
#include "common/resp/writer.h"
#include "node/app/config.h"
#include "node/app/limits.h"
#include "node/dispatch/engine.h"
#include "node/persist/aof_note.h"

namespace rha::node::app {
namespace {

using persist::AofWriter;
using persist::FsyncPolicy;

constexpr int64_t kNoOffset = std::numeric_limits<int64_t>::max();

FsyncPolicy ToPolicy(const std::string& name) {
  return name == "always" ? FsyncPolicy::kAlways
         : name == "no"   ? FsyncPolicy::kNo
                          : FsyncPolicy::kEverySecond;
}

}  // namespace

AppendOnly::AppendOnly(Dependencies dependencies)
    : reactor_(dependencies.reactor),
      engine_(dependencies.engine),
      snapshots_(dependencies.snapshots),
      config_(dependencies.config),
      parts_(std::move(dependencies)),
      news_watch_([](void* self, uint32_t) { static_cast<AppendOnly*>(self)->OnNews(); }, this),
      job_watch_([](void* self, uint32_t) { static_cast<AppendOnly*>(self)->OnImageEnded(); },
                 this) {}

AppendOnly::~AppendOnly() {
  reactor_.Cancel(slice_timer_);
  reactor_.Detach(job_watch_);
  reactor_.Detach(news_watch_);
}

int64_t AppendOnly::UnixS() const { return engine_.clock().UnixMillis() / 1000; }

// For intervals: nobody sets this clock.
int64_t AppendOnly::NowS() const {
  return std::chrono::floor<std::chrono::seconds>(reactor_.Now().time_since_epoch()).count();
}

persist::AofPlace AppendOnly::Place() const {
  // `dir` may change meanwhile; the files stay where they are.
  if (writer_ != nullptr) return place_;
  return {config_.dir, config_.append_folder, config_.append_file_name};
}

std::string AppendOnly::TemporaryBase() const {
  return Place().PathOf("temp-" + config_.append_file_name +
                        (config_.append_base_as_rdb ? ".base.rdb" : ".base.aof"));
}

persist::SaveRequest AppendOnly::BaseRequest() const {
  persist::RdbInfo info = parts_.describe();
  info.aof_base = true;
  return {.path = TemporaryBase(),
          .fd = -1,
          .info = std::move(info),
          .options = {.compress = config_.rdb_compression, .checksum = config_.rdb_checksum},
          .key_delay_us = config_.key_save_delay_us,
          .as_commands = !config_.append_base_as_rdb,
          .time_stamp_s = config_.append_time_stamps ? UnixS() : 0};
}

// ---------------------------------------------------------------- on and off

Status AppendOnly::StartWriter(persist::AofFolder folder) {
  policy_ = ToPolicy(config_.append_fsync);
  place_ = folder.place();
  keeps_history_ = config_.keep_append_history;
  folder.KeepHistory(keeps_history_);
  folder.RemoveLeftovers();
  RHA_ASSIGN_OR_RETURN(writer_, AofWriter::Start(std::move(folder), policy_));
  writer_->set_delay(delay_us_);
  begins_pending_ = 0;
  progress_ = {};
  return reactor_.Attach(news_watch_, writer_->fd(), EPOLLIN);
}

void AppendOnly::StopWriter() {
  SetTaking(false);
  reactor_.Detach(news_watch_);
  writer_.reset();
  progress_ = {};
  engine_.state().log_bytes = 0;
  engine_.state().log_error.clear();
  if (std::exchange(outrun_, false)) engine_.EndPause(dispatch::PauseReason::kLog);
  Settle();
  parts_.on_durable();
}

void AppendOnly::SetTaking(bool taking) {
  if (taking_ == taking) return;
  taking_ = taking;
  engine_.state().log_active = taking;
  taking ? engine_.propagation().AddSink(*this, dispatch::kLog)
         : engine_.propagation().RemoveSink(*this);
}

void AppendOnly::Enable() {
  if (writer_ != nullptr) Disable();  // a rewrite that was asked for while it was off
  persist::AofFolder folder(disk_, Place());
  Status started = folder.Find();
  if (started.ok()) started = StartWriter(std::move(folder));
  standing_ = Standing::kUnfounded;
  scheduled_ = true;
  Settle();
  if (!started.ok()) {
    suspect_ = started.message();
    LookAtHealth();
    log::Error("the append-only file cannot begin: {}", started.message());
    return;
  }
  log::Info("the append-only file is on: it begins with a rewrite");
  if (engine_.in_unit() || DiskIsTaken()) {
    log::Info("AOF was enabled {}. An AOF background was scheduled to start when possible.",
              engine_.in_unit() ? "during a transaction"
                                : "but there is already another background operation");
  }
  Cron();
}

void AppendOnly::Disable() {
  if (job_ != nullptr) log::Info("Giving up the AOF rewrite: the append-only file is switched off");
  AbortImage();
  if (writer_ != nullptr) {
    if (const Status drained = writer_->Drain(); !drained.ok()) {
      log::Warn("the append-only file ends incomplete: {}", drained.message());
    }
  }
  phase_ = Phase::kNone;
  StopWriter();
  standing_ = Standing::kOff;
  suspect_.clear();
  scheduled_ = false;
  Settle();
}

bool AppendOnly::HasUnwantedSet() const {
  return !config_.append_only && persist::AofFolder::IsThere(Place());
}

void AppendOnly::OnRdbSaved() {
  if (!std::exchange(retiring_, false)) return;
  Disable();
  const Status gone = persist::AofFolder::Retire(disk_, Place());
  if (!gone.ok()) return log::Warn("the append-only file goes later: {}", gone.message());
  log::Info("the append-only file is gone: the RDB file holds its data, and appendonly is no");
}

void AppendOnly::OnConfig() {
  if (loader_ != nullptr || on_loaded_) return;  // the end of loading looks at it
  const bool on = standing_ != Standing::kOff;
  if (config_.append_only) retiring_ = false;
  if (config_.append_only && !on) return Enable();
  if (!config_.append_only && on && !retiring_) return Disable();
  if (writer_ == nullptr) return;
  LookAtHistory();
  policy_ = ToPolicy(config_.append_fsync);
  writer_->set_policy(policy_);
  if (policy_ != FsyncPolicy::kAlways) {
    Settle();
    parts_.on_durable();
  }
}

void AppendOnly::Delay(int64_t microseconds) {
  delay_us_ = std::max<int64_t>(microseconds, 0);
  if (writer_ != nullptr) writer_->set_delay(delay_us_);
}

// Who switched it off finds the files gone when he has his answer.
void AppendOnly::LookAtHistory() {
  if (std::exchange(keeps_history_, config_.keep_append_history) == config_.keep_append_history) {
    return;
  }
  writer_->Do(keeps_history_ ? AofWriter::Step::kKeepHistory : AofWriter::Step::kDropHistory);
  if (keeps_history_) return;
  if (const Status drained = writer_->Drain(); !drained.ok()) {
    log::Warn("the append-only file's history goes later: {}", drained.message());
  }
}

// ---------------------------------------------------------------- what is appended

void AppendOnly::Append(int db, resp::Args request, std::string_view wire) {
  if (!taking_) return;
  AppendPreface(db);
  wire.empty() ? writer_->Append(request) : writer_->Append(wire);
  Appended();
}

void AppendOnly::AppendStream(int db, std::string_view requests, int db_after) {
  if (!taking_) return;
  AppendPreface(db);
  selected_db_ = db_after;
  writer_->Append(requests);
  Appended();
}

// What must stand before bytes of that database.
void AppendOnly::AppendPreface(int db) {
  const int64_t now_s = engine_.keyspace().now_ms() / 1000;
  if (config_.append_time_stamps && stamped_s_ != now_s) {
    scratch_.clear();
    persist::AppendAofTimeStamp(now_s, &scratch_);
    writer_->Append(scratch_);
    stamped_s_ = now_s;
  }
  if (selected_db_ == db) return;
  const std::string number = std::to_string(db);
  const std::string_view select[] = {"SELECT", number};
  writer_->Append(select);
  selected_db_ = db;
}

void AppendOnly::Appended() {
  ++engine_.state().log_changes;
  PublishMemory();
  // From here on nobody may hear of it before it is on the disk.
  if (engine_.state().settled_offset == kNoOffset && MustHold()) PublishSettled(settled_offset_);
}

void AppendOnly::AddNotes() {
  if (!taking_) return;
  const repl::DatasetPlace place = parts_.place();
  if (place.id != noted_.repl_id || place.uid != noted_.cluster_uid ||
      place.epoch != noted_.data_epoch) {
    noted_.repl_id = place.id;
    noted_.cluster_uid = place.uid;
    noted_.data_epoch = place.epoch;
    noted_.repl_offset = place.offset;
    noted_.repl_stream_db = place.db;
    return writer_->Append(persist::FormatAofHistory(noted_));
  }
  if (place.id.empty() || (place.offset == noted_.repl_offset && place.db == noted_.repl_stream_db))
    return;
  noted_.repl_offset = place.offset;
  noted_.repl_stream_db = place.db;
  scratch_.clear();
  persist::AppendAofOffset(place.offset, place.db, &scratch_);
  writer_->Append(scratch_);
}

void AppendOnly::EndTurn() {
  if (writer_ == nullptr) return;
  AddNotes();
  writer_->HandOver({engine_.state().log_changes, engine_.state().replication_offset, history_});
  // One unit that is larger than all that may wait is no lag.
  unit_bytes_max_ = std::max(unit_bytes_max_, writer_->appended() - handed_over_);
  handed_over_ = writer_->appended();
  LookAtLag();
  Settle();
}

bool AppendOnly::MustHold() const {
  return policy_ == FsyncPolicy::kAlways && standing_ == Standing::kSound && writer_ != nullptr &&
         progress_.failure.ok() && progress_.durable < writer_->appended();
}

void AppendOnly::PublishSynced() {
  dispatch::NodeState& state = engine_.state();
  const bool on = standing_ != Standing::kOff;
  int64_t changes = -1, offset = -1;
  if (standing_ == Standing::kSound && writer_ != nullptr) {
    const bool all = progress_.synced >= writer_->appended();
    changes = static_cast<int64_t>(all ? state.log_changes : progress_.synced_mark.changes);
    // What was synced of another history says nothing of this one.
    const bool of_this = progress_.synced_mark.history == history_;
    offset = all ? state.replication_offset : of_this ? progress_.synced_mark.offset : -1;
  }
  if (changes != state.log_changes_synced || on != state.log_on) ++state.acknowledgements;
  state.log_on = on;
  state.log_changes_synced = changes;
  state.synced_offset = offset;
}

void AppendOnly::PublishSettled(int64_t offset) {
  dispatch::NodeState& state = engine_.state();
  state.settled_offset = state.forwarded_offset = offset;
}

void AppendOnly::Settle() {
  PublishSynced();
  dispatch::NodeState& state = engine_.state();
  // What a disk that fails does not take is not acknowledged to a primary either. But the stream
  // goes on to replicas, of a primary, too: those that hear nothing would leave.
  if (policy_ == FsyncPolicy::kAlways && state.is_replica && !state.log_error.empty()) {
    mark_appended_ = -1;
    state.settled_offset = settled_offset_;
    state.forwarded_offset = kNoOffset;
    return;
  }
  if (!MustHold()) {
    mark_appended_ = -1;
    settled_offset_ = state.replication_offset;
    return PublishSettled(kNoOffset);
  }
  if (mark_appended_ >= 0 && progress_.durable >= mark_appended_) {
    settled_offset_ = mark_offset_;
    mark_appended_ = -1;
  }
  if (mark_appended_ < 0) {
    mark_appended_ = writer_->appended();
    mark_offset_ = state.replication_offset;
  }
  PublishSettled(settled_offset_);
}

// ---------------------------------------------------------------- the disk

bool AppendOnly::TakeNews() {
  progress_ = writer_->Look();
  for (const AofWriter::Outcome& outcome : std::exchange(progress_.outcomes, {})) {
    OnOutcome(outcome);
    if (writer_ == nullptr) return false;
  }
  return true;
}

void AppendOnly::OnNews() {
  if (!TakeNews()) return;
  LookAtHealth();
  LookAtLag();
  Settle();
  parts_.on_durable();
}

void AppendOnly::LookAtHealth() {
  if (writer_ != nullptr && progress_.suspect && suspect_.empty()) {
    suspect_ = progress_.failure.message();
    log::Error(
        "{}: what it was to make durable may be lost to the file, which is rewritten as "
        "soon as the disk allows",
        suspect_);
    GiveUpSet();
  }
  std::string error = suspect_.empty() ? progress_.failure.message() : suspect_;
  std::string& shown = engine_.state().log_error;
  if (error.empty() != shown.empty()) {
    if (error.empty()) {
      log::Info("AOF write error looks solved, the node can write again.");
    } else {
      log::Error("Error writing to the AOF file: {}", error);
      parts_.on_failed();
    }
  }
  shown = std::move(error);
}

void AppendOnly::PublishMemory() {
  engine_.state().log_bytes = static_cast<int64_t>(writer_->memory_bytes());
}

void AppendOnly::LookAtLag() {
  const int64_t appended = writer_->appended();
  const int64_t limit = kAofLagBytesMax;
  if (appended - progress_.written > limit / 2 && !TakeNews()) return;
  const int64_t lag = appended - progress_.written;
  PublishMemory();
  if (discards_pending_ > 0) return;
  if (lag < limit / 2) unit_bytes_max_ = 0;
  if (lag > kAofLagBytesMost + unit_bytes_max_) {
    suspect_ = "the disk has fallen too far behind";
    log::Error("the append-only file is given up until it is rewritten: {}", suspect_);
    GiveUpSet();
    LookAtHealth();
  } else if (lag > limit && !outrun_) {
    outrun_ = true;
    ++times_outrun_;
    log::Warn("the disk of the append-only file lags {} bytes behind: writes wait", lag);
    engine_.SetPause(dispatch::PauseReason::kLog,
                     {dispatch::Pause::Scope::kWrite, std::numeric_limits<int64_t>::max()});
  } else if (lag < limit / 2 && outrun_) {
    outrun_ = false;
    engine_.EndPause(dispatch::PauseReason::kLog);
  }
}

// What is on its way to the set is of no use to it any more, nor are steps.
void AppendOnly::GiveUpSet() {
  writer_->Discard();
  ++discards_pending_;
  begins_pending_ = 0;
  if (phase_ == Phase::kReplacing) phase_ = Phase::kNone;
  BecomeUnfounded();
}

// The set on the disk goes no further.
void AppendOnly::BecomeUnfounded() {
  if (standing_ == Standing::kOff) return;
  standing_ = Standing::kUnfounded;
  SetTaking(false);
  AbortImage();
  voided_ = rewriting();
  scheduled_ = true;
  if (writer_ != nullptr) writer_->Do(AofWriter::Step::kClose);
}

void AppendOnly::DatasetGoes() {
  ++history_;
  settled_offset_ = 0;
  BecomeUnfounded();
}

void AppendOnly::OfferBase(int fd) {
  if (standing_ != Standing::kOff) offered_ = UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

void AppendOnly::DatasetCame() {
  const UniqueFd offered = std::move(offered_);
  ++history_;
  settled_offset_ = 0;
  if (standing_ == Standing::kOff) return;
  scheduled_ = true;
  if (offered.valid() && config_.append_base_as_rdb && writer_ != nullptr && !rewriting() &&
      parts_.may_save().ok()) {
    const Status begun = BeginFrom(offered.get());
    if (begun.ok()) return;
    log::Info("the snapshot is written once more, for the append-only file: {}", begun.message());
  }
  Cron();
}

// The file of a full synchronisation becomes the base: the writer syncs it, then the manifest names
// it. Until then the older set stays.
Status AppendOnly::BeginFrom(int fd) {
  const persist::AofPlace place = Place();
  const std::string path = place.PathOf("temp-" + place.name + ".received.rdb");
  RHA_RETURN_IF_ERROR(disk_.MakeFolder(place.dir + "/" + place.folder));
  RHA_RETURN_IF_ERROR(disk_.Remove(path));
  RHA_RETURN_IF_ERROR(disk_.GiveName(fd, path));
  scheduled_ = false;
  rewrite_started_s_ = NowS();
  phase_ = Phase::kReplacing;
  voided_ = false;
  // What the file says of the history is not known here: the increment begins with it.
  BeginIncrement(AofWriter::Step::kBeginFrom, path, {});
  log::Info("the snapshot of the full synchronisation becomes the base of the append-only file");
  return {};
}

void AppendOnly::BeginIncrement(AofWriter::Step step, std::string base, persist::RdbInfo noted) {
  AddNotes();
  writer_->Do(step, std::move(base));
  ++begins_pending_;
  selected_db_ = -1;
  stamped_s_ = 0;
  noted_ = std::move(noted);
  SetTaking(true);
}

// ---------------------------------------------------------------- rewriting

Result<bool> AppendOnly::Rewrite() {
  if (rewriting()) {
    return Status(Code::kExists, "Background append only file rewriting already in progress");
  }
  if (DiskIsTaken() || engine_.in_unit()) {
    scheduled_ = true;
    return false;
  }
  RHA_RETURN_IF_ERROR(parts_.may_save());
  if (Status started = StartRewrite(); !started.ok()) {
    RewriteFailed(started.message());
    return started;
  }
  return true;
}

Status AppendOnly::StartRewrite() {
  scheduled_ = false;
  rewrite_started_s_ = NowS();
  const persist::AofPlace place = Place();
  RHA_RETURN_IF_ERROR(disk_.MakeFolder(place.dir + "/" + place.folder));
  if (writer_ == nullptr) {
    persist::AofFolder folder(disk_, place);
    RHA_RETURN_IF_ERROR(folder.Find());
    RHA_RETURN_IF_ERROR(StartWriter(std::move(folder)));
  }
  const persist::SaveRequest request = BaseRequest();
  if (standing_ != Standing::kOff) {
    const bool sound = standing_ == Standing::kSound;
    BeginIncrement(sound ? AofWriter::Step::kBegin : AofWriter::Step::kBeginApart, {},
                   request.info);
  }
  phase_ = Phase::kImage;
  base_path_ = request.path;
  voided_ = false;
  RHA_ASSIGN_OR_RETURN(job_, snapshots_.Start(request));
  RHA_RETURN_IF_ERROR(reactor_.Attach(job_watch_, job_->fd(), EPOLLIN));
  writer_->set_no_sync(config_.no_fsync_on_rewrite);
  log::Info("Background append only file rewriting started");
  return {};
}

void AppendOnly::AbortImage() {
  if (job_ == nullptr) return;
  reactor_.Detach(job_watch_);
  job_.reset();
  phase_ = Phase::kNone;
  if (writer_ != nullptr) writer_->set_no_sync(false);
}

void AppendOnly::OnImageEnded() {
  reactor_.Detach(job_watch_);
  const Status saved = job_->Collect();
  job_.reset();
  last_held_bytes_ = engine_.keyspace().held().peak_bytes();
  writer_->set_no_sync(false);
  if (!saved.ok()) return RewriteFailed(saved.message());
  const bool chosen = engine_.state().dataset == dispatch::Dataset::kChosen;
  phase_ = Phase::kReplacing;
  writer_->Do(chosen ? AofWriter::Step::kReplaceKeepOlder : AofWriter::Step::kReplace, base_path_);
}

void AppendOnly::RewriteFailed(const std::string& why) {
  AbortImage();
  phase_ = Phase::kNone;
  last_rewrite_s_ = NowS() - rewrite_started_s_;
  last_rewrite_ok_ = false;
  retry_.OnFailed(NowS());
  log::Error("Background AOF rewrite terminated with error: {}", why);
  // What an increment without a base holds is of no use.
  if (standing_ == Standing::kUnfounded) {
    SetTaking(false);
    log::Info("Removing the temp incr aof file: the set stays as it was");
    if (writer_ != nullptr) writer_->Do(AofWriter::Step::kClose);
    // Nothing that is written meanwhile would be in a file.
    if (!voided_ && suspect_.empty()) suspect_ = "there is no file of this dataset yet: " + why;
    LookAtHealth();
  } else if (standing_ == Standing::kOff) {
    StopWriter();
  }
}

void AppendOnly::RewriteDone() {
  phase_ = Phase::kNone;
  last_rewrite_s_ = NowS() - rewrite_started_s_;
  last_rewrite_ok_ = true;
  ++rewrites_;
  retry_.OnSucceeded();
  size_at_rewrite_ = progress_.base_bytes + progress_.increment_bytes;
  log::Info("Background AOF rewrite finished successfully");
  if (voided_) return;
  dispatch::Dataset& dataset = engine_.state().dataset;
  if (dataset == dispatch::Dataset::kChosen) dataset = dispatch::Dataset::kWhole;
  if (standing_ == Standing::kOff) return StopWriter();
  standing_ = Standing::kSound;
  suspect_.clear();
}

void AppendOnly::OnOutcome(const AofWriter::Outcome& outcome) {
  using Step = AofWriter::Step;
  if (outcome.step == Step::kDiscard) --discards_pending_;
  if (discards_pending_ > 0) return;
  switch (outcome.step) {
    case Step::kContinue:
      return Loaded(outcome.status);
    case Step::kBegin:
    case Step::kBeginApart:
      begins_pending_ = std::max(begins_pending_ - 1, 0);
      if (!outcome.status.ok() && phase_ == Phase::kImage) RewriteFailed(outcome.status.message());
      return;
    case Step::kReplace:
    case Step::kReplaceKeepOlder:
    case Step::kBeginFrom:
      if (outcome.step == Step::kBeginFrom) begins_pending_ = std::max(begins_pending_ - 1, 0);
      return outcome.status.ok() ? RewriteDone() : RewriteFailed(outcome.status.message());
    case Step::kClose:
    case Step::kDiscard:
    case Step::kSync:
    case Step::kKeepHistory:
    case Step::kDropHistory:
      return;
  }
}

// As in Redis one file at a time: two would share the disk. But a log that is broken is not to wait
// for a save, since writes are refused until it is rewritten.
bool AppendOnly::DiskIsTaken() const {
  return snapshots_.busy() || (snapshots_.writing() && suspect_.empty());
}

bool AppendOnly::RewriteIsDue() {
  const int64_t now_s = NowS();
  if (standing_ == Standing::kUnfounded) return retry_.MayTry(now_s, true);
  if (scheduled_) return true;
  // It would take what is left of the room that the log waits for.
  if (!progress_.failure.ok()) return false;
  const persist::AofGrowthLimit limit{config_.rewrite_percent, config_.rewrite_min_bytes};
  if (standing_ != Standing::kSound ||
      !limit.Exceeded(size_at_rewrite_, progress_.base_bytes + progress_.increment_bytes)) {
    return false;
  }
  if (retry_.MayTry(now_s, false)) return true;
  if (std::exchange(failures_told_, retry_.failures()) != retry_.failures()) {
    log::Warn(
        "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in "
        "{} minutes",
        retry_.PauseS(false) / 60);
  }
  return false;
}

void AppendOnly::Cron() {
  if (writer_ != nullptr) OnNews();
  if (rewriting() || DiskIsTaken() || engine_.in_unit() || loader_ != nullptr) return;
  if (!RewriteIsDue() || !parts_.may_save().ok()) return;
  if (const Status started = StartRewrite(); !started.ok()) RewriteFailed(started.message());
}

// ---------------------------------------------------------------- the end

// All at once: who calls this has no loop that goes on. `said`: by the file that the data are of,
// while nobody else knows yet to which cluster and history they belong.
Status AppendOnly::WriteBaseNow(const persist::RdbInfo* said) {
  const persist::AofPlace place = Place();
  RHA_RETURN_IF_ERROR(disk_.MakeFolder(place.dir + "/" + place.folder));
  persist::SaveRequest request = BaseRequest();
  request.key_delay_us = 0;  // who waits for this is about to end, or to begin
  if (said != nullptr) {
    request.info.repl_id = said->repl_id;
    request.info.repl_offset = said->repl_offset;
    request.info.repl_stream_db = said->repl_stream_db;
    request.info.cluster_uid = said->cluster_uid;
    request.info.data_epoch = said->data_epoch;
  }
  RHA_RETURN_IF_ERROR(persist::SaveRdbFile(engine_.keyspace(), request));
  const bool chosen = engine_.state().dataset == dispatch::Dataset::kChosen;
  writer_->Do(AofWriter::Step::kBeginApart);
  writer_->Do(chosen ? AofWriter::Step::kReplaceKeepOlder : AofWriter::Step::kReplace,
              request.path);
  noted_ = request.info;
  return Drain();
}

Status AppendOnly::Drain() {
  RHA_RETURN_IF_ERROR(writer_->Drain());
  progress_ = writer_->Look();
  for (const AofWriter::Outcome& outcome : std::exchange(progress_.outcomes, {})) {
    RHA_RETURN_IF_ERROR(outcome.status);
  }
  return {};
}

Status AppendOnly::Close(bool finish) {
  if (writer_ == nullptr) return {};
  AbortImage();
  if (standing_ == Standing::kUnfounded && finish && parts_.may_save().ok() && !loader_) {
    log::Info("the first base of the append-only file is written before exiting");
    RHA_RETURN_IF_ERROR(WriteBaseNow());
  }
  AddNotes();
  RHA_RETURN_IF_ERROR(Drain());
  Settle();
  parts_.on_durable();
  return {};
}

}  // namespace rha::node::app
