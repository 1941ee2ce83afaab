#include "node/app/remembered_options.h"

#include <string>
#include <string_view>

#include "common/base/check.h"
#include "node/app/option_kinds.h"
#include "node/dispatch/table.h"
#include "node/structs/decimal.h"

namespace rha::node::app {
namespace {

// What is harmless, beside the values of Row::only.
enum class Any : uint8_t {
  kListed,   // nothing else
  kYesNo,    // either
  kInteger,  // a number that is not negative, or between the two of `only`
  kMemory,   // any size
  kText,     // any word
};

struct Row {
  std::string_view name;
  std::string_view by_default;
  Any any;
  std::string_view only = {};     // kListed: the harmless values; kInteger: least and most
  std::string_view instead = {};  // kListed: why no other, and what to do
  uint32_t flags = 0;
  std::string_view alias = {};
};

constexpr std::string_view kNoTls =
    "this server does not speak TLS, and what it is for would cross the network in clear text: "
    "encrypt the network or put a TLS proxy in front of it";

constexpr Row kRows[] = {
    // ---- protections this server does not have: only what asks for none
    {"activedefrag", "no", Any::kListed, "no", "memory is not defragmented here: leave it off"},
    {"cluster-enabled", "no", Any::kListed, "no",
     "there is no Redis Cluster here; a RedisHA resource gives one dataset with failover",
     kImmutable},
    {"hide-user-data-from-log", "no", Any::kListed, "no",
     "the log names keys that cannot be loaded: keep it where only those may read who may read "
     "them"},
    {"locale-collate", "", Any::kListed, "",
     "SORT ALPHA compares bytes here, in every locale: leave it empty"},
    {"socket-mark-id", "0", Any::kListed, "0", "sockets are not marked here: filter by address",
     kImmutable},
    {"syslog-enabled", "no", Any::kListed, "no",
     "nothing is logged to syslog: log to standard output or to logfile, and collect that",
     kImmutable},
    {"tls-cluster", "no", Any::kListed, "no", kNoTls},
    {"tls-port", "0", Any::kListed, "0", kNoTls},
    {"tls-replication", "no", Any::kListed, "no", kNoTls},

    // ---- details of what is off, by a row above or because it does not exist
    {"active-defrag-cycle-max", "25", Any::kInteger, "1 99"},
    {"active-defrag-cycle-min", "1", Any::kInteger, "1 99"},
    {"active-defrag-ignore-bytes", "104857600", Any::kMemory},
    {"active-defrag-max-scan-fields", "1000", Any::kInteger},
    {"active-defrag-threshold-lower", "10", Any::kInteger, "0 1000"},
    {"active-defrag-threshold-upper", "100", Any::kInteger, "0 1000"},
    {"aof-rewrite-incremental-fsync", "yes", Any::kYesNo},
    {"cluster-allow-pubsubshard-when-down", "yes", Any::kYesNo},
    {"cluster-allow-reads-when-down", "no", Any::kYesNo},
    {"cluster-allow-replica-migration", "yes", Any::kYesNo},
    {"cluster-announce-bus-port", "0", Any::kInteger, "0 65535"},
    {"cluster-announce-hostname", "", Any::kText},
    {"cluster-announce-human-nodename", "", Any::kText},
    {"cluster-announce-ip", "", Any::kText},
    {"cluster-announce-port", "0", Any::kInteger, "0 65535"},
    {"cluster-announce-tls-port", "0", Any::kInteger, "0 65535"},
    {"cluster-config-file", "nodes.conf", Any::kText, {}, {}, kImmutable},
    {"cluster-link-sendbuf-limit", "0", Any::kMemory},
    {"cluster-migration-barrier", "1", Any::kInteger},
    {"cluster-node-timeout", "15000", Any::kInteger},
    {"cluster-port", "0", Any::kInteger, "0 65535", {}, kImmutable},
    {"cluster-preferred-endpoint-type", "ip", Any::kListed, "ip hostname unknown-endpoint",
     "it is one of: ip, hostname, unknown-endpoint"},
    {"cluster-replica-no-failover", "no", Any::kYesNo, {}, {}, 0, "cluster-slave-no-failover"},
    {"cluster-replica-validity-factor",
     "10",
     Any::kInteger,
     {},
     {},
     0,
     "cluster-slave-validity-factor"},
    {"cluster-require-full-coverage", "yes", Any::kYesNo},
    {"syslog-facility", "local0", Any::kText, {}, {}, kImmutable},
    {"syslog-ident", "redis", Any::kText, {}, {}, kImmutable},
    {"tls-auth-clients", "yes", Any::kListed, "yes no optional", "it is one of: yes, no, optional"},
    {"tls-ca-cert-dir", "", Any::kText},
    {"tls-ca-cert-file", "", Any::kText},
    {"tls-cert-file", "", Any::kText},
    {"tls-ciphers", "", Any::kText},
    {"tls-ciphersuites", "", Any::kText},
    {"tls-client-cert-file", "", Any::kText},
    {"tls-client-key-file", "", Any::kText},
    {"tls-client-key-file-pass", "", Any::kText, {}, {}, kSecret},
    {"tls-dh-params-file", "", Any::kText},
    {"tls-key-file", "", Any::kText},
    {"tls-key-file-pass", "", Any::kText, {}, {}, kSecret},
    {"tls-prefer-server-ciphers", "no", Any::kYesNo},
    {"tls-protocols", "", Any::kText},
    {"tls-session-cache-size", "20480", Any::kInteger},
    {"tls-session-cache-timeout", "300", Any::kInteger},
    {"tls-session-caching", "yes", Any::kYesNo},

    // ---- what Redis would do is always or never done here, and nobody can tell but by speed
    {"active-expire-effort", "1", Any::kInteger, "1 10"},
    {"activerehashing", "yes", Any::kYesNo},
    {"aof_rewrite_cpulist", "", Any::kText, {}, {}, kImmutable},
    {"bgsave_cpulist", "", Any::kText, {}, {}, kImmutable},
    {"bio_cpulist", "", Any::kText, {}, {}, kImmutable},
    {"server_cpulist", "", Any::kText, {}, {}, kImmutable},
    {"disable-thp", "yes", Any::kYesNo, {}, {}, kImmutable},
    {"dynamic-hz", "yes", Any::kYesNo},
    {"io-threads", "1", Any::kInteger, "1 128", {}, kImmutable},
    {"io-threads-do-reads", "no", Any::kYesNo, {}, {}, kImmutable},
    {"jemalloc-bg-thread", "yes", Any::kYesNo},
    {"lazyfree-lazy-eviction", "no", Any::kYesNo},
    {"lazyfree-lazy-expire", "no", Any::kYesNo},
    {"lazyfree-lazy-server-del", "no", Any::kYesNo},
    {"lazyfree-lazy-user-del", "no", Any::kYesNo},
    {"lazyfree-lazy-user-flush", "no", Any::kYesNo},
    {"list-compress-depth", "0", Any::kInteger, "0 2147483647"},
    {"loading-process-events-interval-bytes", "2097152", Any::kMemory, {}, {}, kHidden},
    {"max-new-connections-per-cycle", "10", Any::kInteger},
    {"max-new-tls-connections-per-cycle", "1", Any::kInteger},
    {"rdb-del-sync-files", "no", Any::kYesNo},  // none is left behind
    {"rdb-save-incremental-fsync", "yes", Any::kYesNo},
    {"replica-lazy-flush", "no", Any::kYesNo, {}, {}, 0, "slave-lazy-flush"},
    {"sanitize-dump-payload", "no", Any::kListed,
     "no yes clients",  // all that is loaded is checked
     "it is one of: no, yes, clients"},
    {"set-max-listpack-entries", "128", Any::kInteger},
    {"set-max-listpack-value", "64", Any::kInteger},

    // ---- what people see of the process; no data and no access depends on it
    {"always-show-logo", "no", Any::kYesNo, {}, {}, kImmutable},
    {"crash-memcheck-enabled", "yes", Any::kYesNo},
    {"ignore-warnings", "", Any::kText},
    // A replica whose append-only file cannot be written goes on, and INFO says so.
    {"replica-ignore-disk-write-errors", "no", Any::kYesNo},

    // ---- words that Redis itself only reads and forgets
    {"list-max-ziplist-entries", "", Any::kText, {}, {}, kOnlyInFiles | kGoesWithDefault},
    {"list-max-ziplist-value", "", Any::kText, {}, {}, kOnlyInFiles | kGoesWithDefault},
    {"lua-replicate-commands", "", Any::kText, {}, {}, kOnlyInFiles | kGoesWithDefault},
};

Status Invalid(std::string message) { return Status(Code::kInvalid, std::move(message)); }

bool IsListed(std::string_view value, std::string_view list) {
  if (list.empty()) return value.empty();
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    if (dispatch::EqualsIgnoreCase(value, list.substr(0, end))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

Status CheckInteger(const Row& row, const std::string& word) {
  int64_t number = 0;
  if (!structs::ParseDecimal(word, &number)) {
    return Invalid("argument couldn't be parsed into an integer");
  }
  Range range;
  if (!row.only.empty()) {
    const size_t blank = row.only.find(' ');
    RHA_CHECK(structs::ParseDecimal(row.only.substr(0, blank), &range.low));
    RHA_CHECK(structs::ParseDecimal(row.only.substr(blank + 1), &range.high));
  }
  return InRange(number, range);
}

Status Check(const Row& row, Words words) {
  if (words.size() != 1) return Invalid("wrong number of arguments");
  const std::string& word = words[0];
  bool yes = false;
  switch (row.any) {
    case Any::kYesNo:
      return ParseBool(word, &yes);
    case Any::kInteger:
      return CheckInteger(row, word);
    case Any::kMemory:
      return ParseMemory(word) >= 0 ? Status() : Invalid("argument must be a memory value");
    case Any::kListed:
      if (IsListed(word, row.only)) return {};
      return Invalid("'" + std::string(row.name) + " " + word +
                     "' cannot be honoured: " + std::string(row.instead));
    case Any::kText:
      break;
  }
  return {};
}

Option ToOption(const Row& row) {
  const auto words_of = [&row](const Config& config) {
    const auto found = config.remembered.find(std::string(row.name));
    return found == config.remembered.end() ? std::vector{std::string(row.by_default)}
                                            : found->second;
  };
  return {.name = std::string(row.name),
          .alias = std::string(row.alias),
          .flags = row.flags,
          .set =
              [&row](Config& config, Words words) {
                RHA_RETURN_IF_ERROR(Check(row, words));
                auto& remembered = config.remembered[std::string(row.name)];
                remembered.assign(words.begin(), words.end());
                if (row.any == Any::kMemory) remembered = {std::to_string(ParseMemory(words[0]))};
                return Status();
              },
          .get = [words_of](const Config& config) { return JoinedWords(words_of(config)); },
          .lines = [words_of](const Config& config) { return Lines{words_of(config)}; }};
}

}  // namespace

std::vector<Option> RememberedOptions() {
  std::vector<Option> options;
  for (const Row& row : kRows) options.push_back(ToOption(row));
  return options;
}

}  // namespace rha::node::app
