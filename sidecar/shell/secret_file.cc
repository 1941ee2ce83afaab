#include "sidecar/shell/secret_file.h"

#include <utility>

#include "common/base/log.h"
#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

Result<SecretFile> SecretFile::Open(std::string directive, std::string path,
                                    env::WatchedFile::Check check, MonoTime now) {
  SecretFile secret(env::WatchedFile(std::move(directive), std::move(path), kSecretFileBytesMax,
                                     std::move(check)));
  RHA_ASSIGN_OR_RETURN(std::string text, secret.file_.Read());
  secret.texts_.Replace(std::move(text), now);
  return secret;
}

const std::vector<std::string>& SecretFile::Texts(MonoTime now) {
  if (auto text = file_.Changed()) {
    log::Info("{} has changed; what was there before counts for {} s more", file_.path(),
              kSecretOverlap.count() / 1000);
    texts_.Replace(*std::move(text), now + kSecretOverlap);
  }
  texts_.Expire(now);
  return texts_.all();
}

bool SecretFile::HasWord(std::string_view word, MonoTime now) {
  bool found = false;
  for (const std::string& text : Texts(now)) {
    found |= trust::SameSecret(word, trust::FirstLine(text));
  }
  return found;
}

}  // namespace rha::sidecar::shell
