#include "common/env/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "common/env/files.h"

namespace rha::env {
namespace {

Status Outcome(int result, const char* what, const std::string& path) {
  return result == 0 ? Status() : ErrnoStatus(std::string(what) + " " + path);
}

}  // namespace

Disk& Disk::Real() {
  static Disk disk;
  return disk;
}

Result<UniqueFd> Disk::OpenToAppend(const std::string& path, bool anew, mode_t mode) {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (anew ? O_TRUNC : 0);
  UniqueFd fd(::open(path.c_str(), flags, mode));
  if (!fd.valid()) return ErrnoStatus("open " + path);
  return fd;
}

Result<UniqueFd> Disk::OpenToUpdate(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus("open " + path);
  return fd;
}

Status Disk::Write(int fd, std::string_view bytes, const std::string& path) {
  return WriteAll(fd, bytes, path);
}

Status Disk::WriteAt(int fd, uint64_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus("write " + path);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

Status Disk::Reserve(int fd, uint64_t bytes, const std::string& path) {
  const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  return error == 0 ? Status() : ErrnoStatus("reserve space for " + path, error);
}

Status Disk::Sync(int fd, const std::string& path) {
  return Outcome(::fdatasync(fd), "sync", path);
}

Status Disk::Truncate(int fd, uint64_t bytes, const std::string& path) {
  return Outcome(::ftruncate(fd, static_cast<off_t>(bytes)), "truncate", path);
}

Status Disk::Rename(const std::string& from, const std::string& to) {
  return Outcome(::rename(from.c_str(), to.c_str()), "rename", from + " to " + to);
}

Status Disk::Link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == EEXIST) return Status(Code::kExists, "there is a file " + to + " already");
  return ErrnoStatus("link " + from + " to " + to);
}

Status Disk::GiveName(int fd, const std::string& path) {
  const std::string open_file = "/proc/self/fd/" + std::to_string(fd);
  const int named =
      ::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
  return Outcome(named, "give a name to", path);
}

Status Disk::Remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return ErrnoStatus("remove " + path);
}

Status Disk::MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return SyncFolderOf(path);
  return errno == EEXIST ? Status() : ErrnoStatus("make the folder " + path);
}

Status Disk::SyncFolderOf(const std::string& path) { return env::SyncFolderOf(path); }

}  // namespace rha::env
