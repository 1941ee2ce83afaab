#include "common/env/watched_file.h"

#include <sys/stat.h>

#include <utility>

#include "common/base/log.h"
#include "common/env/files.h"

namespace rha::env {

WatchedFile::WatchedFile(std::string what, std::string path, size_t bytes_max, Check check)
    : what_(std::move(what)),
      path_(std::move(path)),
      bytes_max_(bytes_max),
      check_(std::move(check)) {}

WatchedFile::Look WatchedFile::LookAtIt() const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) return {};
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .modified_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
          .bytes = info.st_size};
}

Result<std::string> WatchedFile::ReadAll() const {
  auto text = ReadTextFileUpTo(path_, bytes_max_);
  if (!text.ok()) return text;
  if (text->find_first_not_of("\r\n") == std::string::npos) {
    return Status(Code::kInvalid, path_ + ": the file is empty");
  }
  if (!check_) return text;
  if (Status checked = check_(*text); !checked.ok()) return std::move(checked).Context(path_);
  return text;
}

Result<std::string> WatchedFile::Read() {
  const Look look = LookAtIt();  // before reading: what changes meanwhile is read next time
  auto text = ReadAll();
  if (!text.ok()) return std::move(text).status().Context(what_);
  seen_ = look;
  return text;
}

std::optional<std::string> WatchedFile::Changed() {
  if (path_.empty()) return std::nullopt;
  const Look look = LookAtIt();
  if (look == seen_ && look != Look{}) return std::nullopt;
  auto text = Read();
  if (text.ok()) {
    warned_ = false;
    return std::move(text).value();
  }
  if (!warned_) log::Warn("{}; what it held before stays in force", text.status().message());
  warned_ = true;
  return std::nullopt;
}

}  // namespace rha::env
