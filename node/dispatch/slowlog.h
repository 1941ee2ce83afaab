// SLOWLOG: the last commands that took longer than a threshold.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "node/dispatch/session.h"

namespace rha::node::dispatch {

struct SlowlogEntry {
  int64_t id;
  int64_t unix_s;
  int64_t duration_us;
  std::vector<std::string> args;  // shortened (limits.h)
  std::string peer_address, client_name;
};

class Slowlog {
 public:
  // slowlog-log-slower-than: negative: off; 0: everything.
  void set_threshold_us(int64_t us) { threshold_us_ = us; }
  int64_t threshold_us() const { return threshold_us_; }
  void set_entries_max(size_t entries);
  bool Concerns(int64_t duration_us) const {
    return threshold_us_ >= 0 && duration_us >= threshold_us_;
  }
  void Add(const Session& session, Args args, int64_t unix_s, int64_t duration_us);
  void Clear() { entries_.clear(); }
  // Newest first.
  const std::deque<SlowlogEntry>& entries() const { return entries_; }

 private:
  int64_t threshold_us_ = 10000;
  size_t entries_max_ = 128;
  int64_t next_id_ = 0;
  std::deque<SlowlogEntry> entries_;
};

}  // namespace rha::node::dispatch
