#include "node/repl/outgoing_snapshot.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "node/persist/file_io.h"

namespace rha::node::repl {

OutgoingSnapshot::OutgoingSnapshot(net::Reactor& reactor, int64_t position, UniqueFd file)
    : reactor_(reactor),
      position_(position),
      file_(std::move(file)),
      watch_([](void* self, uint32_t) { static_cast<OutgoingSnapshot*>(self)->OnJobEnded(); },
             this) {}

Result<std::shared_ptr<OutgoingSnapshot>> OutgoingSnapshot::Start(net::Reactor& reactor,
                                                                  const SnapshotOrder& order,
                                                                  OnEnd on_end) {
  RHA_ASSIGN_OR_RETURN(UniqueFd file, persist::CreateNamelessFile(order.directory, "temp-sync"));
  const std::shared_ptr<OutgoingSnapshot> snapshot(
      new OutgoingSnapshot(reactor, order.position, std::move(file)));
  const persist::SaveRequest request{.path = "",
                                     .fd = snapshot->file_.get(),
                                     .info = order.info,
                                     .options = order.options,
                                     .key_delay_us = order.key_delay_us};
  RHA_ASSIGN_OR_RETURN(snapshot->job_, order.snapshots.Start(request));
  snapshot->on_end_ = std::move(on_end);
  RHA_RETURN_IF_ERROR(reactor.Attach(snapshot->watch_, snapshot->job_->fd(), EPOLLIN));
  return snapshot;
}

OutgoingSnapshot::~OutgoingSnapshot() {
  job_.reset();  // which has the file open, too
  (void)persist::CloseNamelessFile(std::move(file_));
}

void OutgoingSnapshot::OnJobEnded() {
  reactor_.Detach(watch_);
  const Status status = job_->Collect();
  job_.reset();
  failed_ = !status.ok();
  const auto on_end = std::exchange(on_end_, nullptr);
  on_end(shared_from_this(), status);
}

uint64_t OutgoingSnapshot::size() const {
  struct stat info {};
  return ::fstat(file_.get(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

Result<size_t> OutgoingSnapshot::Read(uint64_t offset, char* out, size_t count) const {
  for (;;) {
    const ssize_t got = ::pread(file_.get(), out, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus("read a snapshot");
    return static_cast<size_t>(got);
  }
}

}  // namespace rha::node::repl
