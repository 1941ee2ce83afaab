// A secret in a small file that may change while the server runs (a Secret's volume: kubelet swaps
// a link under the path).
// Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::node::app {

// The whole file; an error names the directive.
Result<std::string> ReadSecretFile(std::string_view directive, const std::string& path);
// A password file's password.
std::string FirstLine(std::string_view text);

class SecretFile {
 public:
  // `path` empty: there is none, and it never changes.
  SecretFile(std::string directive, std::string path)
      : directive_(std::move(directive)), path_(std::move(path)) {}

  // What it holds, once for each time that the file has become another. A file that cannot be read
  // or is empty is warned of once, and what it held before stands.
  std::optional<std::string> Changed();

 private:
  // Whether the file is another one than at the last look.
  struct Look {
    uint64_t device = 0, inode = 0;
    int64_t modified_ns = 0, bytes = -1;
    bool operator==(const Look&) const = default;
  };

  std::string directive_, path_;
  Look last_;
  bool warned_ = false;
};

}  // namespace rha::node::app
