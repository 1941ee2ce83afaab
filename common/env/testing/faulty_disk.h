// A disk that counts its steps and goes wrong at the one it is told. A step is a call of Disk.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <thread>

#include "common/env/disk.h"

namespace rha::env {

class FaultyDisk final : public Disk {
 public:
  static constexpr size_t kNever = std::numeric_limits<size_t>::max();

  // From this step on nothing happens any more, as if the process had died; a write at that very
  // step leaves half of its bytes.
  std::atomic<size_t> dies_at = kNever;
  // This step alone fails; a write then leaves half of its bytes.
  std::atomic<size_t> fails_at = kNever;
  // All writes fail, as on a full disk; or all syncs.
  std::atomic<bool> full = false, cannot_sync = false;
  // So do those of files whose names end so. They, and cutting off what they left, are no steps:
  // one can be counted on while somebody tries such a write again and again.
  std::atomic<const char*> full_for = nullptr;
  std::atomic<int> sync_takes_ms = 0;
  // Syncs wait while this is set (then: notify_all), and count who waits.
  std::atomic<bool> sync_waits = false;
  std::atomic<int> waiting = 0;
  std::atomic<size_t> steps = 0;

  Result<UniqueFd> OpenToAppend(const std::string& path, bool anew, mode_t mode) override {
    RHA_RETURN_IF_ERROR(Step());
    return Disk::OpenToAppend(path, anew, mode);
  }
  Status Write(int fd, std::string_view bytes, const std::string& path) override {
    const bool no_room = full || IsFull(path);
    const bool half = no_room || steps == dies_at || steps == fails_at;
    const Status step = no_room ? Status(Code::kExhausted, "the disk is full") : Step();
    if (half) (void)Disk::Write(fd, bytes.substr(0, bytes.size() / 2), path).ok();
    return step.ok() ? Disk::Write(fd, bytes, path) : step;
  }
  Status Sync(int fd, const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    std::this_thread::sleep_for(std::chrono::milliseconds(sync_takes_ms));
    ++waiting;
    sync_waits.wait(true);
    --waiting;
    if (cannot_sync) return Status(Code::kIo, "sync " + path + ": Input/output error");
    return Disk::Sync(fd, path);
  }
  Status Truncate(int fd, uint64_t bytes, const std::string& path) override {
    if (!IsFull(path)) RHA_RETURN_IF_ERROR(Step());
    return Disk::Truncate(fd, bytes, path);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    RHA_RETURN_IF_ERROR(Step());
    return Disk::Rename(from, to);
  }
  Status Remove(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    return Disk::Remove(path);
  }
  Status MakeFolder(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    return Disk::MakeFolder(path);
  }
  Status SyncFolderOf(const std::string& path) override {
    RHA_RETURN_IF_ERROR(Step());
    return Disk::SyncFolderOf(path);
  }

 private:
  bool IsFull(const std::string& path) const {
    const char* const ending = full_for;
    return ending != nullptr && path.ends_with(ending);
  }
  Status Step() {
    const size_t step = steps++;
    if (step < dies_at && step != fails_at) return {};
    return Status(Code::kIo, "step " + std::to_string(step) + " fails");
  }
};

}  // namespace rha::env
