#include "sidecar/core/settings.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "sidecar/core/limits.h"
#include "sidecar/core/text.h"

namespace rha::sidecar::core {
namespace {

Status Invalid(std::string_view option, std::string_view value) {
  return {Code::kInvalid, "ERR Invalid argument '" + std::string(value) + "' for SENTINEL SET '" +
                              std::string(option) + "'"};
}

Status SetMillis(Millis& field, int64_t least, std::string_view option, std::string_view value) {
  const auto number = ParseNumber<int64_t>(value);
  if (!number || *number < least || *number > kPeriodMost.count()) return Invalid(option, value);
  field = Millis{*number};
  return Status::Ok();
}

Status SetCount(int& field, std::string_view option, std::string_view value) {
  const auto number = ParseNumber<int>(value);
  if (!number || *number <= 0) return Invalid(option, value);
  field = *number;
  return Status::Ok();
}

Status SetRename(GroupConfig& config, std::string_view option, std::string_view value) {
  const auto words = Split(value, ' ');
  if (words.size() != 2 || words[0].empty() || words[1].empty()) return Invalid(option, value);
  const std::string name = CommandName(words[0]);
  if (name == CommandName(words[1])) {
    config.renamed_commands.erase(name);
  } else {
    config.renamed_commands[name] = words[1];
  }
  return Status::Ok();
}

}  // namespace

bool IsSecretSetting(std::string_view option) { return Lower(option) == "auth-pass"; }

bool ConcernsLinks(std::string_view option) {
  const std::string name = Lower(option);
  return name == "auth-pass" || name == "auth-user" || name == "rename-command";
}

bool IsScriptSetting(std::string_view option) {
  const std::string name = Lower(option);
  return name == "notification-script" || name == "client-reconfig-script";
}

std::string CommandName(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : char(c); });
  return upper;
}

Status ApplySetting(GroupConfig& config, std::string_view option, std::string_view value) {
  // A newline in a value would become a line of its own in a rewritten configuration file.
  if (HasControlCharacter(value) || HasControlCharacter(option)) {
    return {Code::kInvalid, "ERR Control characters are not allowed in SENTINEL SET"};
  }
  const std::string name = Lower(option);
  if (name == "down-after-milliseconds") return SetMillis(config.down_after, 1, option, value);
  if (name == "failover-timeout") return SetMillis(config.failover_timeout, 1, option, value);
  if (name == "parallel-syncs") return SetCount(config.parallel_syncs, option, value);
  if (name == "quorum") return SetCount(config.quorum, option, value);
  if (name == "master-reboot-down-after-period") {
    return SetMillis(config.reboot_down_after, 0, option, value);
  }
  if (name == "auth-pass") return config.auth_password = value, Status::Ok();
  if (name == "auth-user") return config.auth_user = value, Status::Ok();
  if (name == "notification-script") return config.notification_script = value, Status::Ok();
  if (name == "client-reconfig-script") return config.client_reconfig_script = value, Status::Ok();
  if (name == "rename-command") return SetRename(config, option, value);
  return {Code::kInvalid, "ERR Unknown option or number of arguments for SENTINEL SET '" +
                              std::string(option) + "'"};
}

namespace {

Status SetYesNo(bool& field, std::string_view value) {
  const std::string word = Lower(value);
  if (word != "yes" && word != "no") return {Code::kInvalid, ""};
  field = word == "yes";
  return Status::Ok();
}

Status SetHost(std::string& field, std::string_view value) {
  if (!value.empty() && !IsHost(value)) return {Code::kInvalid, ""};
  field = value;
  return Status::Ok();
}

Status SetPort(uint16_t& field, std::string_view value) {
  const auto port = ParseNumber<uint16_t>(value);
  if (!port) return {Code::kInvalid, ""};
  field = *port;
  return Status::Ok();
}

Status SetLogLevel(std::string& field, std::string_view value) {
  const std::string word = Lower(value);
  for (const std::string_view known : {"debug", "verbose", "notice", "warning"}) {
    if (word == known) return field = word, Status::Ok();
  }
  return {Code::kInvalid, ""};
}

// One row per setting. An error of `set` is Redis' "Invalid value".
struct GlobalRow {
  const char* name;
  Status (*set)(Globals& globals, std::string_view value);
  std::string (*get)(const Globals& globals);
};

#define RHA_YES_NO(member)                                              \
  [](Globals& g, std::string_view v) { return SetYesNo(g.member, v); }, \
      [](const Globals& g) { return std::string(g.member ? "yes" : "no"); }
#define RHA_TEXT(member)                                                     \
  [](Globals& g, std::string_view v) { return g.member = v, Status::Ok(); }, \
      [](const Globals& g) { return g.member; }

const GlobalRow kGlobalRows[] = {
    {"resolve-hostnames", RHA_YES_NO(resolve_hostnames)},
    {"announce-hostnames", RHA_YES_NO(announce_hostnames)},
    {"announce-ip", [](Globals& g, std::string_view v) { return SetHost(g.announce_ip, v); },
     [](const Globals& g) { return g.announce_ip; }},
    {"announce-port", [](Globals& g, std::string_view v) { return SetPort(g.announce_port, v); },
     [](const Globals& g) { return std::to_string(g.announce_port); }},
    {"sentinel-user", RHA_TEXT(peer_user)},
    {"sentinel-pass", RHA_TEXT(peer_password)},
    {"loglevel", [](Globals& g, std::string_view v) { return SetLogLevel(g.log_level, v); },
     [](const Globals& g) { return g.log_level.empty() ? "notice" : g.log_level; }},
};
#undef RHA_YES_NO
#undef RHA_TEXT

}  // namespace

Status ApplyGlobal(Globals& globals, std::string_view name, std::string_view value) {
  const std::string lower = Lower(name);
  const auto row = std::find_if(std::begin(kGlobalRows), std::end(kGlobalRows),
                                [&](const GlobalRow& r) { return lower == r.name; });
  if (row == std::end(kGlobalRows)) {
    return {Code::kInvalid,
            "ERR Invalid argument '" + std::string(name) + "' to SENTINEL CONFIG SET"};
  }
  if (HasControlCharacter(value) || !row->set(globals, value).ok()) {
    return {Code::kInvalid, "ERR Invalid value '" + std::string(value) +
                                "' to SENTINEL CONFIG SET '" + std::string(name) + "'"};
  }
  return Status::Ok();
}

std::vector<std::pair<std::string, std::string>> GlobalFields(const Globals& globals) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const GlobalRow& row : kGlobalRows) fields.emplace_back(row.name, row.get(globals));
  return fields;
}

}  // namespace rha::sidecar::core
