// Saves the dataset to files while the server goes on: one image at a time, in slices of the
// engine's time and by a thread that writes.
//
//   service.set_wake(...);                      // called when Step() has something to do
//   auto job = service.Start(request);          // the image is of this moment
//   watch (*job)->fd() for readability; then: Status outcome = (*job)->Collect();
//
// A job that is destroyed early is given up, its file removed; the walk then goes on in vain until
// the next image can begin. Its writing thread, which may be waiting for a disk, is looked after
// here until it ends, as is one that is done: nobody waits for them but the destructor.
// Thread rule: the engine's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "node/persist/image.h"
#include "node/persist/image_stream.h"
#include "node/persist/rdb_file.h"

namespace rha::node::persist {

class SnapshotService;

class SnapshotJob {
 public:
  ~SnapshotJob();
  // Becomes readable once the file is complete or has failed.
  int fd() const { return stream_->done_fd(); }
  // How it ended; kConflict: it was given up. REQUIRES: fd() is readable.
  Status Collect() { return stream_->Collect(); }

 private:
  friend class SnapshotService;
  SnapshotJob(SnapshotService& service, std::unique_ptr<ImageStream> stream)
      : service_(service), stream_(std::move(stream)) {}

  SnapshotService& service_;
  std::unique_ptr<ImageStream> stream_;
};

class SnapshotService {
 public:
  explicit SnapshotService(keyspace::Keyspace& keyspace) : keyspace_(keyspace) {}
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  // kExists: an image is being taken; try again when busy() is over.
  Result<std::unique_ptr<SnapshotJob>> Start(const SaveRequest& request);
  bool busy() const { return taker_ != nullptr; }
  // Somebody waits for a file that is not whole yet.
  bool writing() const { return job_ != nullptr; }
  struct Keys {
    uint64_t written = 0, total = 0;
  };
  // Of that file.
  Keys keys() const {
    if (job_ == nullptr) return {};
    return {job_->stream_->keys_written(), job_->stream_->keys_total()};
  }
  // The image that is under way, if any, is not wanted any more: its job ends.
  void GiveUp();
  // The process ends: lets the files of who was given up go, each within `most`.
  void AwaitGivenUp(Millis most);
  // The latest file that is not whole yet fails, as if its disk had. False: there is none.
  bool Fail();
  // That have been begun.
  uint64_t images() const { return images_; }

  enum class Next : uint8_t { kAtOnce, kSoon, kLater, kNothing };
  // Works for about `budget_us`. kSoon: the writer has to catch up; kLater: a thread is still
  // there.
  Next Step(const Clock& clock, int64_t budget_us);
  // Frees for about `budget_us` what has gone from the keyspace: what waits for the reclaimer, and
  // what an image that was given up keeps. False: nothing is left.
  bool FreeGone(const Clock& clock, int64_t budget_us);

 private:
  friend class SnapshotJob;
  void Forget(SnapshotJob& job);
  std::string FreeSuffix() const;
  Next AfterWalk();

  keyspace::Keyspace& keyspace_;
  std::function<void()> wake_;
  std::vector<std::unique_ptr<ImageStream>>
      ending_;  // nobody wants them; the thread is still there
  std::unique_ptr<ImageTaker> taker_;
  const SnapshotJob* job_ = nullptr;  // the latest; null: given up
  uint64_t images_ = 0;
};

}  // namespace rha::node::persist
