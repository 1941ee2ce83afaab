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

Result<UniqueFd> Disk::OpenToAppend(const std::string& path, bool anew) {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (anew ? O_TRUNC : 0);
  UniqueFd fd(::open(path.c_str(), flags, 0644));
  if (!fd.valid()) return ErrnoStatus("open " + path);
  return fd;
}

Status Disk::Write(int fd, std::string_view bytes, const std::string& path) {
  return WriteAll(fd, bytes, path);
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
