// oom-score-adj: how soon the kernel ends this process when memory runs out, by its role.
//
//        no ──option on: what stands there is remembered──▶ adjusted ──option off──▶ restored
//
// There are no processes beside this one: the third of oom-score-adj-values, of Redis' children,
// is kept and applies to nothing.
// Thread rule: the loop's thread.
#pragma once

#include <optional>
#include <string>

#include "common/base/status.h"
#include "node/app/config.h"

namespace rha::node::app {

class OomScore {
 public:
  explicit OomScore(std::string path = "/proc/self/oom_score_adj") : path_(std::move(path)) {}

  // As the options say of this role. An error leaves the score as it is.
  Status Apply(const Config& config, bool is_replica);

 private:
  Result<int64_t> Read() const;
  Status Write(int64_t score) const;

  std::string path_;
  std::optional<int64_t> original_;  // while it is adjusted
};

}  // namespace rha::node::app
