#include "common/env/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/unique_fd.h"

namespace rha::env {
Status WriteAll(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus("write " + name);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Status::Ok();
}

Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("open " + folder);
  return ::fsync(fd.get()) == 0 ? Status::Ok() : ErrnoStatus("fsync " + folder);
}

Result<std::string> ReadTextFile(const std::string& path) {
  return ReadTextFileUpTo(path, kTextFileBytesMax);
}

Result<std::string> ReadTextFileUpTo(const std::string& path, size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT) return Status(Code::kNotFound, "open " + path + ": no such file");
    return ErrnoStatus("open " + path);
  }
  std::string text;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got == 0) return text;
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus("read " + path);
    }
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > bytes_max) {
      return Status(Code::kExhausted,
                    path + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

Status WriteTextFile(const std::string& path, const std::string& text, Disk& disk) {
  const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  struct stat old {};
  const mode_t mode = ::stat(path.c_str(), &old) == 0 ? (old.st_mode & 0777) : 0600;
  const Status written = [&]() -> Status {
    RHA_ASSIGN_OR_RETURN(const UniqueFd fd, disk.OpenToAppend(temporary, true, mode));
    if (::fchmod(fd.get(), mode) != 0) return ErrnoStatus("change the mode of " + temporary);
    RHA_RETURN_IF_ERROR(disk.Write(fd.get(), text, temporary));
    RHA_RETURN_IF_ERROR(disk.Sync(fd.get(), temporary));
    return disk.Rename(temporary, path);
  }();
  if (!written.ok()) {
    (void)disk.Remove(temporary).ok();
    return written;
  }
  return disk.SyncFolderOf(path);
}

}  // namespace rha::env
