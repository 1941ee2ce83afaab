#include "local/daemon/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/unique_fd.h"

namespace rha::local::daemon {

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return ErrnoStatus("read " + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Status WriteFile(const std::string& path, const std::string& text, int mode) {
  const std::string fresh = path + ".new";
  UniqueFd file(::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode));
  if (!file.valid()) return ErrnoStatus("create " + fresh);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return ErrnoStatus("write " + fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return ErrnoStatus("rename " + fresh);
  return Status::Ok();
}

Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Status(Code::kIo, "make " + path + ": " + error.message());
  return Status::Ok();
}

}  // namespace rha::local::daemon
