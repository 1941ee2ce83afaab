#include "container/sentinel_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "common/base/config_text.h"

namespace rha::container {
namespace {

constexpr std::string_view kNoSentinelTls =
    "sentinels do not speak TLS here: leave it out, and encrypt the network";
constexpr std::string_view kOfServers = "it means something to a data server alone";

constexpr Variable kSentinelVariables[] = {
    {"ALLOW_EMPTY_PASSWORD", Kind::kYesNo, "serve everybody who reaches the port"},
    {"BITNAMI_DEBUG", Kind::kYesNo, "loglevel debug"},
    {"REDIS_MASTER_HOST", Kind::kText, "the first primary; redis"},
    {"REDIS_MASTER_PORT_NUMBER", Kind::kPort, "its port; 6379"},
    {"REDIS_MASTER_SET", Kind::kText, "the name clients ask for; mymaster"},
    {"REDIS_MASTER_USER", Kind::kText, "whom sentinels are on the servers"},
    {"REDIS_MASTER_PASSWORD", Kind::kText, "the servers' password"},
    {"REDIS_SENTINEL_PASSWORD", Kind::kText, "requirepass"},
    {"REDIS_SENTINEL_PORT_NUMBER", Kind::kPort, "port; 26379"},
    {"REDIS_SENTINEL_QUORUM", Kind::kNumber, "how many must find the primary down; 2"},
    {"REDIS_SENTINEL_DOWN_AFTER_MILLISECONDS", Kind::kNumber, "silence that makes it down; 60000"},
    {"REDIS_SENTINEL_FAILOVER_TIMEOUT", Kind::kNumber, "milliseconds; 180000"},
    {"REDIS_SENTINEL_MASTER_REBOOT_DOWN_AFTER_PERIOD", Kind::kNumber, "milliseconds; 0"},
    {"REDIS_SENTINEL_RESOLVE_HOSTNAMES", Kind::kYesNo, "host names may stand for addresses; yes"},
    {"REDIS_SENTINEL_ANNOUNCE_HOSTNAMES", Kind::kOff,
     "sentinels announce addresses here: set it to no"},
    {"REDIS_SENTINEL_ANNOUNCE_IP", Kind::kText, "announce-ip"},
    {"REDIS_SENTINEL_ANNOUNCE_PORT", Kind::kPort, "announce-port"},
    {"REDIS_SENTINEL_DATA_DIR", Kind::kText, "where sentinel.conf is kept; /data"},
    {"REDIS_SENTINEL_TLS_ENABLED", Kind::kOff, kNoSentinelTls},
    {"REDIS_SENTINEL_TLS_PORT_NUMBER", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_TLS_CERT_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_TLS_KEY_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_TLS_CA_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_TLS_CA_DIR", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_TLS_DH_PARAMS_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_TLS_AUTH_CLIENTS", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_HOST", Kind::kUnused, kOfServers},
    {"REDIS_SENTINEL_MASTER_NAME", Kind::kUnused, "use REDIS_MASTER_SET"},
    {"REDIS_SENTINEL_DISABLE_COMMANDS", Kind::kUnused, kOfServers},
    {"REDIS_SENTINEL_DATABASE", Kind::kUnused, kOfServers},
    {"REDIS_SENTINEL_AOF_ENABLED", Kind::kUnused, kOfServers},
};

// What a line is about: its directive, with the second word of "sentinel ...".
std::string Subject(const ConfigLine& line) {
  const bool more = line.words[0] == "sentinel" && line.words.size() > 1;
  return more ? "sentinel " + line.words[1] : line.words[0];
}

// What the environment decides, whether it says it or not: a password that is gone from there is
// gone.
const std::set<std::string, std::less<>> kDecided = {
    "port",
    "requirepass",
    "loglevel",
    "sentinel monitor",
    "sentinel down-after-milliseconds",
    "sentinel failover-timeout",
    "sentinel parallel-syncs",
    "sentinel master-reboot-down-after-period",
    "sentinel auth-pass",
    "sentinel auth-user",
    "sentinel resolve-hostnames",
    "sentinel announce-ip",
    "sentinel announce-port",
};

const ConfigLine* FindMonitor(const std::vector<ConfigLine>& lines) {
  const auto found = std::ranges::find_if(lines, [](const ConfigLine& line) {
    return Subject(line) == "sentinel monitor" && line.words.size() == 6;
  });
  return found == lines.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Variable> SentinelVariables() { return kSentinelVariables; }

Result<std::string> SentinelConfig(Settings* settings) {
  std::string config;
  if (!settings->any()) {
    RHA_RETURN_IF_ERROR(settings->Check());
    return config;
  }
  const std::string name = settings->Text("REDIS_MASTER_SET", "mymaster");
  const auto setting = [&](const char* directive, const std::string& value) {
    config += ConfigLineOf({"sentinel", directive, name, value});
  };
  config += ConfigLineOf({"port", settings->Text("REDIS_SENTINEL_PORT_NUMBER", "26379")});
  if (settings->Has("REDIS_SENTINEL_PASSWORD")) {
    config += ConfigLineOf({"requirepass", settings->Text("REDIS_SENTINEL_PASSWORD")});
  } else if (!settings->Yes("ALLOW_EMPTY_PASSWORD")) {
    settings->Refuse(
        "REDIS_SENTINEL_PASSWORD is not set: set it, or ALLOW_EMPTY_PASSWORD=yes where nobody else "
        "reaches the port");
  }
  if (settings->Yes("BITNAMI_DEBUG")) config += ConfigLineOf({"loglevel", "debug"});
  const std::string names = settings->Text("REDIS_SENTINEL_RESOLVE_HOSTNAMES", "yes");
  config += ConfigLineOf({"sentinel", "resolve-hostnames", names});
  for (const auto& [variable, directive] :
       {std::pair("REDIS_SENTINEL_ANNOUNCE_IP", "announce-ip"),
        std::pair("REDIS_SENTINEL_ANNOUNCE_PORT", "announce-port")}) {
    if (settings->Has(variable)) {
      config += ConfigLineOf({"sentinel", directive, settings->Text(variable)});
    }
  }
  config += ConfigLineOf({"sentinel", "monitor", name, settings->Text("REDIS_MASTER_HOST", "redis"),
                          settings->Text("REDIS_MASTER_PORT_NUMBER", "6379"),
                          settings->Text("REDIS_SENTINEL_QUORUM", "2")});
  setting("down-after-milliseconds",
          settings->Text("REDIS_SENTINEL_DOWN_AFTER_MILLISECONDS", "60000"));
  setting("failover-timeout", settings->Text("REDIS_SENTINEL_FAILOVER_TIMEOUT", "180000"));
  setting("parallel-syncs", "1");
  setting("master-reboot-down-after-period",
          settings->Text("REDIS_SENTINEL_MASTER_REBOOT_DOWN_AFTER_PERIOD", "0"));
  if (settings->Has("REDIS_MASTER_USER")) setting("auth-user", settings->Text("REDIS_MASTER_USER"));
  if (settings->Has("REDIS_MASTER_PASSWORD")) {
    setting("auth-pass", settings->Text("REDIS_MASTER_PASSWORD"));
  }
  RHA_RETURN_IF_ERROR(settings->Check());
  return config;
}

Result<std::string> MergeSentinelConfig(const std::string& wanted, const std::string& kept) {
  RHA_ASSIGN_OR_RETURN(const std::vector<ConfigLine> old_lines, ParseConfigText(kept));
  RHA_ASSIGN_OR_RETURN(std::vector<ConfigLine> lines, ParseConfigText(wanted));
  const ConfigLine* known = FindMonitor(old_lines);
  std::string merged;
  for (ConfigLine& line : lines) {
    if (known != nullptr && Subject(line) == "sentinel monitor") {
      if (known->words[2] != line.words[2]) {
        return Status(Code::kInvalid,
                      fmt::format("it watches '{}', the environment says '{}' (REDIS_MASTER_SET): "
                                  "remove the file to begin anew",
                                  known->words[2], line.words[2]));
      }
      line.words[3] = known->words[3];  // who is primary is what the sentinels have agreed on
      line.words[4] = known->words[4];
    }
    merged += ConfigLineOf(line.words);
  }
  for (const ConfigLine& line : old_lines) {
    if (!kDecided.contains(Subject(line))) merged += ConfigLineOf(line.words);
  }
  return merged;
}

}  // namespace rha::container
