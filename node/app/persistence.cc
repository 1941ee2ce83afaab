#include "node/app/persistence.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/log.h"
#include "node/app/config.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/info_line.h"
#include "node/persist/file_io.h"

namespace rha::node::app {
namespace {

// Loading goes on for this long before clients are answered.
constexpr Millis kLoadSlice{50};
constexpr int64_t kFreeGoneUs = 1'000'000;
// Older files that were kept; none of them is ever replaced.
constexpr int kKeptFilesMax = 10;

using dispatch::Line;

const char* DatasetWord(dispatch::Dataset dataset) {
  switch (dataset) {
    case dispatch::Dataset::kUnknown:
      return "unknown";
    case dispatch::Dataset::kChosen:
      return "chosen";
    case dispatch::Dataset::kWhole:
      break;
  }
  return "whole";
}

bool SameFile(const std::string& a, const std::string& b) {
  struct stat of_a {
  }, of_b{};
  return ::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 &&
         of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

}  // namespace

Persistence::Persistence(Dependencies dependencies)
    : reactor_(dependencies.reactor),
      engine_(dependencies.engine),
      snapshots_(dependencies.snapshots),
      config_(dependencies.config),
      log_(dependencies.log),
      describe_(std::move(dependencies.describe)),
      dataset_replaced_(std::move(dependencies.dataset_replaced)),
      may_drop_expired_(std::move(dependencies.may_drop_expired)),
      job_watch_([](void* self, uint32_t) { static_cast<Persistence*>(self)->OnJobEnded(); },
                 this) {
  last_save_s_ = NowS();
  saved_at_ = reactor_.Now();
}

Persistence::~Persistence() {
  reactor_.Cancel(slice_timer_);
  reactor_.Detach(job_watch_);
}

int64_t Persistence::NowS() const { return engine_.clock().UnixMillis() / 1000; }

std::string Persistence::Path() const { return config_.dir + "/" + config_.db_file_name; }

persist::SaveRequest Persistence::Request() const {
  return {.path = Path(),
          .fd = -1,
          .info = describe_(),
          .options = {.compress = config_.rdb_compression, .checksum = config_.rdb_checksum},
          .key_delay_us = config_.key_save_delay_us};
}

void Persistence::PublishHealth() {
  engine_.state().last_save_failed =
      !last_ok_ && config_.stop_writes_on_save_error && !config_.save_points.empty();
}

void Persistence::NoteOutcome(bool saved) {
  last_ok_ = saved;
  saved ? retry_.OnSucceeded() : retry_.OnFailed(reactor_.Now());
  PublishHealth();
}

// ---- saving

Status Persistence::MaySave() const {
  if (engine_.in_unit()) return Status(Code::kInvalid, "Not allowed inside a transaction");
  if (engine_.state().dataset != dispatch::Dataset::kUnknown) return {};
  return Status(Code::kConflict,
                "The dataset is not known to be whole, because loading it has not succeeded: it "
                "does not replace a file that may be");
}

// A second name for it: at no moment there is no file at all.
Status Persistence::KeepOlderFile() const {
  if (engine_.state().dataset != dispatch::Dataset::kChosen) return {};
  for (int n = 0; n < kKeptFilesMax; ++n) {
    const std::string kept = Path() + ".kept" + (n == 0 ? "" : "." + std::to_string(n));
    Status linked = env::Disk::Real().Link(Path(), kept);
    if (linked.ok()) {
      log::Warn("the file that is replaced by data not known to be whole is kept as {}", kept);
      return {};
    }
    if (linked.code() == Code::kNotFound) return {};
    if (linked.code() != Code::kExists) return std::move(linked).Context("keep the older file");
    if (SameFile(Path(), kept)) return {};  // by a save that failed then
  }
  return Status(Code::kExhausted, "keep the older file: there are " +
                                      std::to_string(kKeptFilesMax) + " already (" + Path() +
                                      ".kept and so on); remove those of no use");
}

void Persistence::Saved() {
  last_save_s_ = NowS();
  saved_at_ = reactor_.Now();
  ++saves_;
  dispatch::Dataset& dataset = engine_.state().dataset;
  if (dataset == dispatch::Dataset::kChosen) dataset = dispatch::Dataset::kWhole;
  log_.OnRdbSaved();
}

Status Persistence::Save(bool (*given_up)()) {
  if (job_ != nullptr) return Status(Code::kExists, "Background save already in progress");
  RHA_RETURN_IF_ERROR(MaySave());
  Status saved = KeepOlderFile();
  persist::SaveRequest request = Request();
  request.given_up = given_up;
  if (saved.ok()) saved = persist::SaveRdbFile(engine_.keyspace(), request);
  if (!saved.ok()) {
    log::Error("saving the dataset failed: {}", saved.message());
    return saved;
  }
  log::Info("DB saved on disk");
  engine_.keyspace().set_dirty(0);
  Saved();
  NoteOutcome(true);
  return {};
}

Status Persistence::StartJob() {
  std::unique_ptr<persist::SnapshotJob> job;
  const Status begun = [&]() -> Status {
    RHA_RETURN_IF_ERROR(KeepOlderFile());
    RHA_ASSIGN_OR_RETURN(job, snapshots_.Start(Request()));
    return reactor_.Attach(job_watch_, job->fd(), EPOLLIN);
  }();
  if (!begun.ok()) {
    log::Error("background saving could not begin: {}", begun.message());
    NoteOutcome(false);
    return begun;
  }
  job_ = std::move(job);
  dirty_at_start_ = engine_.keyspace().dirty();
  job_started_s_ = NowS();
  log::Info("Background saving started");
  return {};
}

Result<bool> Persistence::BackgroundSave(bool schedule) {
  if (job_ != nullptr && !schedule) {
    return Status(Code::kExists, "Background save already in progress");
  }
  // Another image, perhaps for replicas, or the commands that belong to this one come first.
  if (job_ != nullptr || snapshots_.busy() || engine_.in_unit()) {
    scheduled_ = true;
    return false;
  }
  RHA_RETURN_IF_ERROR(MaySave());
  RHA_RETURN_IF_ERROR(StartJob());
  return true;
}

void Persistence::CancelBackgroundSave() {
  reactor_.Detach(job_watch_);
  job_.reset();
}

void Persistence::OnJobEnded() {
  reactor_.Detach(job_watch_);
  const Status saved = job_->Collect();
  job_.reset();
  last_held_bytes_ = engine_.keyspace().held().peak_bytes();
  last_duration_s_ = NowS() - job_started_s_;
  if (saved.code() == Code::kConflict) return log::Info("Background saving was given up");
  if (saved.ok()) {
    log::Info("Background saving terminated with success");
    const uint64_t dirty = engine_.keyspace().dirty();
    engine_.keyspace().set_dirty(dirty - std::min(dirty, dirty_at_start_));
    Saved();
  } else {
    log::Error("background saving failed: {}", saved.message());
  }
  NoteOutcome(saved.ok());
}

bool Persistence::SavePointReached() const {
  const MonoTime now = reactor_.Now();
  if (!retry_.MayTry(now)) return false;
  // Nothing but a save lets writes in again, and without writes no point may be reached for long.
  if (engine_.state().last_save_failed) return true;
  const auto changes = static_cast<int64_t>(engine_.keyspace().dirty());
  return std::any_of(
      config_.save_points.begin(), config_.save_points.end(), [&](const auto& point) {
        return changes >= point.changes && now - saved_at_ > std::chrono::seconds(point.seconds);
      });
}

void Persistence::Cron() {
  PublishHealth();
  if (job_ != nullptr || snapshots_.busy() || !MaySave().ok()) return;
  if (!scheduled_ && !SavePointReached()) return;
  scheduled_ = false;
  if (const Status begun = StartJob(); !begun.ok()) return;
}

// ---- loading

void Persistence::RemoveLeftovers() const { persist::RemoveLeftovers(Path()); }

void Persistence::LoadAtStart(bool as_primary, OnLoaded done) {
  auto source = persist::FileSource::Open(Path());
  if (!source.ok()) {
    const bool none = source.status().code() == Code::kNotFound;
    if (!none) engine_.state().dataset = dispatch::Dataset::kUnknown;
    return done(none ? Status() : source.status(), {});
  }
  loader_ = std::make_unique<persist::RdbLoader>(
      std::move(source).value(), &engine_.keyspace(),
      persist::LoadOptions{.verify_checksum = config_.rdb_checksum,
                           .drop_expired = as_primary,
                           .now_ms = engine_.clock().UnixMillis(),
                           .may_drop = may_drop_expired_,
                           .key_delay_us = config_.key_load_delay_us},
      engine_.keyspace().databases());
  on_loaded_ = std::move(done);
  load_started_s_ = NowS();
  loads_as_primary_ = as_primary;
  engine_.state().loading = true;
  engine_.state().dataset = dispatch::Dataset::kUnknown;
  LoadSlice();
}

// The file may hold more than maxmemory allows by now. What may go then goes before the rest comes,
// unless replicas may continue from where the file stands. False: not yet.
bool Persistence::MakeRoomForMore() {
  if (!loads_as_primary_ || loader_->inside_key() || !loader_->info().repl_id.empty()) return true;
  const MonoTime deadline = engine_.clock().Now() + kLoadSlice;
  while (engine_.memory_guard().MakeRoom() == dispatch::MemoryGuard::Room::kFreeing) {
    if (engine_.clock().Now() >= deadline) return false;
  }
  return true;
}

void Persistence::LoadSlice() {
  if (!MakeRoomForMore()) {
    slice_timer_ = reactor_.After(Millis(0), [this] { LoadSlice(); });
    return;
  }
  const Result<bool> complete = loader_->Step(engine_.clock(), kLoadSlice);
  if (!complete.ok()) return FinishLoading(complete.status());
  if (*complete) return FinishLoading({});
  slice_timer_ = reactor_.After(Millis(0), [this] { LoadSlice(); });
}

void Persistence::FinishLoading(const Status& status) {
  const std::unique_ptr<persist::RdbLoader> loader = std::move(loader_);
  keys_loaded_ = loader->keys_loaded();
  keys_expired_ = loader->keys_expired();
  if (status.ok()) {
    engine_.state().loading = false;
    engine_.state().dataset = dispatch::Dataset::kWhole;
    log::Info("Done loading RDB, keys loaded: {}, keys expired: {}, empty keys skipped: {}.",
              keys_loaded_, keys_expired_, loader->empty_keys_skipped());
    log::Info("DB loaded from disk: {} s", NowS() - load_started_s_);
    if (loader->parts_skipped() > 0) {
      log::Warn("{} function libraries or pieces of module data were left out",
                loader->parts_skipped());
    }
  } else {
    log::Error("Internal error in RDB reading offset {}: {}", loader->bytes_loaded(),
               status.message());
    log::Error("Terminating server after rdb file reading failure.");
  }
  const OnLoaded done = std::move(on_loaded_);
  done(status, loader->info());
}

void Persistence::DatasetFlushed() {
  // As in Redis: a file of what was thrown away is of no use, with or without save points.
  CancelBackgroundSave();
  dispatch::NodeState& state = engine_.state();
  const bool lost = state.dataset == dispatch::Dataset::kUnknown;
  if (lost && !state.is_replica) state.dataset = dispatch::Dataset::kChosen;
  if (config_.save_points.empty()) return;
  // What a replica has applied counts in its offset, which the file names, only behind the input it
  // came with.
  if (state.is_replica) {
    reactor_.Post([this] { SaveFlushed(); });
  } else {
    engine_.AfterUnit([this] { SaveFlushed(); });
  }
}

// Until it is saved a restart finds the dataset before it. (The append-only file begins with it.)
void Persistence::DatasetCame() {
  engine_.keyspace().AddDirty(1);
  scheduled_ = !config_.save_points.empty() && !config_.append_only;
  log_.DatasetCame();
}

void Persistence::SaveFlushed() {
  if (job_ != nullptr) return;  // it began after the flush, and saves what that has left
  // A failure is logged and stops writes like any other; the flush itself has happened.
  if (!Save().ok()) NoteOutcome(false);
}

Status Persistence::Reload(ReloadHow how) {
  RHA_RETURN_IF_ERROR(!how.save && !engine_.in_unit() ? Status() : MaySave());
  if (how.save) RHA_RETURN_IF_ERROR(Save());
  keyspace::Keyspace& keyspace = engine_.keyspace();
  const persist::LoadOptions options{.verify_checksum = config_.rdb_checksum,
                                     .drop_expired = !engine_.state().is_replica,
                                     .now_ms = engine_.clock().UnixMillis(),
                                     .replace_libraries = how.merge};
  RHA_ASSIGN_OR_RETURN(auto source, persist::FileSource::Open(Path()));
  if (!how.save) {
    // Nobody knows what is in the file: it is read once before anything goes.
    RHA_ASSIGN_OR_RETURN(auto unknown, persist::FileSource::Open(Path()));
    persist::RdbLoader check(std::move(unknown), nullptr, options, keyspace.databases());
    RHA_RETURN_IF_ERROR(check.Finish());
  }
  const bool other = !how.save || !how.flush;
  if (other) log_.DatasetGoes();
  engine_.state().dataset = dispatch::Dataset::kUnknown;
  if (how.flush) {
    snapshots_.GiveUp();
    keyspace.Reset();
    while (snapshots_.FreeGone(engine_.clock(), kFreeGoneUs)) {
    }
  }
  persist::RdbLoader loader(std::move(source), &keyspace, options, keyspace.databases());
  // Saved and loaded at once the data are the same; otherwise replicas have something else.
  if (other) dataset_replaced_();
  Status loaded = loader.Finish();
  if (!loaded.ok()) loaded = std::move(loaded).Context("Error trying to load the RDB dump");
  if (!loaded.ok() && how.flush) return loaded;
  engine_.state().dataset = dispatch::Dataset::kWhole;  // without a flush nothing has gone
  if (other) log_.DatasetCame();
  return loaded;
}

// ---- INFO persistence

void Persistence::AppendInfo(std::string* info) {
  const bool loading = engine_.state().loading;
  Line(info, "loading:{}", loading ? 1 : 0);
  Line(info, "async_loading:{}", engine_.state().async_loading ? 1 : 0);
  const keyspace::HeldMemory& held = engine_.keyspace().held();
  Line(info, "current_cow_peak:{}\r\ncurrent_cow_size:{}\r\ncurrent_cow_size_age:0",
       snapshots_.writing() ? held.peak_bytes() : 0, snapshots_.writing() ? held.bytes() : 0);
  const persist::SnapshotService::Keys keys = snapshots_.keys();
  Line(info, "current_fork_perc:{:.2f}",
       keys.total == 0
           ? 0.0
           : 100.0 * static_cast<double>(keys.written) / static_cast<double>(keys.total));
  Line(info, "current_save_keys_processed:{}\r\ncurrent_save_keys_total:{}", keys.written,
       keys.total);
  Line(info, "rdb_changes_since_last_save:{}", engine_.keyspace().dirty());
  // As in Redis that of a full synchronisation counts, too. So does one that waits for the end of
  // another image: who looks for 0 wants to know that the file is there.
  const bool saving = job_ != nullptr || (snapshots_.writing() && !log_.rewriting()) ||
                      (scheduled_ && engine_.state().dataset != dispatch::Dataset::kUnknown);
  Line(info, "rdb_bgsave_in_progress:{}", saving ? 1 : 0);
  Line(info, "rdb_last_save_time:{}", last_save_s_);
  Line(info, "rdb_last_bgsave_status:{}", last_ok_ ? "ok" : "err");
  Line(info, "rdb_last_bgsave_time_sec:{}", last_duration_s_);
  Line(info, "rdb_current_bgsave_time_sec:{}", job_ != nullptr ? NowS() - job_started_s_ : -1);
  Line(info, "rdb_saves:{}", saves_);
  Line(info, "rdb_last_cow_size:{}", last_held_bytes_);
  Line(info, "rdb_last_load_keys_expired:{}", keys_expired_);
  Line(info, "rdb_last_load_keys_loaded:{}", keys_loaded_);
  log_.AppendInfo(info);
  Line(info, "redisha_dataset:{}", DatasetWord(engine_.state().dataset));
  const persist::AofLoader* const log = log_.loader();
  if (loader_ == nullptr && log == nullptr) return;
  const uint64_t total = log != nullptr ? log->bytes_total() : loader_->bytes_total();
  const uint64_t loaded = log != nullptr ? log->bytes_loaded() : loader_->bytes_loaded();
  const persist::RdbInfo& file = log != nullptr ? log->info() : loader_->info();
  const int64_t started_s = log != nullptr ? log_.load_started_s() : load_started_s_;
  const int64_t elapsed_s = NowS() - started_s;
  Line(info, "loading_start_time:{}", started_s);
  Line(info, "loading_total_bytes:{}", total);
  Line(info, "loading_rdb_used_mem:{}", file.used_memory_bytes);
  Line(info, "loading_loaded_bytes:{}", loaded);
  Line(info, "loading_loaded_perc:{:.2f}",
       static_cast<double>(loaded) * 100 / static_cast<double>(std::max<uint64_t>(total, 1)));
  Line(info, "loading_eta_seconds:{}",
       loaded == 0
           ? 1
           : elapsed_s * static_cast<int64_t>(total - loaded) / static_cast<int64_t>(loaded));
}

}  // namespace rha::node::app
