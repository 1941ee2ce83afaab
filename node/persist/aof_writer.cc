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

bool BringsBase(AofWriter::Step step) {
  return step == AofWriter::Step::kReplace || step == AofWriter::Step::kReplaceKeepOlder ||
         step == AofWriter::Step::kBeginFrom;
}

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
  Push({.is_step = true, .step = step, .text = std::move(path), .end = appended_, .mark = mark_});
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

// False: try again, or there is a rewrite to take. True: the end has come, or somebody waits for
// the outcome.
bool AofWriter::WaitToRetry() {
  std::unique_lock lock(mutex_);
  const auto asked = [this] { return stop_ || drain_ || discard_; };
  const auto base_there = [this] {
    return std::any_of(queue_.begin(), queue_.end(),
                       [](const Order& order) { return order.is_step && BringsBase(order.step); });
  };
  wake_.wait_for(lock, std::chrono::milliseconds(kRetryMs),
                 [&] { return asked() || base_there(); });
  return asked();
}

void AofWriter::Synced(int64_t position, Mark mark) {
  durable_ = synced_ = position;
  synced_mark_ = mark;
}

// A rewrite that is whole, while what comes before it cannot be written: its base holds that, or is
// of another dataset, and the files that go make room.
std::optional<AofWriter::Rewrite> AofWriter::TakeRewrite() {
  const std::lock_guard lock(mutex_);
  if (discard_) return {};
  Rewrite rewrite{};
  for (size_t i = 0; i < queue_.size(); ++i) {
    const Order& order = queue_[i];
    if (!order.is_step) continue;
    const bool begins = order.step == Step::kBegin || order.step == Step::kBeginApart ||
                        order.step == Step::kBeginFrom;
    if (begins) {  // the last one counts
      rewrite.before = order.step == Step::kBeginFrom ? i : i + 1;
      rewrite.from = order.end;
      rewrite.mark = order.mark;
      rewrite.begins = true;
    }
    if (!BringsBase(order.step)) continue;
    rewrite.base = std::move(queue_[i]);
    queue_.erase(queue_.begin() + static_cast<ptrdiff_t>(i));
    queue_bytes_ -= MemoryOf(rewrite.base.text);
    return rewrite;
  }
  return {};
}

void AofWriter::DropBefore(const Rewrite& rewrite) {
  const std::lock_guard lock(mutex_);
  if (discard_) return;  // all has gone
  std::deque<Order> stay;
  for (size_t i = 0; i < rewrite.before; ++i, queue_.pop_front()) {
    Order& order = queue_.front();
    const bool of_files = order.step == Step::kKeepHistory || order.step == Step::kDropHistory;
    if (order.is_step && of_files) {
      stay.push_back(std::move(order));
      continue;
    }
    queue_bytes_ -= MemoryOf(order.text);
    if (order.is_step) progress_.outcomes.push_back({order.step, {}});
  }
  queue_.insert(queue_.begin(), std::make_move_iterator(stay.begin()),
                std::make_move_iterator(stay.end()));
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
    if (const auto rewrite = TakeRewrite()) {
      if (ExecuteStep(rewrite->base, &*rewrite) && rewrite->begins) return;
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

Status AofWriter::Do(const Order& order, bool begins) {
  switch (order.step) {
    case Step::kContinue:
      return folder_.Continue();
    case Step::kBegin:
      return folder_.BeginIncrement(false);
    case Step::kBeginApart:
      return folder_.BeginIncrement(true);
    case Step::kReplace:
    case Step::kReplaceKeepOlder: {
      const bool keep_older = order.step == Step::kReplaceKeepOlder;
      return begins ? folder_.BeginFrom(order.text, keep_older)
                    : folder_.ReplaceBase(order.text, keep_older);
    }
    case Step::kBeginFrom:
      return folder_.BeginFrom(order.text, false);
    case Step::kClose: {
      Status synced = folder_.Sync();
      folder_.Close();
      return synced;
    }
    case Step::kSync:
      SyncIfDue(true);
      return {};
    case Step::kKeepHistory:
    case Step::kDropHistory:
      folder_.KeepHistory(order.step == Step::kKeepHistory);
      return {};
    case Step::kDiscard: {
      folder_.Close();
      written_ = durable_ = order.end;
      const std::lock_guard lock(mutex_);
      discard_ = false;
      return {};
    }
  }
  return {};
}

// `taken`: before what comes before it. False: it has failed.
bool AofWriter::ExecuteStep(const Order& order, const Rewrite* taken) {
  const bool begins = taken != nullptr && taken->begins;
  Status status = Do(order, begins);
  if (order.step == Step::kSync) Publish(true);
  if (order.step == Step::kSync || order.step == Step::kKeepHistory ||
      order.step == Step::kDropHistory) {
    return true;
  }
  if (status.ok() && begins) {
    written_ = taken->from;
    written_mark_ = taken->mark;
    DropBefore(*taken);
  }
  // A file of its own, of which nothing has failed yet.
  const bool fresh = begins || order.step == Step::kBeginApart || order.step == Step::kBeginFrom ||
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
  const bool done = status.ok();
  {
    const std::lock_guard lock(mutex_);
    progress_.outcomes.push_back({order.step, std::move(status)});
  }
  Publish(true);
  return done;
}

}  // namespace rha::node::persist
