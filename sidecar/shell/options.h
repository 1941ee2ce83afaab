// What the sidecar was told: its configuration file (redis.conf syntax) and command line.
//
// Two ways to be told what to watch, never both in one file:
//   classic     sentinel monitor <group> <ip> <port> <quorum> …; the file also keeps the state
//   configured  redisha-group <group> <quorum> + redisha-member <name> <host> …; the file is only
//               read, the state is in redisha-state-file
// docs/sentinel.md lists the directives.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/acl/user_lines.h"
#include "common/base/config_text.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/net/socket.h"
#include "sidecar/core/config.h"
#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

struct Options {
  std::string config_path;

  std::vector<std::string> binds = {"*", "-::*"};  // as Redis: IPv6 where there is any
  int listen_backlog = net::kListenBacklog;
  uint16_t port = kSentinelPort;
  std::string source_ip;  // of outgoing connections
  std::string password;   // requirepass of our own port
  std::vector<acl::UserLine> user_lines;
  std::string acl_file;
  bool channels_open = false;  // acl-pubsub-default
  size_t acl_log_entries_max = 128;
  std::string password_file, admin_password_file;
  std::string dir, pid_file;
  std::string supervised = "no";
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;
  std::string log_file;

  bool refused_is_down = true;  // of a classic group's primary
  bool daemonize = false;
  bool protected_mode = false;
  std::chrono::seconds idle_max{0};  // of a client; 0: for ever
  int keepalive_seconds = 300;
  size_t clients_max = kClientsMax;
  std::vector<std::string> without_effect;  // directives of a data server

  // Configured groups.
  std::string cluster_uid, peer_key_file, state_file, local_socket;
  std::string self;
  std::string kubeconfig;
  uint16_t metrics_port = 0;  // 0: off

  // Settings of the process and its groups; of classic ones with what the file remembers.
  core::PersistedState groups;
  std::vector<core::MemberConfig> members;  // of the one configured group
  uint16_t node_port = 6379;
  bool initialised = false;  // the group has had data once
  Millis cold_start_wait = core::kColdStartWaitDefault;
  core::Durability durability = core::Durability::kAsync;

  bool configured() const { return !members.empty(); }
  const std::string& announce_ip() const { return groups.globals.announce_ip; }
  uint16_t announce_port() const {
    return groups.globals.announce_port != 0 ? groups.globals.announce_port : port;
  }
};

// `overrides`: the command line's "--name value …" as lines, applied after the file's.
// An error says which line: "sentinel.conf line 3: 'prot 1': unknown directive".
Result<Options> ReadOptions(const std::string& path, const std::string& text,
                            const std::vector<ConfigLine>& overrides);

// "--port 1 --bind a b" → lines. Words before the first "--" are an error.
Result<std::vector<ConfigLine>> ParseFlags(const std::vector<std::string>& args);

// Can what the groups name as scripts be run? Paths may be relative to `dir`, so after entering it.
Status CheckScripts(const Options& options);

// The machine's configuration: ids derived, settings taken over. `persisted`: what the state file
// held (configured groups).
Result<core::Config> MachineConfig(const Options& options,
                                   std::optional<core::PersistedState> persisted);

// Whether two readings of a configured group's file tell of the same members and quorum.
bool SameVoters(const Options& left, const Options& right);
// The place of the own member among the members.
int OrdinalOfSelf(const Options& options);

// The stable id of a member: sha1("<cluster uid>/<name>") as 40 hex digits.
std::string MemberId(const std::string& cluster_uid, const std::string& name);

}  // namespace rha::sidecar::shell
