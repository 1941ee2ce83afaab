#include "node/persist/snapshot_service.h"

#include <poll.h>

#include <algorithm>

#include "node/persist/limits.h"

namespace rha::node::persist {

namespace {

constexpr size_t kFreedBetweenClockLooks = 256;

}  // namespace

SnapshotJob::~SnapshotJob() { service_.Forget(*this); }

Result<std::unique_ptr<SnapshotJob>> SnapshotService::Start(const SaveRequest& request) {
  if (busy()) return Status(Code::kExists, "another snapshot is under way");
  ImageStream::Target target{.request = request,
                             .held = &keyspace_.held(),
                             .suffix = FreeSuffix(),
                             .libraries = LibrarySources(keyspace_),
                             .sizes = {}};
  for (int i = 0; i < keyspace_.databases(); ++i) {
    target.sizes.emplace_back(keyspace_.db(i).size(), keyspace_.db(i).expiring());
  }
  target.request.field_ends = keyspace_.HasFieldEnds();
  RHA_ASSIGN_OR_RETURN(auto stream, ImageStream::Start(std::move(target)));
  taker_ = std::make_unique<ImageTaker>(keyspace_, *stream);
  std::unique_ptr<SnapshotJob> job(new SnapshotJob(*this, std::move(stream)));
  job_ = job.get();
  ++images_;
  if (wake_) wake_();
  return job;
}

// No two that write at the same time share a name, and a crash leaves few different ones behind.
std::string SnapshotService::FreeSuffix() const {
  for (size_t i = 0;; ++i) {
    std::string suffix = "bg" + std::to_string(i);
    const bool taken = std::any_of(ending_.begin(), ending_.end(),
                                   [&](const auto& stream) { return stream->suffix() == suffix; });
    if (!taken) return suffix;
  }
}

void SnapshotService::GiveUp() {
  if (taker_ != nullptr && job_ != nullptr) job_->stream_->GiveUp();
}

void SnapshotService::AwaitGivenUp(Millis most) {
  for (const auto& stream : ending_) {
    pollfd end{stream->done_fd(), POLLIN, 0};
    ::poll(&end, 1, static_cast<int>(most.count()));
  }
}

bool SnapshotService::Fail() {
  if (job_ == nullptr || job_->stream_->ended()) return false;
  job_->stream_->Fail();
  return true;
}

void SnapshotService::Forget(SnapshotJob& job) {
  job.stream_->GiveUp();
  if (job_ == &job) {
    job_ = nullptr;
    if (taker_ != nullptr) taker_->Abandon();
  }
  if (job.stream_->Gone()) return;
  ending_.push_back(std::move(job.stream_));
  if (wake_) wake_();
}

SnapshotService::Next SnapshotService::AfterWalk() {
  std::erase_if(ending_, [](const auto& stream) { return stream->Gone(); });
  return ending_.empty() ? Next::kNothing : Next::kLater;
}

bool SnapshotService::FreeGone(const Clock& clock, int64_t budget_us) {
  const int64_t end_us = clock.UnixMicros() + budget_us;
  do {
    if (keyspace_.reclaimer().Step(kFreedBetweenClockLooks)) continue;
    if (taker_ == nullptr) return false;
    if (Step(clock, 0) == Next::kSoon) return true;
  } while (clock.UnixMicros() < end_us);
  return true;
}

SnapshotService::Next SnapshotService::Step(const Clock& clock, int64_t budget_us) {
  if (taker_ == nullptr) return AfterWalk();
  const int64_t end_us = clock.UnixMicros() + budget_us;
  do {
    switch (taker_->Step(kImageSliceEntries)) {
      case ImageTaker::Progress::kMore:
        break;
      case ImageTaker::Progress::kWriterLags:
        return Next::kSoon;
      case ImageTaker::Progress::kDone:
        taker_.reset();
        return AfterWalk();
    }
  } while (clock.UnixMicros() < end_us);
  return Next::kAtOnce;
}

}  // namespace rha::node::persist
