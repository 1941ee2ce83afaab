// A snapshot on its way to replicas: a file without a name that a job is writing or has written,
// which any number of replicas read at their own pace, also while it grows.
//
// All that read it continue at the same position of the stream, so a replica may join as long as
// the backlog still holds that position.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/base/status.h"
#include "common/base/unique_fd.h"
#include "common/net/reactor.h"
#include "node/persist/snapshot_service.h"

namespace rha::node::repl {

struct SnapshotOrder {
  persist::SnapshotService& snapshots;
  persist::RdbInfo info;
  persist::RdbWriterOptions options;
  int64_t key_delay_us = 0;
  std::string directory;
  int64_t position = 0;  // of the stream
};

class OutgoingSnapshot : public std::enable_shared_from_this<OutgoingSnapshot> {
 public:
  // Called once, with the snapshot itself, when the job has ended either way.
  using OnEnd = std::function<void(std::shared_ptr<OutgoingSnapshot>, const Status&)>;
  static Result<std::shared_ptr<OutgoingSnapshot>> Start(net::Reactor& reactor,
                                                         const SnapshotOrder& order, OnEnd on_end);
  ~OutgoingSnapshot();

  int64_t position() const { return position_; }
  bool running() const { return job_ != nullptr; }
  bool failed() const { return failed_; }
  // Bytes that can be read now; final once it no longer runs.
  uint64_t size() const;
  // Reads at `offset`; 0: nothing there yet.
  Result<size_t> Read(uint64_t offset, char* out, size_t count) const;

 private:
  OutgoingSnapshot(net::Reactor& reactor, int64_t position, UniqueFd file);
  void OnJobEnded();

  net::Reactor& reactor_;
  int64_t position_;
  UniqueFd file_;
  std::unique_ptr<persist::SnapshotJob> job_;
  bool failed_ = false;
  OnEnd on_end_;
  net::IoWatch watch_;
};

}  // namespace rha::node::repl
