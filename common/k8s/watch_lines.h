// Splits the byte stream of a watch into lines, however the bytes were cut on their way.
//
// A line that exceeds the bound is an error, not memory. One owner; reuse after an error is not
// allowed: the watch is started again with a new splitter.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/k8s/limits.h"

namespace rha::k8s {

class WatchLines {
 public:
  explicit WatchLines(size_t line_bytes_max = kWatchLineBytesMax)
      : line_bytes_max_(line_bytes_max) {}

  // Calls `on_line` for each line completed by `chunk`, without its end; empty lines are skipped.
  // Stops early when `on_line` returns an error, and returns it.
  Status Feed(std::string_view chunk, const std::function<Status(std::string_view)>& on_line);

 private:
  const size_t line_bytes_max_;
  std::string partial_;
};

}  // namespace rha::k8s
