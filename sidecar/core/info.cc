#include "sidecar/core/info.h"

#include <algorithm>
#include <optional>

#include "sidecar/core/limits.h"
#include "sidecar/core/text.h"

namespace rha::sidecar::core {
namespace {

template <typename T>
void Assign(std::string_view text, T& field) {
  if (auto number = ParseNumber<T>(text)) field = *number;
}

// Numbers that are added and multiplied later: what no node can mean is cut.
void AssignBounded(std::string_view text, int64_t most, int64_t& field) {
  if (auto number = ParseNumber<int64_t>(text)) field = std::clamp<int64_t>(*number, -1, most);
}

// "ip=10.0.0.1,port=6379,state=online,offset=1,lag=0", or the old "10.0.0.1,6379,online".
std::optional<InfoReplica> ParseReplica(std::string_view value) {
  InfoReplica replica;
  const auto parts = Split(value, ',');
  const bool old_form = value.find("ip=") != 0;
  if (old_form && parts.size() < 3) return std::nullopt;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto part = parts[i];
    if (old_form) {
      if (i == 0) replica.address.host = part;
      if (i == 1) Assign(part, replica.address.port);
      if (i == 2) replica.state = part;
    } else if (part.rfind("ip=", 0) == 0) {
      replica.address.host = part.substr(3);
    } else if (part.rfind("port=", 0) == 0) {
      Assign(part.substr(5), replica.address.port);
    } else if (part.rfind("state=", 0) == 0) {
      replica.state = part.substr(6);
    }
  }
  if (!IsHost(replica.address.host) || replica.address.port == 0) return std::nullopt;
  return replica;
}

// "slave0" but not "slave_priority".
bool IsReplicaLine(std::string_view key) {
  return key.size() > 5 && key.rfind("slave", 0) == 0 && key[5] >= '0' && key[5] <= '9';
}

// "db0:keys=3,expires=0,avg_ttl=0"
bool IsKeyspaceLine(std::string_view key) {
  return key.size() > 2 && key.rfind("db", 0) == 0 && key[2] >= '0' && key[2] <= '9';
}

void ParseField(std::string_view key, std::string_view value, Info& info) {
  if (key == "run_id") {
    info.run_id = value.substr(0, kNameBytesMax);
  } else if (key == "role") {
    info.role = value == "master"  ? Role::kPrimary
                : value == "slave" ? Role::kReplica
                                   : Role::kUnknown;
  } else if (key == "redis_mode") {
    info.sentinel = value == "sentinel";
  } else if (key == "redisha_undecided") {
    info.undecided = value == "1";
  } else if (key == "redisha_version") {
    info.ours = true;
  } else if (key == "redisha_role_epoch") {
    info.role_epoch = ParseNumber<Epoch>(value);
  } else if (key == "redisha_role_leader") {
    info.role_leader = value.substr(0, kNameBytesMax);
  } else if (key == "redisha_data_epoch") {
    info.data_epoch = ParseNumber<Epoch>(value);
  } else if (key == "redisha_sealed") {
    info.sealed = value == "1";
  } else if (key == "redisha_copy_proven") {
    info.copy_proven = value == "1";
  } else if (key == "redisha_copies") {
    Assign(value, info.copies);
  } else if (key == "redisha_foreign_dataset") {
    info.foreign_data = value == "1";
  } else if (key == "loading") {
    info.loading = value == "1";
  } else if (key == "master_host") {
    info.primary.host = value.substr(0, kNameBytesMax);
  } else if (key == "master_port") {
    Assign(value, info.primary.port);
  } else if (key == "master_link_status") {
    info.primary_link_up = value == "up";
  } else if (key == "master_link_down_since_seconds") {
    AssignBounded(value, kInfoSecondsMax, info.primary_link_down_seconds);
  } else if (key == "master_last_io_seconds_ago") {
    AssignBounded(value, kInfoSecondsMax, info.primary_heard_seconds);
  } else if (key == "redisha_master_heard_ms_ago") {
    AssignBounded(value, 1000 * kInfoSecondsMax, info.primary_heard_ms.emplace(-1));
  } else if (key == "slave_priority") {
    Assign(value, info.priority);
  } else if (key == "slave_repl_offset") {
    AssignBounded(value, kInfoCountMax, info.replica_offset);
  } else if (key == "master_failover_state") {
    info.failing_over = value != "no-failover";
  } else if (key == "replica_announced") {
    info.announced = value != "0";
  } else if (key == "master_replid") {
    info.replid = value.substr(0, kNameBytesMax);
  } else if (key == "master_replid2") {
    info.replid2 = value.substr(0, kNameBytesMax);
  } else if (key == "master_repl_offset") {
    AssignBounded(value, kInfoCountMax, info.primary_offset);
  } else if (key == "second_repl_offset") {
    AssignBounded(value, kInfoCountMax, info.second_offset);
  } else if (IsReplicaLine(key)) {
    if (auto replica = ParseReplica(value); replica && info.replicas.size() < kNodesPerGroupMax) {
      info.replicas.push_back(std::move(*replica));
    }
  } else if (IsKeyspaceLine(key) && value.rfind("keys=", 0) == 0) {
    int64_t keys = 0;
    AssignBounded(Split(value.substr(5), ',').front(), kInfoCountMax, keys);
    info.keys = std::min(info.keys + std::max<int64_t>(keys, 0), kInfoCountMax);
  }
}

}  // namespace

Info ParseInfo(std::string_view text) {
  Info info;
  for (auto line : Split(text.substr(0, kInfoBytesMax), '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (line.empty() || line.front() == '#' || colon == std::string_view::npos) continue;
    ParseField(line.substr(0, colon), line.substr(colon + 1), info);
  }
  return info;
}

}  // namespace rha::sidecar::core
