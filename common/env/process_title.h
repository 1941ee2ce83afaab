// The title of this process: what `ps` and /proc/PID/cmdline show in place of its command line.
//
// The kernel looks for it where it once put the arguments, which the environment follows:
//
//   argv[0] 0 argv[1] 0 … argv[n] 0 │ NAME=value 0 NAME=value 0 …
//   └─ title ──────────── 0 0 0 0 0   or, if it is longer, up to the first 0
//
// So the environment is copied elsewhere first, and the place of both is the title's. A longer one
// is cut.
// Thread rule: one thread; made in main() before there is another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rha::env {

class ProcessTitle {
 public:
  // As main() got them. They and the environment's strings stand where they stood until Set().
  ProcessTitle(int argc, char** argv);

  // How the process was called.
  const std::string& program() const { return program_; }
  // Up to its first zero byte.
  void Set(std::string_view title);
  size_t bytes_max() const { return size_ == 0 ? 0 : size_ - 1; }

 private:
  std::string program_;
  char* begin_ = nullptr;
  size_t size_ = 0;  // 0: there is no place
  size_t used_ = 0;  // the rest is zero
};

}  // namespace rha::env
