// The dataset and its RDB file: loading at start, SAVE, BGSAVE, save points, and what INFO says of
// them. What concerns the append-only file is passed on to it (append_only.h).
//
// A background save that fails stops writes (stop-writes-on-bgsave-error) until one succeeds.
// Data that are not known to be whole (NodeState::dataset) are never saved over a file; data that
// somebody made count nevertheless (REPLICAOF NO ONE, FLUSHALL) are, and the file before them stays
// beside it as NAME.kept.
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/net/reactor.h"
#include "node/app/append_only.h"
#include "node/dispatch/services.h"
#include "node/persist/rdb_file.h"
#include "node/persist/save_retry.h"
#include "node/persist/snapshot_service.h"

namespace rha::node::dispatch {
class Engine;
}

namespace rha::node::app {

struct Config;

class Persistence final : public dispatch::PersistenceService {
 public:
  struct Dependencies {
    net::Reactor& reactor;
    dispatch::Engine& engine;
    persist::SnapshotService& snapshots;
    const Config& config;
    AppendOnly& log;
    std::function<persist::RdbInfo()> describe;  // what a file saved now says beside its keys
    std::function<void()> dataset_replaced;      // by DEBUG RELOAD
    // persist::LoadOptions::may_drop, at the start of a primary.
    std::function<bool(const persist::RdbInfo&, int db, std::string_view key)> may_drop_expired;
  };
  explicit Persistence(Dependencies dependencies);
  ~Persistence() override;

  // Before anything is saved: what a process that died has half written goes.
  void RemoveLeftovers() const;

  using OnLoaded = std::function<void(const Status&, const persist::RdbInfo&)>;
  // Loads the file if there is one, in slices; until `done` is called clients get -LOADING.
  // `as_primary`: may drop what has expired, and evict what is too much.
  void LoadAtStart(bool as_primary, OnLoaded done);
  void OnConfig() { PublishHealth(); }
  // Ten times a second: save points and scheduled saves.
  void Cron();
  // A save that is under way is given up (SHUTDOWN).
  void CancelBackgroundSave();
  void ResetStats() {
    saves_ = 0;
    log_.ResetStats();
  }
  // The end of the process (AppendOnly::Close).
  Status CloseLog(bool finish) { return log_.Close(finish); }
  // The append-only file has no base yet, which is being written.
  bool WritesFirstBase() const { return log_.founding(); }
  // Why the data may not be saved now; Ok: they may.
  Status MaySave() const;

  // ---- dispatch::PersistenceService
  Status Save() override { return Save(nullptr); }
  // `given_up`: persist::SaveRequest's.
  Status Save(bool (*given_up)());
  Result<bool> BackgroundSave(bool schedule) override;
  bool BackgroundSaveRunning() const override { return job_ != nullptr; }
  int64_t LastSaveUnixS() const override { return last_save_s_; }
  void AppendInfo(std::string* info) override;
  void DatasetFlushed() override;
  Status Reload(ReloadHow how) override;
  Result<bool> RewriteLog() override { return log_.Rewrite(); }
  void AppendStream(int db, std::string_view requests, int db_after) override {
    log_.AppendStream(db, requests, db_after);
  }
  void DatasetGoes() override { log_.DatasetGoes(); }
  void DatasetCame() override;
  Status ReloadLog() override { return log_.Reload(); }
  bool FailSnapshot() override { return snapshots_.Fail(); }
  void DelayLog(int64_t microseconds) override { log_.Delay(microseconds); }
  uint64_t images() const { return snapshots_.images(); }

 private:
  std::string Path() const;
  persist::SaveRequest Request() const;
  Status KeepOlderFile() const;
  void Saved();
  Status StartJob();
  void OnJobEnded();
  void SaveFlushed();
  bool MakeRoomForMore();
  void LoadSlice();
  void FinishLoading(const Status& status);
  void PublishHealth();
  void NoteOutcome(bool saved);
  bool SavePointReached() const;
  int64_t NowS() const;

  net::Reactor& reactor_;
  dispatch::Engine& engine_;
  persist::SnapshotService& snapshots_;
  const Config& config_;
  AppendOnly& log_;
  std::function<persist::RdbInfo()> describe_;
  std::function<void()> dataset_replaced_;
  std::function<bool(const persist::RdbInfo&, int, std::string_view)> may_drop_expired_;

  std::unique_ptr<persist::SnapshotJob> job_;
  net::IoWatch job_watch_;
  bool scheduled_ = false;
  uint64_t dirty_at_start_ = 0;
  int64_t job_started_s_ = 0;
  int64_t last_save_s_ = 0;  // as LASTSAVE shows it
  MonoTime saved_at_;        // which decides when the next one is due
  persist::SaveRetry retry_;
  int64_t last_duration_s_ = -1;
  uint64_t saves_ = 0;
  int64_t last_held_bytes_ = 0;  // the most that the last background save has held in memory
  bool last_ok_ = true;

  bool loads_as_primary_ = false;
  std::unique_ptr<persist::RdbLoader> loader_;
  OnLoaded on_loaded_;
  net::TimerId slice_timer_ = 0;
  int64_t load_started_s_ = 0;
  uint64_t keys_loaded_ = 0, keys_expired_ = 0;
};

}  // namespace rha::node::app
