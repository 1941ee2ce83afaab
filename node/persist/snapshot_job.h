// Saving the dataset while the server goes on: one job, one file.
//
//   auto job = StartForkedSnapshot(keyspace, request);
//   watch (*job)->fd() for readability; then: Status outcome = (*job)->Collect();
//
// The interface hides how the snapshot is taken: the forked child sees the dataset as it was at the
// call, by copy on write.
// Thread rule: the engine's thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "common/base/status.h"
#include "node/persist/rdb_file.h"

namespace rha::node::persist {

class SnapshotJob {
 public:
  virtual ~SnapshotJob() = default;  // gives up a job that still runs and removes its file
  // Becomes readable once the job has ended.
  virtual int fd() const = 0;
  // How it ended. REQUIRES: fd() is readable, first call.
  virtual Status Collect() = 0;
  // How long the server stood still to begin it.
  virtual int64_t stall_us() const = 0;
  // 0 where no process is involved.
  virtual pid_t pid() const = 0;
};

Result<std::unique_ptr<SnapshotJob>> StartForkedSnapshot(const keyspace::Keyspace& keyspace,
                                                         const SaveRequest& request);

}  // namespace rha::node::persist
