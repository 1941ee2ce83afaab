// The steps by which files become durable, as one seam: in tests there stands a disk that fills up,
// fails or dies at any step (env/testing/faulty_disk.h), or loses its power and forgets what was
// not synced (env/testing/power_loss_disk.h).
//
// Every name of a file is a path; messages name it. Thread rule: any thread, one at a time for each
// file.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/unique_fd.h"

namespace rha::env {

class Disk {
 public:
  virtual ~Disk() = default;
  // The one without faults.
  static Disk& Real();

  // Makes the file, with `mode`, if there is none; `anew`: what it held goes.
  virtual Result<UniqueFd> OpenToAppend(const std::string& path, bool anew, mode_t mode = 0644);
  // To read it and write anywhere in it; makes it, its owner's alone, if there is none.
  virtual Result<UniqueFd> OpenToUpdate(const std::string& path);
  // All of it, or an error; part of it may then have been written.
  virtual Status Write(int fd, std::string_view bytes, const std::string& path);
  virtual Status WriteAt(int fd, uint64_t offset, std::string_view bytes, const std::string& path);
  // So much space is the file's, as zeros where it held nothing.
  virtual Status Reserve(int fd, uint64_t bytes, const std::string& path);
  virtual Status Sync(int fd, const std::string& path);
  virtual Status Truncate(int fd, uint64_t bytes, const std::string& path);
  virtual Status Rename(const std::string& from, const std::string& to);
  // A second name for it; kExists if there is such a file.
  virtual Status Link(const std::string& from, const std::string& to);
  // A name for a file that has never had one (O_TMPFILE); no file has it yet.
  virtual Status GiveName(int fd, const std::string& path);
  // One that is not there counts as removed.
  virtual Status Remove(const std::string& path);
  // One that is there already counts as made.
  virtual Status MakeFolder(const std::string& path);
  virtual Status SyncFolderOf(const std::string& path);
};

}  // namespace rha::env
