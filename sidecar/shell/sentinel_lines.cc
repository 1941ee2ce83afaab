#include "sidecar/shell/sentinel_lines.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "common/base/clock.h"
#include "sidecar/core/limits.h"
#include "sidecar/core/text.h"

namespace rha::sidecar::shell {
namespace {

using core::PersistedGroup;
using core::PersistedState;
using Words = std::vector<std::string>;

Status Bad(const std::string& what) { return {Code::kInvalid, what}; }

template <typename T>
bool ParseNumber(const std::string& text, T low, T high, T* out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if (value < low || value > high) return false;
  *out = value;
  return true;
}

Status ParseEpoch(const std::string& text, core::Epoch* out) {
  constexpr core::Epoch kMax = std::numeric_limits<core::Epoch>::max();
  if (!ParseNumber<core::Epoch>(text, 0, kMax, out)) return Bad("Invalid epoch value.");
  // What a forged hello has left in a file must not end the start, nor every later election.
  *out = std::min(*out, core::kEpochInFileMax);
  return Status::Ok();
}

Status ParseAddress(const std::string& host, const std::string& port, core::Address* out) {
  core::Address address{host, 0};
  if (!ParseNumber<uint16_t>(port, 1, 65535, &address.port)) return Bad("Invalid port number.");
  *out = std::move(address);
  return Status::Ok();
}

Status ParseMillis(const std::string& text, int64_t low, Millis* out) {
  int64_t value = 0;
  if (!ParseNumber<int64_t>(text, low, std::numeric_limits<int32_t>::max(), &value)) {
    return Bad("negative or zero time parameter.");
  }
  *out = Millis(value);
  return Status::Ok();
}

using GroupSetter = Status (*)(PersistedGroup& group, const Words& values);

// One row per setting: its name, how many words follow the group's name, and what they do.
struct Setting {
  const char* name;
  size_t values;
  GroupSetter set;
};

const Setting kSettings[] = {
    {"down-after-milliseconds", 1,
     [](PersistedGroup& g, const Words& v) { return ParseMillis(v[0], 1, &g.down_after); }},
    {"failover-timeout", 1,
     [](PersistedGroup& g, const Words& v) { return ParseMillis(v[0], 1, &g.failover_timeout); }},
    {"master-reboot-down-after-period", 1,
     [](PersistedGroup& g, const Words& v) { return ParseMillis(v[0], 0, &g.reboot_down_after); }},
    {"parallel-syncs", 1,
     [](PersistedGroup& g, const Words& v) {
       return ParseNumber<int>(v[0], 1, 1 << 20, &g.parallel_syncs)
                  ? Status()
                  : Bad("parallel-syncs must be a positive number");
     }},
    {"notification-script", 1,
     [](PersistedGroup& g, const Words& v) {
       g.notification_script = v[0];
       return Status();
     }},
    {"client-reconfig-script", 1,
     [](PersistedGroup& g, const Words& v) {
       g.client_reconfig_script = v[0];
       return Status();
     }},
    {"auth-pass", 1,
     [](PersistedGroup& g, const Words& v) {
       g.auth_password = v[0];
       return Status();
     }},
    {"auth-user", 1,
     [](PersistedGroup& g, const Words& v) {
       g.auth_user = v[0];
       return Status();
     }},
    {"rename-command", 2,
     [](PersistedGroup& g, const Words& v) {
       g.renamed_commands[v[0]] = v[1];
       return Status();
     }},
    {"config-epoch", 1,
     [](PersistedGroup& g, const Words& v) { return ParseEpoch(v[0], &g.config_epoch); }},
    {"leader-epoch", 1,
     [](PersistedGroup& g, const Words& v) { return ParseEpoch(v[0], &g.leader_epoch); }},
    {"known-replica", 2,
     [](PersistedGroup& g, const Words& v) {
       return ParseAddress(v[0], v[1], &g.replicas.emplace_back());
     }},
    {"known-slave", 2,
     [](PersistedGroup& g, const Words& v) {
       return ParseAddress(v[0], v[1], &g.replicas.emplace_back());
     }},
    {"known-sentinel", 3,
     [](PersistedGroup& g, const Words& v) {
       core::PersistedPeer peer;
       RHA_RETURN_IF_ERROR(ParseAddress(v[0], v[1], &peer.address));
       if (!core::IsRunId(v[2])) return Bad("malformed Sentinel id in known-sentinel option");
       peer.id = v[2];
       g.peers.push_back(std::move(peer));
       return Status();
     }},
};

// Lines of the state file, after the leading "redisha-…" and the group's name.
const Setting kOwnLines[] = {
    {"redisha-leader", 1,
     [](PersistedGroup& g, const Words& v) {
       g.leader_id = v[0];
       return Status();
     }},
    {"redisha-primary", 4,
     [](PersistedGroup& g, const Words& v) {
       if (!v[0].empty()) RHA_RETURN_IF_ERROR(ParseAddress(v[0], v[1], &g.primary));
       g.primary_member = v[2];
       g.config_leader = v[3];
       return Status();
     }},
    {"redisha-data", 2,
     [](PersistedGroup& g, const Words& v) {
       if (v[1].empty()) return Status();  // of a version that wrote it for "none"
       return ParseEpoch(v[0], &g.lineage.emplace_back(core::DataMark{0, v[1]}).epoch);
     }},
};

PersistedGroup* FindGroup(PersistedState* state, const std::string& name) {
  const auto found = state->groups.find(name);
  return found == state->groups.end() ? nullptr : &found->second;
}

Result<bool> ApplyMonitor(const Words& words, PersistedState* state) {
  if (words.size() != 6) return Bad("Unrecognized sentinel configuration statement.");
  if (state->groups.count(words[2])) return Bad("Duplicate master name.");
  if (state->groups.size() >= core::kGroupsMax) return Bad("too many monitored groups");
  PersistedGroup group;
  group.name = words[2];
  RHA_RETURN_IF_ERROR(ParseAddress(words[3], words[4], &group.primary));
  if (!ParseNumber<int>(words[5], 1, std::numeric_limits<int>::max(), &group.quorum)) {
    return Bad("Quorum must be 1 or greater.");
  }
  state->groups.emplace(group.name, std::move(group));
  return true;
}

template <size_t N>
Result<bool> ApplyRow(const Setting (&rows)[N], const Words& words, size_t name_at,
                      PersistedState* state) {
  const auto row = std::find_if(std::begin(rows), std::end(rows),
                                [&](const Setting& s) { return words[name_at] == s.name; });
  if (row == std::end(rows)) return false;
  if (words.size() != name_at + 2 + row->values) {
    return Bad("wrong number of arguments for '" + words[name_at] + "'");
  }
  PersistedGroup* group = FindGroup(state, words[name_at + 1]);
  if (!group) return Bad("No such master with specified name.");
  const Words values(words.begin() + static_cast<ptrdiff_t>(name_at) + 2, words.end());
  RHA_RETURN_IF_ERROR(row->set(*group, values));
  return true;
}

std::string Line(std::initializer_list<std::string> words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += QuoteConfigWord(word);
  }
  return line;
}

std::string Number(uint64_t value) { return std::to_string(value); }
std::string Number(Millis value) { return std::to_string(value.count()); }

void AppendSettings(const PersistedGroup& group, std::vector<std::string>* lines) {
  const std::string& name = group.name;
  const auto add = [&](const char* setting, const std::string& value) {
    lines->push_back(Line({"sentinel", setting, name, value}));
  };
  lines->push_back(Line({"sentinel", "monitor", name, group.primary.host,
                         std::to_string(group.primary.port), std::to_string(group.quorum)}));
  if (group.down_after != core::kDownAfterDefault) {
    add("down-after-milliseconds", Number(group.down_after));
  }
  if (group.failover_timeout != core::kFailoverTimeoutDefault) {
    add("failover-timeout", Number(group.failover_timeout));
  }
  if (group.parallel_syncs != core::kParallelSyncsDefault) {
    add("parallel-syncs", std::to_string(group.parallel_syncs));
  }
  if (!group.notification_script.empty()) add("notification-script", group.notification_script);
  if (!group.client_reconfig_script.empty()) {
    add("client-reconfig-script", group.client_reconfig_script);
  }
  if (!group.auth_password.empty()) add("auth-pass", group.auth_password);
  if (!group.auth_user.empty()) add("auth-user", group.auth_user);
  if (group.reboot_down_after != Millis(0)) {
    add("master-reboot-down-after-period", Number(group.reboot_down_after));
  }
  for (const auto& [from, to] : group.renamed_commands) {
    lines->push_back(Line({"sentinel", "rename-command", name, from, to}));
  }
}

void AppendGroup(const PersistedGroup& group, Dialect dialect, std::vector<std::string>* lines) {
  const std::string& name = group.name;
  if (dialect == Dialect::kConfigFile) AppendSettings(group, lines);
  lines->push_back(Line({"sentinel", "config-epoch", name, Number(group.config_epoch)}));
  lines->push_back(Line({"sentinel", "leader-epoch", name, Number(group.leader_epoch)}));
  for (const core::Address& replica : group.replicas) {
    lines->push_back(
        Line({"sentinel", "known-replica", name, replica.host, std::to_string(replica.port)}));
  }
  for (const core::PersistedPeer& peer : group.peers) {
    lines->push_back(Line({"sentinel", "known-sentinel", name, peer.address.host,
                           std::to_string(peer.address.port), peer.id}));
  }
  if (dialect == Dialect::kConfigFile) return;
  lines->push_back(Line({"redisha-leader", name, group.leader_id}));
  lines->push_back(
      Line({"redisha-primary", name, group.primary.host, std::to_string(group.primary.port),
            group.primary_member, group.config_leader}));
  for (const core::DataMark& mark : group.lineage) {
    lines->push_back(Line({"redisha-data", name, Number(mark.epoch), mark.replid}));
  }
}

}  // namespace

Result<bool> ApplyStateLine(const std::vector<std::string>& words, PersistedState* state) {
  if (words.size() == 2 && words[0] == "redisha-state") {
    state->may_vote = words[1] == "yes";
    return true;
  }
  if (words[0].starts_with("redisha-")) return ApplyRow(kOwnLines, words, 0, state);
  if (words[0] != "sentinel" || words.size() < 3) return false;
  if (words[1] == "monitor") return ApplyMonitor(words, state);
  if (words[1] == "myid") {
    if (!core::IsRunId(words[2])) return Bad("Malformed Sentinel id in myid option.");
    state->my_id = words[2];
    return true;
  }
  if (words[1] == "current-epoch") {
    RHA_RETURN_IF_ERROR(ParseEpoch(words[2], &state->current_epoch));
    return true;
  }
  return ApplyRow(kSettings, words, 1, state);
}

std::vector<std::string> StateLines(const PersistedState& state, Dialect dialect) {
  std::vector<std::string> lines;
  lines.push_back(Line({"sentinel", "myid", state.my_id}));
  if (dialect == Dialect::kStateFile) {
    lines.push_back(Line({"redisha-state", state.may_vote ? "yes" : "no"}));
  }
  for (const auto& [name, group] : state.groups) AppendGroup(group, dialect, &lines);
  lines.push_back(Line({"sentinel", "current-epoch", Number(state.current_epoch)}));
  return lines;
}

bool IsRewrittenLine(const std::vector<std::string>& words) {
  if (words.size() < 2 || words[0] != "sentinel") return false;
  if (words[1] == "monitor" || words[1] == "myid" || words[1] == "current-epoch") return true;
  return std::any_of(std::begin(kSettings), std::end(kSettings),
                     [&](const Setting& s) { return words[1] == s.name; });
}

}  // namespace rha::sidecar::shell
