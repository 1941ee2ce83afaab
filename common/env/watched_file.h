// A file of settings or secrets that may change while we run: where a ConfigMap or Secret is
// mounted, kubelet swaps a link under the path.
//
// Looked at with one stat, read again only when it is another one. What cannot be read, or is not
// what it must be, is tried again at each look, warned of once, and changes nothing: it may be half
// written, or we are out of descriptors for a moment. Thread rule: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::env {

class WatchedFile {
 public:
  // What is wrong with a text; Ok: nothing.
  using Check = std::function<Status(std::string_view text)>;

  // `what` names it in errors: a directive, say. `path` empty: there is none, and it never changes.
  // `check` empty: any text will do that is not blank.
  WatchedFile(std::string what, std::string path, size_t bytes_max, Check check = {});

  // All of it, now. What has been read is not news to Changed().
  Result<std::string> Read();
  // All of it, once for each time that it has become another.
  std::optional<std::string> Changed();

  const std::string& path() const { return path_; }

 private:
  struct Look {
    uint64_t device = 0, inode = 0;
    int64_t modified_ns = 0, bytes = -1;
    bool operator==(const Look&) const = default;
  };
  Look LookAtIt() const;
  Result<std::string> ReadAll() const;

  std::string what_, path_;
  size_t bytes_max_;
  Check check_;
  Look seen_;  // as it was read last
  bool warned_ = false;
};

}  // namespace rha::env
