// AppendOnly: loading at start and DEBUG LOADAOF; what INFO says.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/base/log.h"
#include "node/app/append_only.h"
#include "node/app/check_aof.h"
#include "node/app/config.h"
#include "node/app/limits.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/info_line.h"

namespace rha::node::app {
namespace {

constexpr Millis kLoadSlice{50};

using dispatch::Line;

}  // namespace

// Who sends the commands of the file: no gate holds it back, and it gets no replies.
class AppendOnly::LogSession final : public dispatch::Session {
 public:
  explicit LogSession(dispatch::Engine& engine)
      : Session(dispatch::SessionKind::kPrimary), engine_(engine) {
    engine_.Join(*this);
    name = "append-only file";
  }
  ~LogSession() override { engine_.Leave(*this); }
  // CLIENT KILL: a dataset is not loaded by half.
  void Close(CloseMode) override {}

 private:
  dispatch::Engine& engine_;
};

std::string AppendOnly::Apply(resp::Args args, dispatch::Resolved resolved) {
  if (args.empty()) return {};
  if (resolved.spec == nullptr) resolved = engine_.Resolve(*session_, args);
  const dispatch::CommandSpec* const spec = resolved.spec;
  if (std::string why = WhyNotInLog(spec, args); !why.empty()) return why;
  const uint64_t errors = engine_.own_errors();
  engine_.Execute(*session_, args, resolved);
  if (engine_.own_errors() == errors) return {};
  return fmt::format("A command that fails, '{}',", spec->name);
}

persist::AofLoader::Taken AppendOnly::TakeBatch(std::string_view input) {
  batch_.Fill(input);
  engine_.Prepare(*session_, batch_);
  persist::AofLoader::Taken taken;
  for (size_t i = 0; i < batch_.size(); ++i) {
    taken.refusal = Apply(batch_.args(i), batch_.resolved(i));
    if (!taken.refusal.empty()) break;
    taken.bytes = batch_.end(i);
    if (!session_->transaction.open) taken.whole = taken.bytes;
  }
  return taken;
}

std::unique_ptr<persist::AofLoader> AppendOnly::NewLoader(const persist::AofFolder& folder) {
  std::vector<persist::AofLoader::File> files;
  for (const persist::AofFile& file : folder.manifest().InOrder()) {
    files.push_back({folder.place().PathOf(file.name)});
  }
  session_ = std::make_unique<LogSession>(engine_);
  return std::make_unique<persist::AofLoader>(
      std::move(files),
      persist::AofLoader::Target{
          .keyspace = &engine_.keyspace(),
          .databases = engine_.keyspace().databases(),
          .take = [this](std::string_view input) { return TakeBatch(input); },
          .apply = [this](resp::Args args) { return Apply(args, {}); },
          .in_transaction = [this] { return session_->transaction.open; }},
      persist::LoadOptions{.verify_checksum = config_.rdb_checksum,
                           .drop_expired = false,
                           .now_ms = engine_.clock().UnixMillis()});
}

void AppendOnly::LoadAtStart(std::function<void(OnLoaded)> load_other, OnLoaded done) {
  load_started_s_ = UnixS();
  loaded_folder_ = std::make_unique<persist::AofFolder>(disk_, Place());
  Status found = loaded_folder_->Find();
  if (found.ok()) found = loaded_folder_->SizesOnDisk().status();
  if (!found.ok()) return done(found, {});
  on_loaded_ = std::move(done);
  load_other_ = std::move(load_other);
  if (loaded_folder_->manifest().empty()) return LoadOther();
  engine_.state().loading = true;
  engine_.state().dataset = dispatch::Dataset::kUnknown;
  loader_ = NewLoader(*loaded_folder_);
  LoadSlice();
}

void AppendOnly::LoadOther() {
  load_other_([this](const Status& status, const persist::RdbInfo& info) {
    loaded_info_ = info;
    OtherLoaded(status, info);
  });
}

void AppendOnly::OtherLoaded(const Status& status, const persist::RdbInfo& info) {
  if (!status.ok()) return Loaded(status);
  if (!config_.append_only) {
    Loaded(status);
    retiring_ = true;
    return OnRdbSaved();
  }
  standing_ = Standing::kUnfounded;
  scheduled_ = true;
  const Status started = StartWriter(std::move(*loaded_folder_));
  if (!started.ok()) return Loaded(started);
  const keyspace::Keyspace& keyspace = engine_.keyspace();
  bool empty = true;
  for (int i = 0; i < keyspace.databases(); ++i) empty = empty && keyspace.db(i).size() == 0;
  if (!empty && RdbFileBytes() > kFirstBaseAtOnceBytesMax) {
    // The file that was loaded is still there should this end early.
    log::Info("the append-only file begins with the data of the RDB file");
    return Loaded({});
  }
  // Nobody is served before his writes are safe, unless that would take long.
  const Status based = WriteBaseNow(empty ? nullptr : &info);
  if (based.ok()) standing_ = Standing::kSound;
  scheduled_ = !based.ok();
  if (based.ok() || empty) return Loaded(based);
  log::Error("the append-only file has no base yet: {}", based.message());
  Loaded({});
}

// As when the one was switched off for a while, or lost more than the other when the power went.
bool AppendOnly::RdbFileHoldsMore(const persist::RdbInfo& info) const {
  if (!config_.managed) return false;
  const auto head = persist::ReadRdbHead(config_.dir + "/" + config_.db_file_name);
  if (!head.ok() || !persist::Outranks(*head, info)) return false;
  log::Warn(
      "the append-only file stands at epoch {} offset {}, {} at epoch {} offset {}: that one is "
      "loaded instead",
      info.data_epoch, info.repl_offset, config_.db_file_name, head->data_epoch, head->repl_offset);
  return true;
}

uint64_t AppendOnly::RdbFileBytes() const {
  struct stat info {};
  const std::string path = config_.dir + "/" + config_.db_file_name;
  return ::stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

void AppendOnly::LoadSlice() {
  engine_.BeginBatch();
  Result<bool> complete(false);
  engine_.ExecuteAtOnce(*session_, [&] { complete = loader_->Step(engine_.clock(), kLoadSlice); });
  engine_.EndBatch();
  if (!complete.ok()) return FinishLoading(complete.status());
  if (*complete) return FinishLoading({});
  slice_timer_ = reactor_.After(Millis(0), [this] { LoadSlice(); });
}

// All is loaded that can be; now the set must be fit to go on with.
void AppendOnly::FinishLoading(const Status& status) {
  const std::unique_ptr<persist::AofLoader> loader = std::move(loader_);
  session_.reset();
  if (!status.ok()) return Loaded(status);
  engine_.keyspace().set_dirty(0);
  engine_.table().ResetCounters();
  engine_.stats() = {};
  if (RdbFileHoldsMore(loader->info())) {
    engine_.keyspace().Reset();
    return LoadOther();
  }
  const std::string last =
      loaded_folder_->place().PathOf(loaded_folder_->manifest().InOrder().back().name);
  if (const auto cut = loader->cut_at()) {
    if (!config_.aof_load_truncated) {
      return Loaded(Status(
          Code::kCorrupt,
          fmt::format("Unexpected end of file reading the append only file {} at offset {}. You "
                      "can: 1) Make a backup of your AOF file, then use redisha-node --check-aof "
                      "--fix {}. 2) Alternatively you can set the 'aof-load-truncated' "
                      "configuration option to yes and restart the server.",
                      last, *cut, loaded_folder_->place().ManifestPath())));
    }
    log::Warn("!!! Warning: short read while loading the AOF file {}!!!", last);
    log::Warn("!!! Truncating the AOF {} at offset {} !!!", last, *cut);
    if (const Status done = loaded_folder_->CutLast(*cut); !done.ok()) return Loaded(done);
    log::Warn("AOF {} loaded anyway because aof-load-truncated is enabled", last);
  }
  loaded_info_ = noted_ = loader->info();
  uint64_t keys = 0;
  for (int i = 0; i < engine_.keyspace().databases(); ++i) keys += engine_.keyspace().db(i).size();
  keys_loaded_ = keys;
  log::Info("DB loaded from append only file: {} keys, {} s", keys, UnixS() - load_started_s_);
  engine_.state().dataset = dispatch::Dataset::kWhole;
  standing_ = Standing::kSound;
  if (const Status started = StartWriter(std::move(*loaded_folder_)); !started.ok()) {
    return Loaded(started);
  }
  writer_->Do(persist::AofWriter::Step::kContinue);  // its outcome: Loaded()
}

void AppendOnly::Loaded(const Status& status) {
  if (!on_loaded_) return;
  loaded_folder_.reset();
  if (status.ok()) {
    engine_.state().loading = false;
    retiring_ = !config_.append_only && standing_ != Standing::kOff;
    if (standing_ == Standing::kSound) SetTaking(true);
    size_at_rewrite_ = progress_.base_bytes + progress_.increment_bytes;
  }
  const OnLoaded done = std::exchange(on_loaded_, nullptr);
  done(status, loaded_info_);
  Settle();
  if (status.ok()) OnConfig();  // it may have changed meanwhile
}

Status AppendOnly::Reload() {
  if (engine_.in_unit()) return Status(Code::kInvalid, "Not allowed inside a transaction");
  if (phase_ == Phase::kReplacing || standing_ == Standing::kSound) {
    EndTurn();
    RHA_RETURN_IF_ERROR(writer_->Drain());
  }
  persist::AofFolder folder(disk_, Place());
  RHA_RETURN_IF_ERROR(folder.Find());
  if (folder.manifest().empty()) {
    return Status(Code::kNotFound, "there is no append-only file in " + Place().PathOf(""));
  }
  RHA_RETURN_IF_ERROR(folder.SizesOnDisk().status());
  dispatch::NodeState& state = engine_.state();
  const bool same = standing_ == Standing::kSound;
  if (!same) BecomeUnfounded();
  state.dataset = dispatch::Dataset::kUnknown;
  state.loading = true;
  engine_.keyspace().Reset();
  const auto loader = NewLoader(folder);
  Status loaded;
  engine_.ExecuteAtOnce(*session_, [&] { loaded = loader->Finish(); });
  session_.reset();
  state.loading = false;
  if (!same) parts_.dataset_replaced();
  RHA_RETURN_IF_ERROR(loaded);
  engine_.keyspace().set_dirty(0);
  state.dataset = dispatch::Dataset::kWhole;
  return {};
}

void AppendOnly::AppendInfo(std::string* info) const {
  const bool on = standing_ != Standing::kOff;
  Line(info, "aof_enabled:{}", config_.append_only ? 1 : 0);
  // Also one that has failed, until the files are as it leaves them.
  Line(info, "aof_rewrite_in_progress:{}", rewriting() || begins_pending_ > 0 ? 1 : 0);
  Line(info, "aof_rewrite_scheduled:{}", scheduled_ ? 1 : 0);
  Line(info, "aof_last_rewrite_time_sec:{}", last_rewrite_s_);
  Line(info, "aof_current_rewrite_time_sec:{}", rewriting() ? NowS() - rewrite_started_s_ : -1);
  Line(info, "aof_last_bgrewrite_status:{}", last_rewrite_ok_ ? "ok" : "err");
  Line(info, "aof_rewrites:{}", rewrites_);
  Line(info, "aof_rewrites_consecutive_failures:{}", retry_.failures());
  Line(info, "aof_last_write_status:{}", engine_.state().log_error.empty() ? "ok" : "err");
  Line(info, "aof_last_cow_size:{}", last_held_bytes_);
  Line(info, "module_fork_in_progress:0\r\nmodule_fork_last_cow_size:0");
  if (!on) return;
  Line(info, "aof_current_size:{}", progress_.base_bytes + progress_.increment_bytes);
  Line(info, "aof_base_size:{}", size_at_rewrite_);
  Line(info, "aof_pending_rewrite:0");
  Line(info, "aof_buffer_length:{}", appended() - progress_.written);
  Line(info, "aof_pending_bio_fsync:{}",
       policy_ != persist::FsyncPolicy::kNo && progress_.durable < progress_.written ? 1 : 0);
  Line(info, "aof_delayed_fsync:{}", times_outrun_ + progress_.impatient);
  Line(info, "redisha_aof_sound:{}", standing_ == Standing::kSound ? "yes" : "no");
}

}  // namespace rha::node::app
