#include "node/persist/snapshot_service.h"

#include "node/persist/limits.h"

namespace rha::node::persist {

SnapshotJob::~SnapshotJob() { service_.Forget(*this); }

Result<std::unique_ptr<SnapshotJob>> SnapshotService::Start(const SaveRequest& request) {
  if (busy()) return Status(Code::kExists, "another snapshot is under way");
  ImageStream::Target target{.request = request, .held = &keyspace_.held(), .sizes = {}};
  for (int i = 0; i < keyspace_.databases(); ++i) {
    target.sizes.emplace_back(keyspace_.db(i).size(), keyspace_.db(i).expiring());
  }
  RHA_ASSIGN_OR_RETURN(auto stream, ImageStream::Start(std::move(target)));
  taker_ = std::make_unique<ImageTaker>(keyspace_, *stream);
  std::unique_ptr<SnapshotJob> job(new SnapshotJob(*this, std::move(stream)));
  job_ = job.get();
  if (wake_) wake_();
  return job;
}

void SnapshotService::Forget(const SnapshotJob& job) {
  if (job_ != &job) return;
  job_ = nullptr;
  if (taker_ != nullptr) taker_->Abandon();
}

SnapshotService::Next SnapshotService::Step(const Clock& clock, int64_t budget_us) {
  if (taker_ == nullptr) return Next::kNothing;
  const int64_t end_us = clock.UnixMicros() + budget_us;
  do {
    switch (taker_->Step(kImageSliceEntries)) {
      case ImageTaker::Progress::kMore:
        break;
      case ImageTaker::Progress::kWriterLags:
        return Next::kSoon;
      case ImageTaker::Progress::kDone:
        taker_.reset();
        return Next::kNothing;
    }
  } while (clock.UnixMicros() < end_us);
  return Next::kAtOnce;
}

}  // namespace rha::node::persist
