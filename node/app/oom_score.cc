#include "node/app/oom_score.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "common/base/unique_fd.h"
#include "common/env/files.h"

namespace rha::node::app {
namespace {

constexpr int64_t kScoreMax = 1000;  // the kernel's

}  // namespace

Status OomScore::Apply(const Config& config, bool is_replica) {
  if (config.oom_score_mode == "no") {
    if (!original_) return {};
    RHA_RETURN_IF_ERROR(Write(*original_));
    original_.reset();
    return {};
  }
  int64_t original = 0;
  if (original_) {
    original = *original_;
  } else {
    RHA_ASSIGN_OR_RETURN(original, Read());
  }
  const bool absolute = config.oom_score_mode == "absolute";
  const int64_t score = config.oom_score_values[is_replica ? 1 : 0] + (absolute ? 0 : original);
  RHA_RETURN_IF_ERROR(Write(std::clamp(score, -kScoreMax, kScoreMax)));
  original_ = original;
  return {};
}

Result<int64_t> OomScore::Read() const {
  RHA_ASSIGN_OR_RETURN(const std::string text, env::ReadTextFile(path_));
  int64_t score = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), score).ec != std::errc()) {
    return Status(Code::kIo, "read " + path_ + ": it has no number");
  }
  return score;
}

Status OomScore::Write(int64_t score) const {
  const std::string text = std::to_string(score) + "\n";
  const UniqueFd fd(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC));
  if (fd.valid() && ::write(fd.get(), text.data(), text.size()) >= 0) return {};
  return ErrnoStatus("Failed to set current oom_score_adj to " + std::to_string(score) +
                     " (a lower one than the process was started with takes CAP_SYS_RESOURCE)");
}

}  // namespace rha::node::app
