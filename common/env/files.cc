#include "common/env/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/unique_fd.h"

namespace rha::env {

Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("open " + folder);
  return ::fsync(fd.get()) == 0 ? Status::Ok() : ErrnoStatus("fsync " + folder);
}

}  // namespace rha::env
