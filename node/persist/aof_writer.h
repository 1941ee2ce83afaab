// The thread that writes the append-only file: bytes and steps go to it in order, and nobody waits
// for a disk but this thread.
//
//   engine's thread                        queue                       writing thread
//   Append(bytes) ──▶ turn's bytes ──HandOver()──▶ [bytes][step][bytes] ──▶ AofFolder: write, sync
//   Progress() ◀─────────────── written, durable, failure, outcomes of steps ◀──┘   (fd readable)
//
// Positions count the bytes that were appended since the start. With FsyncPolicy::kAlways the
// thread takes all that has come while it was busy, writes it and syncs once; where syncs take long
// it waits a little before, for those whom the last one has answered (group_commit.h). With the
// others HandOver() itself gives a turn's bytes to the operating system while the thread is not at
// the disk, which costs less than waking it up; the thread then only syncs. So, as in Redis, the
// end of the process alone loses no more than what came during a sync, and of one that takes longer
// than kSyncPatience nothing: from then on bytes are written beside it.
//
// A write that fails is tried again, bytes and all, every kRetryMs until it succeeds: nothing is
// dropped here, until a new base is in force that holds it: a rewrite whose image is whole, or of
// another dataset, is done first (TakeRewrite), for the files that go with it make room. A sync
// that fails is not believed again: the operating system may have thrown the bytes away.
// Failure::suspect then says that only a new base heals the set.
//
// Thread rule: the engine's thread calls everything.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/resp/writer.h"
#include "node/persist/aof_folder.h"
#include "node/persist/group_commit.h"

namespace rha::node::persist {

enum class FsyncPolicy : uint8_t { kAlways, kEverySecond, kNo };

class AofWriter {
 public:
  static constexpr int64_t kRetryMs = 500;
  static constexpr std::chrono::milliseconds kSyncPatience{2000};

  // `folder` goes with the thread.
  static Result<std::unique_ptr<AofWriter>> Start(AofFolder folder, FsyncPolicy policy);
  // Gives up what is queued.
  ~AofWriter();

  // ---- what is to be written
  void Append(std::string_view bytes) {
    turn_.append(bytes);
    appended_ += static_cast<int64_t>(bytes.size());
  }
  void Append(resp::Args request) {
    const size_t before = turn_.size();
    resp::AppendRequest(request, &turn_);
    appended_ += static_cast<int64_t>(turn_.size() - before);
  }
  bool HasTurn() const { return !turn_.empty(); }
  // What the owner calls a place in the log, beside its position: how many changes come before it,
  // and where that is in the replication stream of which history (a number that tells them apart).
  struct Mark {
    uint64_t changes = 0;
    int64_t offset = 0;
    uint64_t history = 0;
  };
  // What was appended goes on its way; `mark` is its end.
  void HandOver(Mark mark);
  // Steps of AofFolder, in order with the bytes. Their outcomes come in Progress::outcomes.
  enum class Step : uint8_t {
    kContinue,
    kBegin,
    kBeginApart,
    kReplace,
    kReplaceKeepOlder,
    kBeginFrom,
    kClose,
    kDiscard,
    kSync,
    kKeepHistory,
    kDropHistory
  };
  // They come behind what was appended.
  void Do(Step step, std::string path = {});

  // What is on its way is dropped, steps too, and the increment with it closed: the set on the disk
  // goes no further, until kBeginApart. Outcomes that come before that of kDiscard are of before.
  void Discard();

  void set_policy(FsyncPolicy policy);
  // no-appendfsync-on-rewrite, while an image is being written.
  void set_no_sync(bool on) { no_sync_.store(on, std::memory_order_relaxed); }

  // Before each write, which then is the thread's; for tests.
  void set_delay(int64_t microseconds) { delay_us_.store(microseconds, std::memory_order_relaxed); }

  // ---- what has become of it
  struct Outcome {
    Step step;
    Status status;
  };
  struct Progress {
    int64_t written = 0, durable = 0;  // positions; not synced counts as durable if it need not be
    int64_t synced = 0;                // a position, too
    Mark synced_mark;                  // the last one that is not behind it
    Status failure;                    // of the last write or sync; Ok: it succeeded
    bool suspect = false;              // a sync has failed since the last kBegin...
    uint64_t base_bytes = 0, increment_bytes = 0;
    uint64_t impatient = 0;         // syncs beside which bytes were written, since the start
    std::vector<Outcome> outcomes;  // since the last look
  };
  int64_t appended() const { return appended_; }
  // Memory of what has been appended and is not written yet.
  size_t memory_bytes() const {
    return turn_.capacity() + queue_bytes_.load(std::memory_order_relaxed);
  }
  // Readable when there is news: of steps and failures, and with kAlways of each sync.
  int fd() const { return news_.get(); }
  Progress Look();
  // Waits until all is written and synced, or has failed.
  Status Drain();

 private:
  struct Order {
    bool is_step = false;
    Step step = Step::kContinue;
    std::string text;  // bytes, or the path of a new base
    int64_t end = 0;   // position behind the bytes, or of the step
    Mark mark;         // that place
  };
  // The base of a rewrite, taken out of its turn.
  struct Rewrite {
    Order base;
    size_t before;     // so many orders of the queue are not needed once it is in force
    int64_t from = 0;  // where its increment begins, if that has not begun yet
    Mark mark;         // that place
    bool begins = false;
  };
  AofWriter(AofFolder folder, UniqueFd news, FsyncPolicy policy);
  void Push(Order order);
  bool WriteHere();
  bool WriteQueued();
  std::optional<Rewrite> TakeRewrite();
  void DropBefore(const Rewrite& rewrite);
  void Work();
  bool Next(Order* order);
  void AwaitGroup(std::unique_lock<std::mutex>& lock, uint64_t changes);
  void Execute(Order& order);
  Status Do(const Order& order, bool begins);
  bool ExecuteStep(const Order& order, const Rewrite* taken = nullptr);
  void WriteAll(const Order& order);
  void Synced(int64_t position, Mark mark);
  void SyncIfDue(bool idle);
  void Publish(bool news);
  bool WaitToRetry();

  AofFolder folder_;
  const UniqueFd news_;
  std::atomic<FsyncPolicy> policy_;
  std::atomic<bool> no_sync_{false};
  std::atomic<int64_t> delay_us_{0};
  std::atomic<size_t> queue_bytes_{0};  // of memory, with what is being written

  // The engine's.
  std::chrono::steady_clock::time_point impatient_for_{};  // of the sync beside which it wrote last
  std::string turn_;
  int64_t appended_ = 0;
  Mark mark_;  // of the last HandOver()

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Order> queue_;  // guarded by mutex_, as what follows
  bool stop_ = false, drain_ = false, discard_ = false;
  uint64_t changes_awaited_ = 0;  // the thread waits for so many; 0: it does not
  bool busy_ = false;  // the thread is at the disk: what is below and the folder are its own
  std::chrono::steady_clock::time_point syncing_since_{};  // it syncs; zero: it does not
  Progress progress_;

  // Whose the disk is.
  int64_t written_ = 0, durable_ = 0, synced_ = 0;
  Mark written_mark_, synced_mark_;
  Status failure_;
  bool suspect_ = false;
  GroupCommit group_;
  std::chrono::steady_clock::time_point synced_at_{};
  std::thread thread_;
};

}  // namespace rha::node::persist
