// A secret in a file that may be replaced while we run: Kubernetes swaps the files of a mounted
// Secret, in each pod when it comes to it. For a while the old text counts beside the new one, so
// that pods which have not seen the new one yet are still understood.
//
// Looked at (one stat) whenever it is asked for. Thread rule: the loop's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/env/watched_file.h"
#include "common/trust/secret.h"

namespace rha::sidecar::shell {

class SecretFile {
 public:
  // Errors name the directive and the file: it is missing, or not what it must be.
  static Result<SecretFile> Open(std::string directive, std::string path,
                                 env::WatchedFile::Check check, MonoTime now);

  // What counts now: the newest text first, then those it replaced less than kSecretOverlap ago.
  const std::vector<std::string>& Texts(MonoTime now);
  // One of these, up to its first line end, is `word`.
  bool HasWord(std::string_view word, MonoTime now);

 private:
  explicit SecretFile(env::WatchedFile file) : file_(std::move(file)) {}

  env::WatchedFile file_;
  trust::SecretTexts texts_;
};

}  // namespace rha::sidecar::shell
