// gzip and tar, as far as reports and Helm's releases need them. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::cli {

// At most `bytes_max` come out; more is an error, not memory.
Result<std::string> Gunzip(std::string_view packed, size_t bytes_max);
std::string Gzip(std::string_view bytes);

// A tar file in the making (ustar). Names of at most 100 bytes; a longer one is cut at its end.
class Tar {
 public:
  void Add(const std::string& name, std::string_view content, int64_t unix_s);
  // With the two empty blocks at the end.
  std::string Take();

 private:
  std::string bytes_;
};

}  // namespace rha::cli
