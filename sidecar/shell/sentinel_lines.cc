#include "sidecar/shell/sentinel_lines.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "common/base/clock.h"
#include "sidecar/core/limits.h"
#include "sidecar/core/settings.h"
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
  if (!ParseNumber<int64_t>(text, low, core::kPeriodMost.count(), &value)) {
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
       g.renamed_commands[core::CommandName(v[0])] = v[1];
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

std::string Line(const Words& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += QuoteConfigWord(word);
  }
  return line;
}

std::string Number(uint64_t value) { return std::to_string(value); }
std::string Number(Millis value) { return std::to_string(value.count()); }

class ConfigFileWriter {
 public:
  void Add(const Words& words, bool if_there = false) {
    lines_.push_back({ConfigFileKey(words), Line(words), if_there});
  }
  void AddUnlessEmpty(const char* setting, const PersistedGroup& group, const std::string& value) {
    if (!value.empty()) Add({"sentinel", setting, group.name, value});
  }
  template <typename T>
  void AddNumber(const char* setting, const PersistedGroup& group, T value, T by_default) {
    Add({"sentinel", setting, group.name, Number(value)}, value == by_default);
  }
  std::vector<ConfigFileLine> Take() { return std::move(lines_); }

 private:
  std::vector<ConfigFileLine> lines_;
};

void WriteGroup(const PersistedGroup& group, ConfigFileWriter* out) {
  const std::string& name = group.name;
  out->Add({"sentinel", "monitor", name, group.primary.host, std::to_string(group.primary.port),
            std::to_string(group.quorum)});
  out->AddNumber("down-after-milliseconds", group, group.down_after, core::kDownAfterDefault);
  out->AddNumber("failover-timeout", group, group.failover_timeout, core::kFailoverTimeoutDefault);
  out->AddNumber("parallel-syncs", group, Millis(group.parallel_syncs),
                 Millis(core::kParallelSyncsDefault));
  out->AddUnlessEmpty("notification-script", group, group.notification_script);
  out->AddUnlessEmpty("client-reconfig-script", group, group.client_reconfig_script);
  out->AddUnlessEmpty("auth-pass", group, group.auth_password);
  out->AddUnlessEmpty("auth-user", group, group.auth_user);
  out->AddNumber("master-reboot-down-after-period", group, group.reboot_down_after, Millis(0));
  out->Add({"sentinel", "config-epoch", name, Number(group.config_epoch)});
  out->Add({"sentinel", "leader-epoch", name, Number(group.leader_epoch)});
  for (const core::Address& replica : group.replicas) {
    out->Add({"sentinel", "known-replica", name, replica.host, std::to_string(replica.port)});
  }
  for (const core::PersistedPeer& peer : group.peers) {
    out->Add({"sentinel", "known-sentinel", name, peer.address.host,
              std::to_string(peer.address.port), peer.id});
  }
  for (const auto& [from, to] : group.renamed_commands) {
    out->Add({"sentinel", "rename-command", name, from, to});
  }
}

void WriteGlobals(const core::Globals& globals, ConfigFileWriter* out) {
  const auto yes_no = [&](const char* name, bool value, bool by_default) {
    out->Add({"sentinel", name, value ? "yes" : "no"}, value == by_default);
  };
  yes_no("deny-scripts-reconfig", globals.deny_scripts_reconfig, true);
  yes_no("resolve-hostnames", globals.resolve_hostnames, false);
  yes_no("announce-hostnames", globals.announce_hostnames, false);
  if (!globals.announce_ip.empty()) out->Add({"sentinel", "announce-ip", globals.announce_ip});
  if (globals.announce_port != 0) {
    out->Add({"sentinel", "announce-port", std::to_string(globals.announce_port)});
  }
  if (!globals.peer_user.empty()) out->Add({"sentinel", "sentinel-user", globals.peer_user});
  if (!globals.peer_password.empty()) {
    out->Add({"sentinel", "sentinel-pass", globals.peer_password});
  }
  for (const Words& user : globals.users) {
    Words words = {"user"};
    words.insert(words.end(), user.begin(), user.end());
    out->Add(words);
  }
  if (!globals.log_level.empty()) {
    out->Add({"loglevel", globals.log_level}, globals.log_level == "notice");
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
  // As sentinels of long ago wrote it, without the id: nothing can be known by it.
  if (words[1] == "known-sentinel" && words.size() == 5) return true;
  return ApplyRow(kSettings, words, 1, state);
}

std::vector<std::string> StateLines(const PersistedState& state) {
  std::vector<std::string> lines;
  lines.push_back(Line({"sentinel", "myid", state.my_id}));
  lines.push_back(Line({"redisha-state", state.may_vote ? "yes" : "no"}));
  for (const auto& [name, group] : state.groups) {
    lines.push_back(Line({"sentinel", "config-epoch", name, Number(group.config_epoch)}));
    lines.push_back(Line({"sentinel", "leader-epoch", name, Number(group.leader_epoch)}));
    for (const core::Address& replica : group.replicas) {
      lines.push_back(
          Line({"sentinel", "known-replica", name, replica.host, std::to_string(replica.port)}));
    }
    for (const core::PersistedPeer& peer : group.peers) {
      lines.push_back(Line({"sentinel", "known-sentinel", name, peer.address.host,
                            std::to_string(peer.address.port), peer.id}));
    }
    lines.push_back(Line({"redisha-leader", name, group.leader_id}));
    lines.push_back(
        Line({"redisha-primary", name, group.primary.host, std::to_string(group.primary.port),
              group.primary_member, group.config_leader}));
    for (const core::DataMark& mark : group.lineage) {
      lines.push_back(Line({"redisha-data", name, Number(mark.epoch), mark.replid}));
    }
  }
  lines.push_back(Line({"sentinel", "current-epoch", Number(state.current_epoch)}));
  return lines;
}

std::vector<ConfigFileLine> ConfigFileLines(const PersistedState& state) {
  ConfigFileWriter out;
  out.Add({"sentinel", "myid", state.my_id});
  WriteGlobals(state.globals, &out);
  for (const auto& [name, group] : state.groups) WriteGroup(group, &out);
  out.Add({"sentinel", "current-epoch", Number(state.current_epoch)});
  return out.Take();
}

std::string ConfigFileKey(const std::vector<std::string>& words) {
  const auto is_one_of = [](const std::string& word, std::initializer_list<const char*> names) {
    return std::find(names.begin(), names.end(), word) != names.end();
  };
  if (is_one_of(words[0], {"announce-ip", "announce-port"})) return "sentinel " + words[0];
  if (words[0] == "loglevel") return words[0];
  if (words[0] == "user" && words.size() > 1) return "user " + words[1];
  if (words[0] != "sentinel" || words.size() < 3) return "";
  std::string name = core::Lower(words[1]);
  if (is_one_of(name, {"myid", "current-epoch", "announce-ip", "announce-port", "sentinel-user",
                       "sentinel-pass", "resolve-hostnames", "announce-hostnames",
                       "deny-scripts-reconfig"})) {
    return "sentinel " + name;
  }
  if (name == "known-slave") name = "known-replica";
  const bool known = name == "monitor" ||
                     std::any_of(std::begin(kSettings), std::end(kSettings),
                                 [&](const Setting& setting) { return name == setting.name; });
  if (!known) return "";
  std::string key = "sentinel " + name + " " + words[2];
  if (name == "rename-command" && words.size() > 3) key += " " + core::CommandName(words[3]);
  return key;
}

}  // namespace rha::sidecar::shell
