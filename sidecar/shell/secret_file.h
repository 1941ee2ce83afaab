// A secret in a file that may be replaced while we run: Kubernetes swaps the files of a mounted
// Secret, in each pod when it comes to it. For a while the old text counts beside the new one, so
// that pods which have not seen the new one yet are still understood.
//
// Looked at (one stat) whenever it is asked for; read again only when it has changed. What cannot
// be read any more, or is empty, is reported once and changes nothing. Thread rule: the loop's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"

namespace rha::sidecar::shell {

class SecretFile {
 public:
  // Errors name the file: it is missing, or empty.
  static Result<SecretFile> Open(std::string path, MonoTime now);

  // What counts now: the newest text first, then the one it replaced less than kSecretOverlap ago.
  const std::vector<std::string>& Texts(MonoTime now);
  // One of these, up to its first line end, is `word`. In constant time for one length.
  bool HasWord(std::string_view word, MonoTime now);

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    int64_t changed_ns = 0, size = -1;
    bool operator==(const Stamp&) const = default;
  };
  explicit SecretFile(std::string path) : path_(std::move(path)) {}
  Status Read(MonoTime now);
  Stamp Look() const;

  std::string path_;
  Stamp seen_;
  std::vector<std::string> texts_;
  MonoTime old_until_;
};

}  // namespace rha::sidecar::shell
