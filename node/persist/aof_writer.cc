#include "node/persist/aof_writer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/background_thread.h"
#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kSyncInterval{1};

size_t MemoryOf(const std::string& text) { return text.empty() ? 0 : text.capacity(); }

}  // namespace

// ---------------------------------------------------------------- the engine's side

Result<std::unique_ptr<AofWriter>> AofWriter::Start(AofFolder folder, FsyncPolicy policy) {
  UniqueFd news(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!news.valid()) return ErrnoStatus("create an eventfd for the append-only file");
  std::unique_ptr<AofWriter> writer(new AofWriter(std::move(folder), std::move(news), policy));
  RHA_ASSIGN_OR_RETURN(writer->thread_,
                       StartBackgroundThread(
                           "aof", [raw = writer.get()] { raw->Work(); }, ThreadRank::kEqual));
  return writer;
}

AofWriter::AofWriter(AofFolder folder, UniqueFd news, FsyncPolicy policy)
    : folder_(std::move(folder)), news_(std::move(news)), policy_(policy) {}

AofWriter::~AofWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();  // it could be started
}

void AofWriter::Push(Order order) {
  {
    const std::lock_guard lock(mutex_);
    const bool joins = !order.is_step && !queue_.empty() && !queue_.back().is_step &&
                       queue_.back().text.size() < kAofWriteBytesMax;
    if (joins) {
      std::string& text = queue_.back().text;
      const size_t before = MemoryOf(text);
      text += order.text;
      queue_bytes_ += MemoryOf(text) - before;
      queue_.back().end = order.end;
      queue_.back().mark = order.mark;
      // It has been woken for what this joins, or waits for so much.
      if (changes_awaited_ == 0 || order.mark.changes < changes_awaited_) return;
      wake_.notify_one();
      return;
    }
    queue_bytes_ += MemoryOf(order.text);
    queue_.push_back(std::move(order));
  }
  wake_.notify_one();
}

// What waits for the thread, beside its sync. False: a step is among it, or it cannot be written.
bool AofWriter::WriteQueued() {
  for (; !queue_.empty(); queue_.pop_front()) {
    const Order& order = queue_.front();
    if (order.is_step || !folder_.Write(order.text).ok()) return false;
    written_ = order.end;
    written_mark_ = order.mark;
    queue_bytes_ -= MemoryOf(order.text);
  }
  return true;
}

// Into the operating system's memory, in less time than it takes to wake the thread up.
bool AofWriter::WriteHere() {
  const std::lock_guard lock(mutex_);
  const bool syncing = syncing_since_ != SteadyClock::time_point{};
  const bool beside = busy_ && syncing && SteadyClock::now() - syncing_since_ >= kSyncPatience;
  if ((busy_ && !beside) || !failure_.ok() || suspect_) return false;
  if (delay_us_.load(std::memory_order_relaxed) > 0) return false;
  if (beside && !WriteQueued()) return false;
  // What fails is the thread's: it tries again.
  if (!queue_.empty() || !folder_.Write(turn_).ok()) return false;
  if (beside && impatient_for_ != syncing_since_) ++progress_.impatient;
  if (beside) impatient_for_ = syncing_since_;
  if (synced_ == written_) wake_.notify_one();  // it sleeps until there is something to sync
  progress_.written = written_ = appended_;
  written_mark_ = mark_;
  progress_.increment_bytes = folder_.increment_bytes();
  return true;
}

void AofWriter::HandOver(Mark mark) {
  mark_ = mark;
  if (turn_.empty()) return;
  if (policy_.load(std::memory_order_relaxed) != FsyncPolicy::kAlways && WriteHere()) {
    turn_.clear();
    if (turn_.capacity() > kAofTurnKeptBytes) turn_.shrink_to_fit();
    return;
  }
  Push({.text = std::exchange(turn_, {}), .end = appended_, .mark = mark_});
}

void AofWriter::Do(Step step, std::string path) {
  HandOver(mark_);
  Push({.is_step = true, .step = step, .text = std::move(path)});
}

// What was written under another policy is synced like the rest.
void AofWriter::set_policy(FsyncPolicy policy) {
  if (policy_.exchange(policy, std::memory_order_relaxed) != policy) Do(Step::kSync);
}

void AofWriter::Discard() {
  turn_.clear();
  {
    const std::lock_guard lock(mutex_);
    for (const Order& order : queue_) queue_bytes_ -= MemoryOf(order.text);
    queue_.clear();
    discard_ = true;
  }
  wake_.notify_all();
  Push({.is_step = true, .step = Step::kDiscard, .end = appended_});
}

AofWriter::Progress AofWriter::Look() {
  uint64_t count;
  (void)!::read(news_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  Progress progress = progress_;
  progress_.outcomes.clear();
  return progress;
}

Status AofWriter::Drain() {
  HandOver(mark_);
  std::unique_lock lock(mutex_);
  drain_ = true;
  wake_.notify_all();
  idle_.wait(lock, [this] { return !drain_; });
  return progress_.failure;
}

// ---------------------------------------------------------------- the thread

void AofWriter::Publish(bool news) {
  {
    const std::lock_guard lock(mutex_);
    progress_.written = written_;
    progress_.durable = durable_;
    progress_.synced = synced_;
    progress_.synced_mark = synced_mark_;
    progress_.failure = failure_;
    progress_.suspect = suspect_;
    progress_.base_bytes = folder_.base_bytes();
    progress_.increment_bytes = folder_.increment_bytes();
  }
  const uint64_t one = 1;
  if (news) (void)!::write(news_.get(), &one, sizeof one);
}

// What is queued waits for more, up to this change.
void AofWriter::AwaitGroup(std::unique_lock<std::mutex>& lock, uint64_t changes) {
  const auto patience = group_.Patience();
  const auto enough = [&] {
    return stop_ || drain_ || queue_.empty() || queue_.back().is_step ||
           queue_.back().mark.changes >= changes;
  };
  if (patience.count() == 0 || enough()) return;
  changes_awaited_ = changes;
  group_.OnWaited(wake_.wait_for(lock, patience, enough));
  changes_awaited_ = 0;
}

// False: the end. While the thread waits here nothing is under way at the disk.
bool AofWriter::Next(Order* order) {
  std::unique_lock lock(mutex_);
  busy_ = false;
  const bool waits = !queue_.empty() && !queue_.back().is_step;
  const uint64_t known = waits ? queue_.back().mark.changes : written_mark_.changes;
  const auto something = [this] { return stop_ || !queue_.empty() || drain_; };
  const auto unsynced = [this] {
    return synced_ != written_ && policy_ == FsyncPolicy::kEverySecond && !suspect_;
  };
  const auto sync = [&](bool at_once) {
    busy_ = true;
    lock.unlock();
    SyncIfDue(at_once);
    lock.lock();
    busy_ = false;
  };
  while (!something()) {
    if (!unsynced()) {
      wake_.wait(lock, [&] { return something() || unsynced(); });
    } else if (!wake_.wait_until(lock, synced_at_ + kSyncInterval, something)) {
      sync(false);
    }
  }
  if (policy_ == FsyncPolicy::kAlways) AwaitGroup(lock, known + group_.wanted());
  if (!stop_ && queue_.empty()) sync(true);
  if (stop_) return false;
  busy_ = true;
  if (queue_.empty()) {  // (what has come while it was synced is to be drained, too)
    drain_ = false;
    idle_.notify_all();
    return true;
  }
  *order = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void AofWriter::Work() {
  for (;;) {
    Order order;  // a new one each time: the memory of the last is not kept until the next comes
    if (!Next(&order)) return;
    if (order.is_step) {
      ExecuteStep(order);
    } else if (!order.text.empty()) {
      WriteAll(order);
    }
    queue_bytes_ -= MemoryOf(order.text);
  }
}

// False: try again. True: the end has come, or somebody waits for the outcome.
bool AofWriter::WaitToRetry() {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, std::chrono::milliseconds(kRetryMs),
                        [this] { return stop_ || drain_ || discard_; });
}

void AofWriter::Synced(int64_t position, Mark mark) {
  durable_ = synced_ = position;
  synced_mark_ = mark;
}

// The next step, if it is a new base: that may give the room which bytes before it are waiting for,
// and holds nothing of them.
bool AofWriter::TakeReplace(Order* order) {
  const std::lock_guard lock(mutex_);
  const auto step = std::find_if(queue_.begin(), queue_.end(),
                                 [](const Order& queued) { return queued.is_step; });
  if (step == queue_.end()) return false;
  if (step->step != Step::kReplace && step->step != Step::kReplaceKeepOlder) return false;
  *order = std::move(*step);
  queue_.erase(step);
  queue_bytes_ -= MemoryOf(order->text);
  return true;
}

void AofWriter::WriteAll(const Order& order) {
  const int64_t delay_us = delay_us_.load(std::memory_order_relaxed);
  if (delay_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
  for (;;) {
    Status outcome = folder_.Write(order.text);
    const bool healed = outcome.ok() && !failure_.ok() && !suspect_;
    if (outcome.ok()) {
      written_ = order.end;
      written_mark_ = order.mark;
      if (!suspect_) failure_ = {};
      SyncIfDue(false);
      if (healed) Publish(true);
      return;
    }
    const bool first = failure_.ok();
    failure_ = std::move(outcome);
    Publish(first);
    if (Order replace; TakeReplace(&replace)) {
      ExecuteStep(replace);
      continue;
    }
    if (!WaitToRetry()) continue;
    const std::lock_guard lock(mutex_);
    if (drain_) idle_.notify_all();  // it has failed
    drain_ = false;
    if (stop_ || std::exchange(discard_, false)) return;
  }
}

// `now`: not only when the second is over.
void AofWriter::SyncIfDue(bool now) {
  if (suspect_) return Publish(false);
  const FsyncPolicy policy = policy_.load(std::memory_order_relaxed);
  const auto time = SteadyClock::now();
  const bool may = !no_sync_.load(std::memory_order_relaxed);
  const bool due = policy == FsyncPolicy::kAlways ||
                   (policy == FsyncPolicy::kEverySecond && time - synced_at_ >= kSyncInterval);
  if (synced_ == written_) {
    durable_ = written_;
    return Publish(false);
  }
  if (!now && !(may && due)) {
    // Nobody waits longer for what is not to be synced.
    if (policy == FsyncPolicy::kNo || (!may && policy == FsyncPolicy::kAlways)) durable_ = written_;
    if (!may) synced_at_ = time;
    return Publish(policy == FsyncPolicy::kAlways);
  }
  synced_at_ = time;
  const int64_t position = written_;  // the engine may write beside it
  const Mark mark = written_mark_;
  const auto note = [this](SteadyClock::time_point since) {
    const std::lock_guard lock(mutex_);
    syncing_since_ = since;
  };
  note(time);
  Status synced = folder_.Sync();
  note({});
  group_.OnSynced(mark.changes - synced_mark_.changes,
                  std::chrono::duration_cast<GroupCommit::Duration>(SteadyClock::now() - time));
  if (synced.ok()) {
    Synced(position, mark);
    return Publish(true);
  }
  failure_ = std::move(synced);
  suspect_ = true;
  Publish(true);
}

void AofWriter::ExecuteStep(Order& order) {
  Status status;
  switch (order.step) {
    case Step::kContinue:
      status = folder_.Continue();
      break;
    case Step::kBegin:
      status = folder_.BeginIncrement(false);
      break;
    case Step::kBeginApart:
      status = folder_.BeginIncrement(true);
      break;
    case Step::kReplace:
    case Step::kReplaceKeepOlder:
      status = folder_.ReplaceBase(order.text, order.step == Step::kReplaceKeepOlder);
      break;
    case Step::kBeginFrom:
      status = folder_.BeginFrom(order.text);
      break;
    case Step::kClose:
      status = folder_.Sync();
      folder_.Close();
      break;
    case Step::kSync:
      SyncIfDue(true);
      return Publish(true);
    case Step::kKeepHistory:
    case Step::kDropHistory:
      return folder_.KeepHistory(order.step == Step::kKeepHistory);
    case Step::kDiscard: {
      folder_.Close();
      written_ = durable_ = order.end;
      const std::lock_guard lock(mutex_);
      discard_ = false;
      break;
    }
  }
  // A file of its own, of which nothing has failed yet.
  const bool fresh = order.step == Step::kBeginApart || order.step == Step::kBeginFrom ||
                     order.step == Step::kClose;
  // All steps sync what has been written before them.
  if (status.ok()) Synced(written_, written_mark_);
  if (status.ok() && fresh) {
    failure_ = {};
    suspect_ = false;
  } else if (!status.ok() && folder_.suspect()) {
    failure_ = status;
    suspect_ = true;
  }
  {
    const std::lock_guard lock(mutex_);
    progress_.outcomes.push_back({order.step, std::move(status)});
  }
  Publish(true);
}

}  // namespace rha::node::persist
