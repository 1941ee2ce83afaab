#include "node/app/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/log.h"
#include "common/base/unique_fd.h"
#include "node/app/limits.h"

namespace rha::node::app {

Result<std::string> ReadSecretFile(std::string_view directive, const std::string& path) {
  const std::string what = std::string(directive) + " " + path;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(what);
  std::string text(kSecretFileBytesMax + 1, '\0');
  size_t have = 0;
  while (have < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(what);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  text.resize(have);
  if (have > kSecretFileBytesMax) return Status(Code::kInvalid, what + ": the file is too large");
  if (FirstLine(text).empty()) return Status(Code::kInvalid, what + ": the file is empty");
  return text;
}

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of("\r\n")));
}

std::optional<std::string> SecretFile::Changed() {
  if (path_.empty()) return std::nullopt;
  struct stat info {};
  const bool there = ::stat(path_.c_str(), &info) == 0;
  const Look look{.device = info.st_dev,
                  .inode = info.st_ino,
                  .modified_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
                  .bytes = info.st_size};
  if (there && look == last_) return std::nullopt;
  const Result<std::string> text = ReadSecretFile(directive_, path_);
  if (!text.ok()) {
    if (!warned_) log::Warn("{}; what it held before stays in force", text.status().message());
    warned_ = true;
    return std::nullopt;
  }
  last_ = look;
  warned_ = false;
  return *text;
}

}  // namespace rha::node::app
