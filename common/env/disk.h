// The steps by which a set of files becomes durable, as one seam: in tests there stands a disk that
// fills up, fails or dies at any step (env/testing/faulty_disk.h).
//
// Every name of a file is a path; messages name it. Thread rule: any thread, one at a time for each
// file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/base/unique_fd.h"

namespace rha::env {

class Disk {
 public:
  virtual ~Disk() = default;

  // Makes the file if there is none; `anew`: what it held goes.
  virtual Result<UniqueFd> OpenToAppend(const std::string& path, bool anew);
  // All of it, or an error; part of it may then have been written.
  virtual Status Write(int fd, std::string_view bytes, const std::string& path);
  virtual Status Sync(int fd, const std::string& path);
  virtual Status Truncate(int fd, uint64_t bytes, const std::string& path);
  virtual Status Rename(const std::string& from, const std::string& to);
  // One that is not there counts as removed.
  virtual Status Remove(const std::string& path);
  // One that is there already counts as made.
  virtual Status MakeFolder(const std::string& path);
  virtual Status SyncFolderOf(const std::string& path);
};

}  // namespace rha::env
