// The append-only file: one more place where the log of changes goes, and what a start loads.
//
//   commands ──▶ Propagation ──▶ Append()       ──┐
//   primary's stream, applied ──▶ AppendStream() ─┴▶ AofWriter ══▶ AofFolder ══▶ disk
//   BGREWRITEAOF, growth, another dataset ──▶ StartRewrite(): an image, an increment from there
//
//            switched on; another dataset came;           the new base is durable
//            a sync failed; the disk was outrun      (ReplaceBase)
//   Off ───────────────────────▶ Unfounded ────────────────────────────────────▶ Sound
//
//  * Sound: the set on the disk, with what is on its way, is the dataset.
//  * Unfounded: the set on the disk is an older dataset, whole and loadable, and stays untouched
//    until a rewrite has made a new one. Nothing is promised meanwhile.
//
// appendfsync always: what a turn answers leaves once the one sync that covers the turn's changes
// is done (MustHold, Server::HoldReplies); so do the stream to replicas and acknowledgements to the
// primary (NodeState::settled_offset, forwarded_offset).
//
// A disk that lags behind holds writes back (PauseReason::kLog); one that fails turns them away
// (NodeState::log_error) and is tried again until it works. What waits in memory is counted and
// bounded.
//
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "node/dispatch/batch.h"
#include "node/dispatch/services.h"
#include "node/dispatch/session.h"
#include "node/persist/aof_loader.h"
#include "node/persist/aof_schedule.h"
#include "node/persist/aof_writer.h"
#include "node/persist/snapshot_service.h"
#include "node/repl/repl_shell.h"

namespace rha::node::app {

struct Config;

class AppendOnly final : public dispatch::ChangeSink {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    dispatch::Engine& engine;
    persist::SnapshotService& snapshots;
    const Config& config;
    std::function<persist::RdbInfo()> describe;  // what a file saved now says beside its keys
    std::function<repl::DatasetPlace()> place;   // the same, of the history alone, at no cost
    std::function<Status()> may_save;
    std::function<void()> dataset_replaced;  // by DEBUG LOADAOF
    std::function<void()> on_durable;        // more of what was appended is on the disk
    std::function<void()> on_failed;         // what is not on the disk may never be
  };
  explicit AppendOnly(Dependencies dependencies);
  ~AppendOnly() override;

  using OnLoaded = std::function<void(const Status&, const persist::RdbInfo&)>;
  // Loads the set if there is one, in slices. Otherwise, and where the RDB file of a RedisHA holds
  // more, `load_other` gives the data (an RDB file or none), of which a first set is made.
  void LoadAtStart(std::function<void(OnLoaded)> load_other, OnLoaded done);
  // A set is there though none is wanted. A member of a RedisHA loads it nevertheless, for it may
  // be the newest that there is, and it stays in force until an RDB file holds the data.
  bool HasUnwantedSet() const;
  bool retiring() const { return retiring_; }
  void OnRdbSaved();
  // The configuration has changed.
  void OnConfig();
  // Ten times a second.
  void Cron();
  // The end of a turn, before its replies leave: what was appended goes on its way.
  void EndTurn();
  // There is a file to write, so that the two below may have something to do.
  bool active() const { return writer_ != nullptr; }
  // Replies that were made by now must wait until durable() has come to appended().
  bool MustHold() const;
  persist::FsyncPolicy policy() const { return policy_; }
  int64_t appended() const { return writer_ == nullptr ? 0 : writer_->appended(); }
  int64_t durable() const { return progress_.durable; }
  // The end of the process: all is on the disk when this returns Ok. `finish`: also a set that is
  // not there yet.
  Status Close(bool finish);

  // ---- dispatch::ChangeSink
  void Append(int db, resp::Args request, std::string_view wire) override;

  // ---- for Persistence (dispatch::PersistenceService says what they mean)
  void AppendStream(int db, std::string_view requests, int db_after);
  void DatasetGoes();
  void DatasetCame();
  // Before DatasetCame(): this file holds just the dataset that comes, in RDB form.
  void OfferBase(int fd);
  Result<bool> Rewrite();
  Status Reload();
  void Delay(int64_t microseconds);
  bool rewriting() const { return phase_ != Phase::kNone; }
  // The data are in no file of the set yet.
  bool founding() const { return standing_ == Standing::kUnfounded && rewriting(); }
  void AppendInfo(std::string* info) const;
  void ResetStats() { rewrites_ = times_outrun_ = 0; }
  const persist::AofLoader* loader() const { return loader_.get(); }
  int64_t load_started_s() const { return load_started_s_; }
  uint64_t keys_loaded() const { return keys_loaded_; }

 private:
  class LogSession;
  enum class Standing : uint8_t { kOff, kUnfounded, kSound };
  enum class Phase : uint8_t { kNone, kImage, kReplacing };

  persist::AofPlace Place() const;
  std::string TemporaryBase() const;
  int64_t NowS() const;
  int64_t UnixS() const;
  persist::SaveRequest BaseRequest() const;

  uint64_t RdbFileBytes() const;
  void LoadOther();
  void OtherLoaded(const Status& status, const persist::RdbInfo& info);
  bool RdbFileHoldsMore(const persist::RdbInfo& info) const;
  void LoadSlice();
  void FinishLoading(const Status& status);
  std::unique_ptr<persist::AofLoader> NewLoader(const persist::AofFolder& folder);
  persist::AofLoader::Taken TakeBatch(std::string_view input);
  std::string Apply(resp::Args args, dispatch::Resolved resolved);
  void Loaded(const Status& status);

  Status StartWriter(persist::AofFolder folder);
  void StopWriter();
  void SetTaking(bool taking);
  void LookAtHistory();
  void BecomeUnfounded();
  void GiveUpSet();
  void Enable();
  void Disable();
  void AddNotes();
  void AppendPreface(int db);
  void Appended();

  Status StartRewrite();
  void BeginIncrement(persist::AofWriter::Step step, std::string base, persist::RdbInfo noted);
  Status BeginFrom(int fd);
  Status WriteBaseNow(const persist::RdbInfo* said = nullptr);
  Status Drain();
  void OnImageEnded();
  void AbortImage();
  void RewriteFailed(const std::string& why);
  void RewriteDone();
  bool DiskIsTaken() const;
  bool RewriteIsDue();

  // What the writer has done meanwhile. False: with that the writer has ended.
  bool TakeNews();
  void OnNews();
  void OnOutcome(const persist::AofWriter::Outcome& outcome);
  void LookAtHealth();
  void PublishMemory();
  void LookAtLag();
  void Settle();
  void PublishSettled(int64_t offset);
  void PublishSynced();

  net::Reactor& reactor_;
  dispatch::Engine& engine_;
  persist::SnapshotService& snapshots_;
  const Config& config_;
  Dependencies parts_;
  env::Disk disk_;

  Standing standing_ = Standing::kOff;
  bool retiring_ = false;  // it ends with the next RDB file
  bool taking_ = false;    // an increment is open for what is appended
  std::unique_ptr<persist::AofWriter> writer_;
  persist::AofPlace place_;  // of its files
  net::IoWatch news_watch_;
  persist::AofWriter::Progress progress_;  // as last seen
  persist::FsyncPolicy policy_ = persist::FsyncPolicy::kEverySecond;
  std::string suspect_;  // why the set is not to be trusted until it is rewritten; empty: it is
  bool keeps_history_ = false;
  int64_t delay_us_ = 0;  // DEBUG AOF-FLUSH-SLEEP
  bool outrun_ = false;   // writes are held back
  uint64_t times_outrun_ = 0;
  int selected_db_ = -1;  // of the open increment
  int64_t stamped_s_ = 0;
  UniqueFd offered_;        // OfferBase()
  persist::RdbInfo noted_;  // what the set says of the history
  uint64_t history_ = 0;    // counts datasets: an offset means something in one alone
  int64_t handed_over_ = 0, unit_bytes_max_ = 0;
  int64_t settled_offset_ = 0;
  int64_t mark_appended_ = -1, mark_offset_ = 0;  // what becomes settled next; -1: nothing
  std::string scratch_;

  Phase phase_ = Phase::kNone;
  std::unique_ptr<persist::SnapshotJob> job_;
  std::string base_path_;  // what it writes
  net::IoWatch job_watch_;
  bool scheduled_ = false;
  int begins_pending_ = 0;    // increments that the writer has not begun yet
  int discards_pending_ = 0;  // until then outcomes are of a set that was given up
  bool voided_ = false;       // the rewrite under way is of a dataset that has gone
  int64_t rewrite_started_s_ = 0, last_rewrite_s_ = -1;
  uint64_t rewrites_ = 0, size_at_rewrite_ = 0;
  bool last_rewrite_ok_ = true;
  int64_t last_held_bytes_ = 0;
  persist::AofRetry retry_;
  int failures_told_ = 0;  // that put off a rewrite that was due

  std::unique_ptr<dispatch::Session> session_;  // that sends what is loaded
  dispatch::RequestBatch batch_;                // of it
  std::unique_ptr<persist::AofLoader> loader_;
  std::unique_ptr<persist::AofFolder> loaded_folder_;
  OnLoaded on_loaded_;
  std::function<void(OnLoaded)> load_other_;
  persist::RdbInfo loaded_info_;
  net::TimerId slice_timer_ = 0;
  int64_t load_started_s_ = 0;
  uint64_t keys_loaded_ = 0;
};

}  // namespace rha::node::app
