#include "node/app/options.h"

#include <algorithm>

#include "common/base/host.h"
#include "common/net/socket.h"
#include "node/app/option_kinds.h"
#include "node/app/process_options.h"
#include "node/app/remembered_options.h"
#include "node/dispatch/limits.h"
#include "node/dispatch/table.h"
#include "node/keyspace/event.h"
#include "node/structs/decimal.h"

namespace rha::node::app {
namespace {

constexpr std::string_view kBlanks = " \t\n\v\f\r";

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

std::string Joined(const Lines& lines) {
  std::string joined;
  for (const auto& words : lines) joined += (joined.empty() ? "" : " ") + JoinedWords(words);
  return joined;
}

// ---- bind

Status SetBind(Config& config, Words words) {
  constexpr size_t kAddressesMax = 16;
  if (words.size() > kAddressesMax) return Invalid("Too many bind addresses specified.");
  config.bind.clear();
  for (const std::string& word : words) {
    if (word.find_first_of(kBlanks) != std::string::npos)
      return Invalid("an address has no blanks");
    if (!word.empty()) config.bind.push_back(word);
  }
  return {};
}

Lines BindLines(const Config& config) {
  return {config.bind.empty() ? std::vector<std::string>{""} : config.bind};
}

// ---- bind-source-addr

Status SetSource(Config& config, Words words) {
  if (words.size() != 1) return Invalid("wrong number of arguments");
  if (!words[0].empty() && !net::IsNumericIp(words[0])) {
    return Invalid("it must be an IP address of this machine, or empty");
  }
  config.source_ip = words[0];
  return {};
}

// ---- save: "save 900 1 300 10", or several lines, or "" for none

Status SetSave(Config& config, Words words) {
  if (words.empty() || (words.size() == 1 && words[0].empty())) {
    config.save_points.clear();
    config.save_points_given = true;
    return {};
  }
  if (words.size() % 2 != 0) return Invalid("Invalid save parameters");
  std::vector<SavePoint> points;
  for (size_t i = 0; i < words.size(); i += 2) {
    SavePoint point{};
    if (!structs::ParseDecimal(words[i], &point.seconds) || point.seconds < 1 ||
        !structs::ParseDecimal(words[i + 1], &point.changes) || point.changes < 0) {
      return Invalid("Invalid save parameters");
    }
    points.push_back(point);
  }
  // The first line of a file takes the place of the defaults, further ones add to it.
  if (!config.save_points_given) config.save_points.clear();
  config.save_points_given = true;
  config.save_points.insert(config.save_points.end(), points.begin(), points.end());
  return {};
}

Lines SaveLines(const Config& config) {
  Lines lines;
  for (const SavePoint& point : config.save_points) {
    lines.push_back({std::to_string(point.seconds), std::to_string(point.changes)});
  }
  if (lines.empty()) lines.push_back({""});
  return lines;
}

std::string ShowSave(const Config& config) {
  return config.save_points.empty() ? "" : Joined(SaveLines(config));
}

// ---- client-output-buffer-limit

constexpr std::string_view kOutputClasses[] = {"normal", "slave", "pubsub"};

int OutputClassIndex(std::string_view name) {
  if (dispatch::EqualsIgnoreCase(name, "replica")) name = "slave";
  for (int i = 0; i < 3; ++i) {
    if (dispatch::EqualsIgnoreCase(name, kOutputClasses[i])) return i;
  }
  return -1;
}

Status SetOutputLimit(Config& config, Words words) {
  if (words.empty() || words.size() % 4 != 0) {
    return Invalid("Wrong number of arguments in buffer limit configuration.");
  }
  auto limits = config.output_limits;
  for (size_t i = 0; i < words.size(); i += 4) {
    const int index = OutputClassIndex(words[i]);
    if (index < 0) return Invalid("Invalid client class specified in buffer limit configuration.");
    const int64_t hard = ParseMemory(words[i + 1]);
    const int64_t soft = ParseMemory(words[i + 2]);
    int64_t seconds = 0;
    if (hard < 0 || soft < 0 || !structs::ParseDecimal(words[i + 3], &seconds) || seconds < 0) {
      return Invalid("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    }
    limits[static_cast<size_t>(index)] = {static_cast<size_t>(hard), static_cast<size_t>(soft),
                                          seconds};
  }
  config.output_limits = limits;
  return {};
}

Lines OutputLimitLines(const Config& config) {
  Lines lines;
  for (size_t i = 0; i < 3; ++i) {
    const OutputLimit& limit = config.output_limits[i];
    lines.push_back({std::string(kOutputClasses[i]), std::to_string(limit.hard_bytes),
                     std::to_string(limit.soft_bytes), std::to_string(limit.soft_seconds)});
  }
  return lines;
}

// ---- maxmemory-clients: bytes, or a percentage of maxmemory

Status SetClientMemory(Config& config, Words words) {
  if (words.size() != 1) return Invalid("wrong number of arguments");
  std::string_view text = words[0];
  if (!text.ends_with('%')) {
    const int64_t bytes = ParseMemory(text);
    if (bytes < 0) return Invalid("argument must be a memory or percent value");
    config.client_memory_max = bytes;
    return {};
  }
  text.remove_suffix(1);
  int64_t percent = 0;
  if (!structs::ParseDecimal(text, &percent)) {
    return Invalid("argument must be a memory or percent value");
  }
  if (percent < 0 || percent > 100)
    return Invalid("percentage argument must be less or equal to 100");
  config.client_memory_max = -percent;
  return {};
}

std::string ShowClientMemory(const Config& config) {
  const int64_t value = config.client_memory_max;
  return value < 0 ? std::to_string(-value) + "%" : std::to_string(value);
}

// ---- replicaof, requirepass

Status SetReplicaOf(Config& config, Words words) {
  if (words.size() != 2) return Invalid("wrong number of arguments");
  if (dispatch::EqualsIgnoreCase(words[0], "no") && dispatch::EqualsIgnoreCase(words[1], "one")) {
    config.primary_host.clear();
    return {};
  }
  int64_t port = 0;
  if (!structs::ParseDecimal(words[1], &port) || port < 0 || port > 65535) {
    return Invalid("Invalid master port");
  }
  if (words[0].empty() || words[0].find_first_of(kBlanks) != std::string::npos) {
    return Invalid("Invalid master host");
  }
  config.primary_host = words[0];
  config.primary_port = port;
  return {};
}

std::string ShowReplicaOf(const Config& config) {
  if (config.primary_host.empty()) return "";
  return config.primary_host + " " + std::to_string(config.primary_port);
}

// A managed node gets its role from its sidecar at every start, never from a file.
Lines ReplicaOfLines(const Config& config) {
  if (config.primary_host.empty() || config.managed) return {{"no", "one"}};
  return {{config.primary_host, std::to_string(config.primary_port)}};
}

Status SetPassword(Config& config, Words words) {
  if (words.size() != 1) return Invalid("wrong number of arguments");
  config.password = words[0];
  config.password_named = true;
  return {};
}

// ---- rename-command

Status AddRenamedCommand(Config& config, Words words) {
  if (words.size() != 2) return Invalid("wrong number of arguments");
  if (words[1].find_first_of(kBlanks) != std::string::npos) {
    return Invalid("a command's name has no blanks");
  }
  config.renamed_commands.emplace_back(words[0], words[1]);
  return {};
}

Lines RenamedCommandLines(const Config& config) {
  Lines lines;
  for (const auto& [name, called] : config.renamed_commands) lines.push_back({name, called});
  return lines;
}

// ---- notify-keyspace-events, unixsocketperm, names of files

Status SetEvents(Config& config, Words words) {
  if (words.size() != 1) return Invalid("wrong number of arguments");
  const int64_t mask = ParseEventLetters(words[0]);
  if (mask < 0) return Invalid("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  config.notify_mask = mask;
  return {};
}

Status SetPermissions(Config& config, Words words) {
  if (words.size() != 1 || words[0].empty() || words[0].size() > 4 ||
      words[0].find_first_not_of("01234567") != std::string::npos) {
    return Invalid("argument couldn't be parsed into an integer");
  }
  config.unix_socket_permissions = std::stol(words[0], nullptr, 8);
  return {};
}

std::string ShowPermissions(const Config& config) {
  char octal[16];
  std::snprintf(octal, sizeof octal, "%lo",
                static_cast<unsigned long>(config.unix_socket_permissions));
  return octal;
}

// appendfilename, appenddirname: names within `dir`.
Option NameOption(std::string name, std::string Config::*field) {
  Option option = TextOption(name, field, kImmutable);
  option.set = [name, field](Config& config, Words words) {
    if (words.size() != 1) return Invalid("wrong number of arguments");
    if (words[0].empty()) return Invalid(name + " can't be empty");
    if (words[0].find('/') != std::string::npos || words[0] == "." || words[0] == "..") {
      return Invalid(name + " can't be a path, just a filename");
    }
    config.*field = words[0];
    return Status();
  };
  return option;
}

Option AnnouncedHost() {
  Option option =
      TextOption("replica-announce-ip", &Config::announce_ip, kOfRedisHa, "slave-announce-ip");
  option.set = [](Config& config, Words words) {
    if (words.size() != 1) return Invalid("wrong number of arguments");
    if (!words[0].empty() && !IsHost(words[0])) {
      return Invalid("replica-announce-ip must be an IP address or a host name");
    }
    config.announce_ip = words[0];
    return Status();
  };
  return option;
}

std::vector<Option> NetworkOptions() {
  return {
      {.name = "bind",
       .flags = kManyWords | kOfRedisHa,
       .set = SetBind,
       .get = [](const Config& c) { return JoinedWords(c.bind); },
       .lines = BindLines},
      {.name = "bind-source-addr",
       .set = SetSource,
       .get = [](const Config& c) { return c.source_ip; }},
      IntOption("port", &Config::port, {0, 65535}, kOfRedisHa),
      TextOption("unixsocket", &Config::unix_socket, kImmutable),
      {.name = "unixsocketperm",
       .flags = kImmutable,
       .set = SetPermissions,
       .get = ShowPermissions},
      IntOption("tcp-backlog", &Config::tcp_backlog, {0, INT32_MAX}, kImmutable),
      IntOption("tcp-keepalive", &Config::tcp_keepalive_s, {0, INT32_MAX}),
      IntOption("timeout", &Config::client_timeout_s, {0, INT32_MAX}),
      IntOption("maxclients", &Config::clients_max, {1, UINT32_MAX}),
      BoolOption("protected-mode", &Config::protected_mode),
      MemoryOption("client-query-buffer-limit", &Config::query_buffer_bytes_max, {1 << 20}),
      {.name = "client-output-buffer-limit",
       .flags = kManyWords | kManyLines,
       .set = SetOutputLimit,
       .get = [](const Config& c) { return Joined(OutputLimitLines(c)); },
       .lines = OutputLimitLines},
      {.name = "maxmemory-clients", .set = SetClientMemory, .get = ShowClientMemory},
      IntOption("tracking-table-max-keys", &Config::tracked_keys_max, {0}),
      {.name = "requirepass",
       .flags = kSecret,
       .set = SetPassword,
       .get = [](const Config& c) { return c.password; }},
      TextOption("requirepass-file", &Config::password_file, kImmutable | kOurs),
      TextOption("aclfile", &Config::acl_file, kImmutable),
      EnumOption("acl-pubsub-default", &Config::acl_pubsub_default,
                 {"resetchannels", "allchannels"}),
      IntOption("acllog-max-len", &Config::acl_log_entries_max, {0}),
  };
}

std::vector<Option> DataOptions() {
  return {
      MemoryOption("maxmemory", &Config::memory_max_bytes, {0}),
      EnumOption("maxmemory-policy", &Config::memory_policy,
                 {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru",
                  "allkeys-lfu", "allkeys-random", "noeviction"}),
      IntOption("maxmemory-samples", &Config::eviction_samples, {1, INT32_MAX}),
      IntOption("maxmemory-eviction-tenacity", &Config::eviction_tenacity, {0, 100}),
      IntOption("lfu-log-factor", &Config::lfu_log_factor, {0, INT32_MAX}),
      IntOption("lfu-decay-time", &Config::lfu_decay_minutes, {0, INT32_MAX}),
      IntOption("hash-max-listpack-entries", &Config::hash_max_listpack_entries, {0}),
      MemoryOption("hash-max-listpack-value", &Config::hash_max_listpack_value, {0}),
      MemoryOption("hll-sparse-max-bytes", &Config::hll_sparse_max_bytes, {0}),
      IntOption("set-max-intset-entries", &Config::set_max_intset_entries, {0}),
      IntOption("zset-max-listpack-entries", &Config::zset_max_listpack_entries, {0}),
      MemoryOption("zset-max-listpack-value", &Config::zset_max_listpack_value, {0}),
      IntOption("list-max-listpack-size", &Config::list_max_listpack_size, {INT32_MIN, INT32_MAX}),
      MemoryOption("stream-node-max-bytes", &Config::stream_node_max_bytes, {0}),
      IntOption("stream-node-max-entries", &Config::stream_node_max_entries, {0}),
      MemoryOption("proto-max-bulk-len", &Config::bulk_bytes_max, {1 << 20}),
      {.name = "notify-keyspace-events",
       .set = SetEvents,
       .get =
           [](const Config& c) {
             return FormatEventLetters(static_cast<uint32_t>(c.notify_mask));
           }},
      {.name = "save",
       .flags = kManyWords | kManyLines,
       .set = SetSave,
       .get = ShowSave,
       .lines = SaveLines},
      TextOption("dbfilename", &Config::db_file_name, kProtectedOption | kOfRedisHa),
      BoolOption("rdbcompression", &Config::rdb_compression),
      BoolOption("rdbchecksum", &Config::rdb_checksum, kImmutable),
      BoolOption("stop-writes-on-bgsave-error", &Config::stop_writes_on_save_error),
  };
}

std::vector<Option> AppendOnlyOptions() {
  return {
      BoolOption("appendonly", &Config::append_only, kOfRedisHa),
      NameOption("appendfilename", &Config::append_file_name),
      NameOption("appenddirname", &Config::append_folder),
      EnumOption("appendfsync", &Config::append_fsync, {"always", "everysec", "no"}),
      BoolOption("no-appendfsync-on-rewrite", &Config::no_fsync_on_rewrite),
      IntOption("auto-aof-rewrite-percentage", &Config::rewrite_percent, {0, INT32_MAX}),
      MemoryOption("auto-aof-rewrite-min-size", &Config::rewrite_min_bytes, {0}),
      BoolOption("aof-load-truncated", &Config::aof_load_truncated),
      BoolOption("aof-timestamp-enabled", &Config::append_time_stamps),
      BoolOption("aof-use-rdb-preamble", &Config::append_base_as_rdb),
      BoolOption("aof-disable-auto-gc", &Config::keep_append_history),
  };
}

std::vector<Option> ReplicationOptions() {
  return {
      {.name = "replicaof",
       .alias = "slaveof",
       .flags = kImmutable | kManyWords | kGoesWithDefault,
       .set = SetReplicaOf,
       .get = ShowReplicaOf,
       .lines = ReplicaOfLines},
      TextOption("masteruser", &Config::primary_user, kSecret),
      TextOption("masterauth", &Config::primary_auth, kSecret),
      AnnouncedHost(),
      IntOption("replica-announce-port", &Config::announce_port, {0, 65535}, kOfRedisHa,
                "slave-announce-port"),
      BoolOption("replica-announced", &Config::announced),
      BoolOption("replica-read-only", &Config::replica_read_only, 0, "slave-read-only"),
      BoolOption("replica-serve-stale-data", &Config::replica_serve_stale_data, 0,
                 "slave-serve-stale-data"),
      EnumOption("propagation-error-behavior", &Config::propagation_errors,
                 {"ignore", "panic", "panic-on-replicas"}, kOfRedisHa),
      BoolOption("replica-ignore-maxmemory", &Config::replica_ignore_maxmemory, 0,
                 "slave-ignore-maxmemory"),
      IntOption("replica-priority", &Config::replica_priority, {0, INT32_MAX}, 0, "slave-priority"),
      IntOption("repl-timeout", &Config::replication_timeout_s, {1, INT32_MAX}),
      IntOption("repl-ping-replica-period", &Config::replication_ping_period_s, {1, INT32_MAX}, 0,
                "repl-ping-slave-period"),
      EnumOption("repl-diskless-load", &Config::diskless_load,
                 {"disabled", "on-empty-db", "swapdb"}),
      BoolOption("repl-diskless-sync", &Config::diskless_sync),
      IntOption("repl-diskless-sync-delay", &Config::diskless_sync_delay_s, {0, INT32_MAX}),
      IntOption("repl-diskless-sync-max-replicas", &Config::diskless_sync_replicas, {0, INT32_MAX}),
      IntOption("rdb-key-save-delay", &Config::key_save_delay_us, {INT32_MIN, INT32_MAX}, kHidden),
      IntOption("key-load-delay", &Config::key_load_delay_us, {INT32_MIN, INT32_MAX}, kHidden),
      MemoryOption("repl-backlog-size", &Config::backlog_bytes, {1}),
      IntOption("repl-backlog-ttl", &Config::backlog_ttl_s, {0}),
      BoolOption("repl-disable-tcp-nodelay", &Config::disable_tcp_nodelay),
      IntOption("min-replicas-to-write", &Config::min_replicas_to_write, {0, INT32_MAX}, 0,
                "min-slaves-to-write"),
      IntOption("min-replicas-max-lag", &Config::min_replicas_max_lag_s, {0, INT32_MAX}, 0,
                "min-slaves-max-lag"),
      EnumOption("redisha-stream-compression", &Config::stream_compression, {"no", "lz4"}),
      // Below 100: writes are slowed, never stopped.
      IntOption("redisha-slow-replica-brake-percent", &Config::brake_percent_max, {0, 99}),
  };
}

// No options: CONFIG GET shows them not, as in Redis.
std::vector<Option> FileDirectives() {
  const auto nothing = [](const Config&) { return ""; };
  return {
      {.name = "rename-command",
       .flags = kManyWords | kManyLines | kOnlyInFiles | kGoesWithDefault,
       .set = AddRenamedCommand,
       .get = nothing,
       .lines = RenamedCommandLines},
      {.name = "user",
       .flags = kManyWords | kManyLines | kSecret | kOnlyInFiles | kGoesWithDefault,
       .set = [](Config& c, Words w) { return acl::AddUserLine(w, &c.user_lines); },
       .get = nothing,
       .lines = [](const Config& c) { return c.user_lines; }},
  };
}

std::vector<Option> BuildTable() {
  std::vector<Option> table;
  for (auto part : {NetworkOptions(), ProcessOptions(), DataOptions(), AppendOnlyOptions(),
                    ReplicationOptions(), FileDirectives()}) {
    std::move(part.begin(), part.end(), std::back_inserter(table));
  }
  for (Option& option : RememberedOptions()) table.push_back(std::move(option));
  for (Option& option : table) {  // listpacks were ziplists once
    const size_t at = option.name.find("-max-listpack-");
    if (at != std::string::npos)
      option.alias = std::string(option.name).replace(at + 5, 8, "ziplist");
  }
  return table;
}

struct EventLetter {
  char letter;
  uint32_t bit;
};
constexpr EventLetter kEventLetters[] = {
    {'g', keyspace::kGenericEvent},    {'$', keyspace::kStringEvent},
    {'l', keyspace::kListEvent},       {'s', keyspace::kSetEvent},
    {'h', keyspace::kHashEvent},       {'z', keyspace::kZsetEvent},
    {'x', keyspace::kExpiredEvent},    {'e', keyspace::kEvictedEvent},
    {'t', keyspace::kStreamEvent},     {'d', keyspace::kModuleEvent},
    {'n', keyspace::kNewKeyEvent},     {'K', keyspace::kKeyspaceChannel},
    {'E', keyspace::kKeyeventChannel}, {'m', keyspace::kKeyMissEvent},
};

}  // namespace

const std::vector<Option>& Options() {
  static const std::vector<Option> table = BuildTable();
  return table;
}

Lines LinesOf(const Option& option, const Config& config) {
  return option.lines ? option.lines(config) : Lines{{option.get(config)}};
}

const Option* FindOption(std::string_view name) {
  for (const Option& option : Options()) {
    if (dispatch::EqualsIgnoreCase(option.name, name)) return &option;
    if (!option.alias.empty() && dispatch::EqualsIgnoreCase(option.alias, name)) return &option;
  }
  return nullptr;
}

int64_t ParseEventLetters(std::string_view letters) {
  uint32_t mask = 0;
  for (const char c : letters) {
    if (c == 'A') {
      mask |= keyspace::kAllEvents;
      continue;
    }
    const auto* found = std::find_if(std::begin(kEventLetters), std::end(kEventLetters),
                                     [c](const EventLetter& known) { return known.letter == c; });
    if (found == std::end(kEventLetters)) return -1;
    mask |= found->bit;
  }
  return mask;
}

std::string FormatEventLetters(uint32_t mask) {
  std::string letters;
  const bool all = (mask & keyspace::kAllEvents) == keyspace::kAllEvents;
  if (all) letters = "A";
  for (const auto& [letter, bit] : kEventLetters) {
    if ((mask & bit) != 0 && !(all && (bit & keyspace::kAllEvents) != 0)) letters += letter;
  }
  return letters;
}

}  // namespace rha::node::app
