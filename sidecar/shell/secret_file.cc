#include "sidecar/shell/secret_file.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include <utility>

#include "common/base/log.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/state_file.h"

namespace rha::sidecar::shell {

Result<SecretFile> SecretFile::Open(std::string path, MonoTime now) {
  SecretFile file(std::move(path));
  RHA_RETURN_IF_ERROR(file.Read(now));
  return file;
}

SecretFile::Stamp SecretFile::Look() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return {};
  return {now.st_dev, now.st_ino, now.st_mtim.tv_sec * 1'000'000'000LL + now.st_mtim.tv_nsec,
          now.st_size};
}

Status SecretFile::Read(MonoTime now) {
  seen_ = Look();  // before reading: what changes meanwhile is read next time
  RHA_ASSIGN_OR_RETURN(std::string text, ReadTextFile(path_));
  if (text.find_first_not_of("\r\n") == std::string::npos) {
    return {Code::kInvalid, path_ + ": the file is empty"};
  }
  if (!texts_.empty() && texts_.front() == text) return Status::Ok();
  texts_.insert(texts_.begin(), std::move(text));
  if (texts_.size() == 1) return Status::Ok();
  texts_.resize(2);
  old_until_ = now + kSecretOverlap;
  log::Info("{} has changed; what was there before counts for {} s more", path_,
            kSecretOverlap.count() / 1000);
  return Status::Ok();
}

const std::vector<std::string>& SecretFile::Texts(MonoTime now) {
  if (!(Look() == seen_)) {
    const Status read = Read(now);
    if (!read.ok()) log::Warn("{}; what was there before still counts", read.message());
  }
  if (texts_.size() > 1 && now >= old_until_) texts_.resize(1);
  return texts_;
}

bool SecretFile::HasWord(std::string_view word, MonoTime now) {
  bool found = false;
  for (const std::string& text : Texts(now)) {
    const std::string_view secret = std::string_view(text).substr(0, text.find_first_of("\r\n"));
    found |= !secret.empty() && secret.size() == word.size() &&
             CRYPTO_memcmp(secret.data(), word.data(), word.size()) == 0;
  }
  return found;
}

}  // namespace rha::sidecar::shell
