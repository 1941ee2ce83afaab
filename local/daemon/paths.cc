#include "local/daemon/paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "common/base/sha1.h"

namespace rha::local::daemon {
namespace {

constexpr size_t kAliasBytes = 6;  // of the digest

bool IsOurs(const std::string& alias, const std::string& root) {
  struct stat about {};
  if (::lstat(alias.c_str(), &about) != 0 || !S_ISLNK(about.st_mode)) return false;
  std::error_code error;
  return about.st_uid == ::geteuid() && std::filesystem::read_symlink(alias, error) == root;
}

}  // namespace

std::string Paths::Alias() const {
  std::string alias = "/tmp/redisha-";
  const Sha1Digest digest = Sha1(root);
  for (size_t i = 0; i < kAliasBytes; ++i) {
    alias += "0123456789abcdef"[digest[i] >> 4];
    alias += "0123456789abcdef"[digest[i] & 15];
  }
  return alias;
}

Status Paths::LinkAlias() const {
  const std::string alias = Alias();
  if (::symlink(root.c_str(), alias.c_str()) == 0 || IsOurs(alias, root)) return Status::Ok();
  if (errno != EEXIST) return ErrnoStatus("make " + alias);
  return Status(Code::kExists, alias + " is needed as a short name of " + root +
                                   " but is something else's: remove it");
}

void Paths::UnlinkAlias() const {
  if (IsOurs(Alias(), root)) ::unlink(Alias().c_str());
}

}  // namespace rha::local::daemon
