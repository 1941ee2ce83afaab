#include "container/node_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/config_text.h"

namespace rha::container {
namespace {

constexpr std::string_view kNoNodeTls =
    "this server does not speak TLS: leave it out, and encrypt the network or put a proxy in front";
constexpr std::string_view kNoSentinelLookup =
    "a replica does not ask Sentinel at its start: name its primary by REDIS_MASTER_HOST, and "
    "Sentinel points it elsewhere when that has changed";

constexpr Variable kNodeVariables[] = {
    {"ALLOW_EMPTY_PASSWORD", Kind::kYesNo, "serve everybody who reaches the port"},
    {"BITNAMI_DEBUG", Kind::kYesNo, "loglevel debug"},
    {"REDIS_PASSWORD", Kind::kText, "requirepass"},
    {"REDIS_PORT_NUMBER", Kind::kPort, "port; 6379"},
    {"REDIS_REPLICATION_MODE", Kind::kText, "master or replica"},
    {"REDIS_MASTER_HOST", Kind::kText, "whom a replica follows"},
    {"REDIS_MASTER_PORT_NUMBER", Kind::kPort, "its port; 6379"},
    {"REDIS_MASTER_PASSWORD", Kind::kText, "its password"},
    {"REDIS_REPLICA_IP", Kind::kText, "replica-announce-ip"},
    {"REDIS_REPLICA_PORT", Kind::kPort, "replica-announce-port"},
    {"REDIS_ALLOW_REMOTE_CONNECTIONS", Kind::kYesNo, "no: listen on the loopback alone"},
    {"REDIS_RDB_POLICY", Kind::kText, "save points: \"900#1 300#10\""},
    {"REDIS_RDB_POLICY_DISABLED", Kind::kYesNo, "yes: no save points"},
    {"REDIS_DISABLE_COMMANDS", Kind::kText, "commands to leave out: FLUSHDB,FLUSHALL"},
    {"REDIS_EXTRA_FLAGS", Kind::kText, "further options: --maxmemory 1gb"},
    {"REDIS_DATA_DIR", Kind::kText, "dir; /data"},
    {"REDIS_OVERRIDES_FILE", Kind::kText, "a configuration file that is read last"},
    {"REDIS_IO_THREADS", Kind::kNumber, "io-threads"},
    {"REDIS_IO_THREADS_DO_READS", Kind::kYesNo, "io-threads-do-reads"},
    {"REDIS_AOF_ENABLED", Kind::kYesNo, "appendonly; yes if the volume is one of Bitnami's image"},
    {"REDIS_ACLFILE", Kind::kText, "aclfile"},
    {"REDIS_DATABASE", Kind::kUnused, "databases have numbers, no names"},
    {"REDIS_TLS_ENABLED", Kind::kOff, kNoNodeTls},
    {"REDIS_TLS_PORT", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_PORT_NUMBER", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_CERT_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_KEY_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_KEY_FILE_PASS", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_CA_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_CA_DIR", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_DH_PARAMS_FILE", Kind::kUnused, kTlsDetail},
    {"REDIS_TLS_AUTH_CLIENTS", Kind::kUnused, kTlsDetail},
    {"REDIS_SENTINEL_HOST", Kind::kRefused, kNoSentinelLookup},
    {"REDIS_SENTINEL_MASTER_NAME", Kind::kUnused, kNoSentinelLookup},
    {"REDIS_SENTINEL_PORT_NUMBER", Kind::kUnused, kNoSentinelLookup},
    {"REDIS_SENTINEL_PASSWORD", Kind::kUnused, kNoSentinelLookup},
};

void Passwords(Settings* settings, std::string* config) {
  const bool allow_empty = settings->Yes("ALLOW_EMPTY_PASSWORD");
  if (settings->Has("REDIS_PASSWORD")) {
    *config += ConfigLineOf({"requirepass", settings->Text("REDIS_PASSWORD")});
  } else if (!allow_empty) {
    settings->Refuse(
        "REDIS_PASSWORD is not set: set it, or ALLOW_EMPTY_PASSWORD=yes where nobody else reaches "
        "the port");
  }
  if (allow_empty) *config += ConfigLineOf({"protected-mode", "no"});
  if (settings->Has("REDIS_ACLFILE")) {
    *config += ConfigLineOf({"aclfile", settings->Text("REDIS_ACLFILE")});
  }
}

void Replication(Settings* settings, std::string* config) {
  const std::string mode = settings->Text("REDIS_REPLICATION_MODE");
  const std::string password = settings->Text("REDIS_MASTER_PASSWORD");
  if (mode == "replica" || mode == "slave") {
    if (!settings->Has("REDIS_MASTER_HOST")) {
      settings->Refuse("REDIS_REPLICATION_MODE=replica wants REDIS_MASTER_HOST");
    }
    if (password.empty() && !settings->Yes("ALLOW_EMPTY_PASSWORD")) {
      settings->Refuse(
          "REDIS_MASTER_PASSWORD is not set: set it, or ALLOW_EMPTY_PASSWORD=yes if the primary "
          "has none");
    }
    *config += ConfigLineOf({"replicaof", settings->Text("REDIS_MASTER_HOST"),
                             settings->Text("REDIS_MASTER_PORT_NUMBER", "6379")});
    if (!password.empty()) *config += ConfigLineOf({"masterauth", password});
  } else if (mode == "master") {
    // It will be a replica of another one some day.
    const std::string later = password.empty() ? settings->Text("REDIS_PASSWORD") : password;
    if (!later.empty()) *config += ConfigLineOf({"masterauth", later});
  } else if (!mode.empty()) {
    settings->Refuse("REDIS_REPLICATION_MODE must be master or replica");
  } else {
    for (const char* name :
         {"REDIS_MASTER_HOST", "REDIS_MASTER_PORT_NUMBER", "REDIS_MASTER_PASSWORD"}) {
      if (settings->Has(name)) {
        settings->Refuse(fmt::format("{} wants REDIS_REPLICATION_MODE=replica", name));
      }
    }
  }
}

void SavePoints(Settings* settings, std::string* config) {
  const bool disabled = settings->Yes("REDIS_RDB_POLICY_DISABLED");
  if (!settings->Has("REDIS_RDB_POLICY")) {
    if (disabled) *config += ConfigLineOf({"save", ""});
    return;
  }
  if (disabled) settings->Refuse("REDIS_RDB_POLICY and REDIS_RDB_POLICY_DISABLED=yes contradict");
  std::string points = settings->Text("REDIS_RDB_POLICY");
  std::ranges::replace(points, '#', ' ');
  const auto words = SplitConfigWords(points);
  if (!words.ok() || words->empty() || words->size() % 2 != 0) {
    return settings->Refuse(
        "REDIS_RDB_POLICY must be SECONDS#CHANGES, several with blanks between");
  }
  std::vector<std::string> line = {"save"};
  line.insert(line.end(), words->begin(), words->end());
  *config += ConfigLineOf(line);
}

void DisabledCommands(const Settings& settings, std::string* config) {
  std::string names = settings.Text("REDIS_DISABLE_COMMANDS");
  std::ranges::replace(names, ',', ' ');
  const auto words = SplitConfigWords(names);
  if (!words.ok()) return;
  for (const std::string& name : *words) *config += ConfigLineOf({"rename-command", name, ""});
}

void ExtraFlags(Settings* settings, std::string* config) {
  const auto words = SplitConfigWords(settings->Text("REDIS_EXTRA_FLAGS"));
  if (!words.ok()) return settings->Refuse("REDIS_EXTRA_FLAGS: unbalanced quotes");
  std::vector<std::string> line;
  for (const std::string& word : *words) {
    if (word.starts_with("--")) {
      if (!line.empty()) *config += ConfigLineOf(line);
      line = {word.substr(2)};
    } else if (line.empty()) {
      return settings->Refuse("REDIS_EXTRA_FLAGS must begin with --");
    } else {
      line.push_back(word);
    }
  }
  if (!line.empty()) *config += ConfigLineOf(line);
}

}  // namespace

std::span<const Variable> NodeVariables() { return kNodeVariables; }

Result<std::string> NodeConfig(Settings* settings, const std::string& found_overrides,
                               const std::string& found_dir) {
  std::string config;
  const std::string dir = settings->Text("REDIS_DATA_DIR", found_dir);
  if (!dir.empty()) config += ConfigLineOf({"dir", dir});
  if (settings->any()) {
    Passwords(settings, &config);
    Replication(settings, &config);
    SavePoints(settings, &config);
    // Bitnami's image keeps such a file by default: on its volume that is where the data are.
    if (settings->Yes("REDIS_AOF_ENABLED", !found_dir.empty())) {
      config += ConfigLineOf({"appendonly", "yes"});
    }
    DisabledCommands(*settings, &config);
    constexpr std::pair<const char*, const char*> kDirect[] = {
        {"REDIS_PORT_NUMBER", "port"},
        {"REDIS_REPLICA_IP", "replica-announce-ip"},
        {"REDIS_REPLICA_PORT", "replica-announce-port"},
        {"REDIS_IO_THREADS", "io-threads"},
        {"REDIS_IO_THREADS_DO_READS", "io-threads-do-reads"},
    };
    for (const auto& [name, directive] : kDirect) {
      if (settings->Has(name)) config += ConfigLineOf({directive, settings->Text(name)});
    }
    if (!settings->Yes("REDIS_ALLOW_REMOTE_CONNECTIONS", true)) {
      config += ConfigLineOf({"bind", "127.0.0.1", "-::1"});
    }
    if (settings->Yes("BITNAMI_DEBUG")) config += ConfigLineOf({"loglevel", "debug"});
    ExtraFlags(settings, &config);
  }
  const std::string overrides = settings->Text("REDIS_OVERRIDES_FILE", found_overrides);
  if (!overrides.empty()) config += ConfigLineOf({"include", overrides});
  RHA_RETURN_IF_ERROR(settings->Check());
  return config;
}

}  // namespace rha::container
