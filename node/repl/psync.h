// Which history a dataset belongs to, and whether a replica can go on where it stopped.
//
// A history is named by a replication id. A node that is promoted starts a new one and remembers
// the old as its second: replicas of the old primary hold the same bytes up to the point of
// promotion (PSYNC2; Redis: replicationId/masterTryPartialResync).
// Thread rule: values. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace rha::node::repl {

struct History {
  std::string id;              // 40 hexadecimal digits
  std::string second_id;       // 40 zeros: none
  int64_t second_offset = -1;  // first offset (counted from 1) at which the two differ

  static std::string NoId();
  // The dataset now goes its own way from `end` (bytes so far) on, under `fresh_id`.
  void Branch(std::string fresh_id, int64_t end);
  // The dataset is that of another history, with no earlier one.
  void Adopt(std::string other_id);
};

struct PsyncRequest {
  std::string_view id;  // "?": the replica has nothing
  int64_t offset = -1;  // the first byte it lacks, counted from 1
};

// What the stream still holds, as positions (backlog.h).
struct HeldRange {
  bool active = false;
  int64_t begin = 0, end = 0;
};

struct ContinueFrom {
  int64_t position;
};
struct FullResync {
  std::string reason;
};
using PsyncDecision = std::variant<ContinueFrom, FullResync>;

PsyncDecision DecidePsync(const History& history, const HeldRange& held,
                          const PsyncRequest& request);

}  // namespace rha::node::repl
