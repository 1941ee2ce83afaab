// The machine's state as Sentinel's clients see it: field lists of MASTER, REPLICAS, SENTINELS, and
// the
// "# Sentinel" section of INFO. Names, order and values are Redis 7.0's. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sidecar/core/sentinel.h"

namespace rha::sidecar::shell {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct View {
  const core::Sentinel& machine;
  core::LogicalTime now;
};

// `pending`: commands sent to this instance and not answered yet.
Fields PrimaryFields(const View& view, const core::Group& group, size_t pending);
Fields ReplicaFields(const View& view, const core::Group& group, const core::Node& node,
                     size_t pending);
Fields PeerFields(const View& view, const core::Group& group, const core::Peer& peer,
                  size_t pending);

// "ok", "sdown" or "odown".
const char* GroupStatus(const core::Group& group);
// With the numbers of scripts that run, and that run or wait.
std::string SentinelInfo(const View& view, size_t running_scripts, size_t scripts);

}  // namespace rha::sidecar::shell
