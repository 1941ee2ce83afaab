#include "sidecar/shell/options.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "common/base/hex.h"
#include "common/base/random_id.h"
#include "sidecar/core/limits.h"
#include "sidecar/core/names.h"
#include "sidecar/core/settings.h"
#include "sidecar/core/text.h"
#include "sidecar/shell/sentinel_lines.h"
#include "sidecar/shell/server_directives.h"

namespace rha::sidecar::shell {
namespace {

using Words = std::vector<std::string>;

Status Bad(const std::string& what) { return {Code::kInvalid, what}; }

Status ParsePort(const std::string& text, uint16_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (error == std::errc() && end == text.data() + text.size()) return Status::Ok();
  return Bad("'" + text + "' is not a port");
}

Status ParseYesNo(const std::string& text, bool* out) {
  if (text != "yes" && text != "no") return Bad("argument must be 'yes' or 'no'");
  *out = text == "yes";
  return Status::Ok();
}

template <typename T>
Status ParseCount(const std::string& text, T least, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  const bool number = error == std::errc() && end == text.data() + text.size();
  return number && *out >= least ? Status() : Bad("'" + text + "' is not a number that fits");
}

Status ParseBinds(const Words& w, Options& o) {
  o.binds.clear();
  for (size_t i = 1; i < w.size(); ++i) {
    if (!w[i].empty()) o.binds.push_back(w[i]);
  }
  return Status::Ok();
}

Status ParseGroup(const Words& w, Options& o) {
  core::PersistedGroup group;
  group.name = w[1];
  group.configured = true;
  const auto [end, error] = std::from_chars(w[2].data(), w[2].data() + w[2].size(), group.quorum);
  if (error != std::errc() || end != w[2].data() + w[2].size() || group.quorum < 1) {
    return Bad("Quorum must be 1 or greater.");
  }
  if (!o.groups.groups.empty()) return Bad("only one group, and no 'sentinel monitor' beside it");
  o.groups.groups.emplace(group.name, std::move(group));
  return Status::Ok();
}

Status ParseMember(const Words& w, Options& o) {
  for (const core::MemberConfig& member : o.members) {
    if (member.name == w[1]) return Bad("member '" + w[1] + "' is named twice");
  }
  if (o.members.size() >= core::kMembersMax) return Bad("too many members");
  o.members.push_back({.name = w[1], .host = w[2], .id = {}});
  return Status::Ok();
}

Status ParseColdStartWait(const Words& w, Options& o) {
  constexpr int64_t kMost = 24 * 3600 * 1000;
  int64_t value = -1;
  const auto [end, error] = std::from_chars(w[1].data(), w[1].data() + w[1].size(), value);
  if (error != std::errc() || end != w[1].data() + w[1].size() || value < 0 || value > kMost) {
    return Bad("argument must be milliseconds, at most a day");
  }
  o.cold_start_wait = Millis(value);
  return Status::Ok();
}

Status ParseDurability(const Words& w, Options& o) {
  if (w[1] != "async" && w[1] != "quorum") return Bad("argument must be 'async' or 'quorum'");
  o.durability = w[1] == "quorum" ? core::Durability::kQuorum : core::Durability::kAsync;
  return Status::Ok();
}

Status ParseSupervised(const Words& w, Options& o) {
  if (w[1] != "no" && w[1] != "systemd" && w[1] != "auto") {
    return Bad("argument must be 'no', 'systemd' or 'auto'");
  }
  o.supervised = w[1];
  return Status::Ok();
}

Status RefuseAuthFile(const Words&, Options&) {
  return Bad("members prove themselves by redisha-peer-key-file: leave this out");
}

Status ParseUser(const Words& w, Options& o) {
  return acl::AddUserLine(std::span(w).subspan(1), &o.user_lines);
}

Status ParsePubsubDefault(const Words& w, Options& o) {
  if (w[1] != "allchannels" && w[1] != "resetchannels") {
    return Bad("argument must be 'allchannels' or 'resetchannels'");
  }
  o.channels_open = w[1] == "allchannels";
  return Status::Ok();
}

constexpr char kSocketMark[] = "marks of sockets are not supported";
constexpr char kTls[] = "TLS is not supported: encrypt the network, or put a proxy before it";
constexpr char kSyslog[] = "syslog is not written: use logfile, or what reads standard error";
constexpr char kUnixSocket[] = "clients reach this Sentinel by TCP only: leave this out";
constexpr char kInclude[] = "other files are not read: put their lines into this one";
constexpr char kModule[] = "modules are not loaded: leave this out";
constexpr char kRename[] = "own commands cannot be renamed: limit who may use them by 'user' lines";

template <const char* why>
Status Refuse(const Words&, Options&) {
  return Bad(why);
}

template <const char* why>
Status RefuseYes(const Words& w, Options&) {
  bool yes = false;
  RHA_RETURN_IF_ERROR(ParseYesNo(w[1], &yes));
  return yes ? Bad(why) : Status();
}

// One row per directive: words that follow it (at least, at most) and what they do.
struct Directive {
  const char* name;
  size_t least, most;
  Status (*set)(const Words& words, Options& options);
};

constexpr size_t kAny = 1000;

#define RHA_TEXT(member)           \
  [](const Words& w, Options& o) { \
    o.member = w[1];               \
    return Status();               \
  }
#define RHA_PORT(member) [](const Words& w, Options& o) { return ParsePort(w[1], &o.member); }
#define RHA_YESNO(member) [](const Words& w, Options& o) { return ParseYesNo(w[1], &o.member); }

const Directive kDirectives[] = {
    {"port", 1, 1, RHA_PORT(port)},
    {"bind", 1, kAny, ParseBinds},
    {"tcp-backlog", 1, 1,
     [](const Words& w, Options& o) { return ParseCount<int>(w[1], 0, &o.listen_backlog); }},
    {"bind-source-addr", 1, 1, RHA_TEXT(source_ip)},
    {"requirepass", 1, 1, RHA_TEXT(password)},
    {"requirepass-file", 1, 1, RHA_TEXT(password_file)},
    {"redisha-admin-password-file", 1, 1, RHA_TEXT(admin_password_file)},
    {"dir", 1, 1, RHA_TEXT(dir)},
    {"pidfile", 1, 1, RHA_TEXT(pid_file)},
    {"logfile", 1, 1, RHA_TEXT(log_file)},
    {"loglevel", 1, 1,
     [](const Words& w, Options& o) {
       auto level = log::ParseLevel(w[1]);
       if (!level.ok()) return level.status();
       o.log_level = *level;
       // Under a name of its own it is no setting that SENTINEL CONFIG SET could have made.
       if (!core::ApplyGlobal(o.groups.globals, "loglevel", w[1]).ok()) {
         o.groups.globals.log_level.clear();
       }
       return Status();
     }},
    {"redisha-log-format", 1, 1,
     [](const Words& w, Options& o) {
       auto format = log::ParseFormat(w[1]);
       if (format.ok()) o.log_format = *format;
       return format.status();
     }},
    {"redisha-refused-is-down", 1, 1, RHA_YESNO(refused_is_down)},
    {"announce-ip", 1, 1, RHA_TEXT(groups.globals.announce_ip)},
    {"announce-port", 1, 1, RHA_PORT(groups.globals.announce_port)},
    {"self", 1, 1, RHA_TEXT(self)},
    {"redisha-self", 1, 1, RHA_TEXT(self)},
    {"kubeconfig", 1, 1, RHA_TEXT(kubeconfig)},
    {"redisha-group", 2, 2, ParseGroup},
    {"redisha-member", 2, 2, ParseMember},
    {"redisha-node-port", 1, 1, RHA_PORT(node_port)},
    {"redisha-initialised", 1, 1, RHA_YESNO(initialised)},
    {"redisha-cold-start-wait-milliseconds", 1, 1, ParseColdStartWait},
    {"redisha-durability", 1, 1, ParseDurability},
    {"redisha-local-socket", 1, 1, RHA_TEXT(local_socket)},
    {"redisha-auth-file", 1, 1, RefuseAuthFile},
    {"redisha-state-file", 1, 1, RHA_TEXT(state_file)},
    {"redisha-cluster-uid", 1, 1, RHA_TEXT(cluster_uid)},
    {"redisha-peer-key-file", 1, 1, RHA_TEXT(peer_key_file)},
    {"redisha-metrics-port", 1, 1, RHA_PORT(metrics_port)},
    {"daemonize", 1, 1, RHA_YESNO(daemonize)},
    {"supervised", 1, 1, ParseSupervised},
    {"protected-mode", 1, 1, RHA_YESNO(protected_mode)},
    {"timeout", 1, 1,
     [](const Words& w, Options& o) {
       int64_t seconds = 0;
       RHA_RETURN_IF_ERROR(ParseCount<int64_t>(w[1], 0, &seconds));
       o.idle_max = std::chrono::seconds(seconds);
       return Status();
     }},
    {"tcp-keepalive", 1, 1,
     [](const Words& w, Options& o) { return ParseCount(w[1], 0, &o.keepalive_seconds); }},
    {"user", 1, kAny, ParseUser},
    {"aclfile", 1, 1, RHA_TEXT(acl_file)},
    {"acl-pubsub-default", 1, 1, ParsePubsubDefault},
    {"acllog-max-len", 1, 1,
     [](const Words& w, Options& o) {
       return ParseCount<size_t>(w[1], 0, &o.acl_log_entries_max);
     }},
    {"maxclients", 1, 1,
     [](const Words& w, Options& o) { return ParseCount<size_t>(w[1], 1, &o.clients_max); }},
    // Of Redis' server. What a Sentinel of Redis would do with them, this one does not.
    {"syslog-enabled", 1, 1, RefuseYes<kSyslog>},
    {"tls-replication", 1, 1, RefuseYes<kTls>},
    {"tls-cluster", 1, 1, RefuseYes<kTls>},
    {"socket-mark-id", 1, 1,
     [](const Words& w, Options&) { return w[1] == "0" ? Status() : Bad(kSocketMark); }},
    {"tls-port", 1, 1, [](const Words& w, Options&) { return w[1] == "0" ? Status() : Bad(kTls); }},
    {"unixsocket", 1, 1,
     [](const Words& w, Options&) { return w[1].empty() ? Status() : Bad(kUnixSocket); }},
    {"include", 1, kAny, Refuse<kInclude>},
    {"loadmodule", 1, kAny, Refuse<kModule>},
    {"rename-command", 2, 2, Refuse<kRename>},
};

// "sentinel <name> <value>": settings of the whole process.
const Directive kGlobals[] = {
    {"announce-ip", 1, 1, RHA_TEXT(groups.globals.announce_ip)},
    {"announce-port", 1, 1, RHA_PORT(groups.globals.announce_port)},
    {"sentinel-user", 1, 1, RHA_TEXT(groups.globals.peer_user)},
    {"sentinel-pass", 1, 1, RHA_TEXT(groups.globals.peer_password)},
    {"resolve-hostnames", 1, 1, RHA_YESNO(groups.globals.resolve_hostnames)},
    {"announce-hostnames", 1, 1, RHA_YESNO(groups.globals.announce_hostnames)},
    {"deny-scripts-reconfig", 1, 1, RHA_YESNO(groups.globals.deny_scripts_reconfig)},
};
#undef RHA_TEXT
#undef RHA_PORT
#undef RHA_YESNO

// A line as errors show it: without passwords.
std::string Shown(const Words& words) {
  const auto hides = [](const std::string& word) {
    return word == "requirepass" || word == "auth-pass" || word == "sentinel-pass" ||
           word == "user";
  };
  const auto secret = std::find_if(words.begin(), words.end(), hides);
  const bool names_group = secret != words.end() && *secret == "auth-pass";
  std::string shown;
  for (auto word = words.begin(); word != words.end(); ++word) {
    const bool hidden = word - secret > (names_group ? 1 : 0);
    shown += (shown.empty() ? "" : " ") + (hidden ? "***" : *word);
  }
  return shown;
}

template <size_t N>
Result<bool> ApplyDirective(const Directive (&rows)[N], const Words& words, Options* options) {
  const auto row = std::find_if(std::begin(rows), std::end(rows),
                                [&](const Directive& d) { return words[0] == d.name; });
  if (row == std::end(rows)) return false;
  if (words.size() - 1 < row->least || words.size() - 1 > row->most) {
    return Bad("wrong number of arguments");
  }
  RHA_RETURN_IF_ERROR(row->set(words, *options));
  return true;
}

Status ApplyLine(const Words& words, Options* options) {
  // "--sentinel" alone is how redis-server is told to be one.
  if (words.size() == 1 && words[0] == "sentinel") return Status::Ok();
  RHA_ASSIGN_OR_RETURN(const bool known, ApplyDirective(kDirectives, words, options));
  if (known) return Status::Ok();
  if (IsWithoutEffect(words[0])) {
    options->without_effect.push_back(words[0]);
    return Status::Ok();
  }
  if (words[0] == "sentinel") {
    RHA_ASSIGN_OR_RETURN(const bool global,
                         ApplyDirective(kGlobals, Words(words.begin() + 1, words.end()), options));
    if (global) return Status::Ok();
    RHA_ASSIGN_OR_RETURN(const bool of_group, ApplyStateLine(words, &options->groups));
    if (of_group) return Status::Ok();
    return Bad("Unrecognized sentinel configuration statement.");
  }
  return Bad("unknown directive");
}

// Redis' order: what groups need first, then the groups, then what names a group.
int LoadOrder(const Words& words) {
  if (words[0] == "redisha-group") return 1;
  if (words[0] != "sentinel" || words.size() < 2) return 0;
  if (words[1] == "monitor") return 1;
  const bool global = std::any_of(std::begin(kGlobals), std::end(kGlobals),
                                  [&](const Directive& d) { return words[1] == d.name; });
  return global || words[1] == "myid" || words[1] == "current-epoch" ? 0 : 2;
}

Status CheckTrust(const Options& options) {
  if (!options.password.empty() && !options.password_file.empty()) {
    return Bad("requirepass and requirepass-file say the same thing: leave one out");
  }
  const bool has_key = !options.peer_key_file.empty();
  if (options.configured() && !has_key) {
    return Bad(
        "redisha-peer-key-file is missing: the members of a redisha-group prove to each other that "
        "they belong together (one key for all of them: openssl rand -hex 32)");
  }
  if (!options.configured() &&
      (has_key || !options.admin_password_file.empty() || !options.local_socket.empty())) {
    return Bad(
        "redisha-peer-key-file, redisha-admin-password-file and redisha-local-socket are of a "
        "redisha-group");
  }
  return Status::Ok();
}

Status CheckScript(const char* kind, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), X_OK) == 0) return Status::Ok();
  return Bad(std::string(kind) + " seems non existing or non executable: " + path);
}

// What a configured group has from its own lines, and what cannot be said of it.
Status CheckConfigured(const Options& options) {
  const core::PersistedGroup& group = options.groups.groups.begin()->second;
  if (!group.auth_user.empty() || !group.auth_password.empty() || !group.renamed_commands.empty() ||
      !options.groups.globals.peer_user.empty() || !options.groups.globals.peer_password.empty()) {
    return Bad(
        "auth-user, auth-pass, rename-command, sentinel-user and sentinel-pass are not for a "
        "redisha-group: its members prove themselves by redisha-peer-key-file, and its nodes know "
        "every command by its own name");
  }
  if (!group.replicas.empty() || !group.peers.empty() || group.config_epoch != 0 ||
      group.leader_epoch != 0 || !options.groups.my_id.empty() ||
      options.groups.current_epoch != 0) {
    return Bad(
        "known-replica, known-sentinel, config-epoch, leader-epoch, myid and current-epoch are not "
        "for a redisha-group: its members are listed, and redisha-state-file keeps the rest");
  }
  if (static_cast<size_t>(group.quorum) > options.members.size()) {
    return Bad("redisha-group " + group.name + " " + std::to_string(group.quorum) +
               ": so many of " + std::to_string(options.members.size()) +
               " members can never agree");
  }
  return Status::Ok();
}

// What the machine is told of its one group beyond the group's settings, and of itself.
Status BecomeMember(const Options& options, std::optional<core::PersistedState> persisted,
                    core::Config* config) {
  core::GroupConfig& group = config->groups.front();
  group.members = options.members;
  group.node_port = options.node_port;
  group.sentinel_port = options.port;
  group.initialised = options.initialised;
  group.cold_start_wait = options.cold_start_wait;
  group.durability = options.durability;
  config->self = options.self;
  config->my_id = MemberId(options.cluster_uid, options.self);
  config->persisted = std::move(persisted);
  if (!config->persisted || config->persisted->my_id == config->my_id) return Status::Ok();
  return Bad(options.state_file + " belongs to another member or cluster (its id is " +
             config->persisted->my_id + ", ours is " + config->my_id +
             "): mount the right volume, or remove the file to join with what data there is");
}

Status Check(const Options& options) {
  if (options.port == 0) return Bad("port 0: a Sentinel that listens nowhere can be asked nothing");
  for (const auto& [name, group] : options.groups.groups) {
    if (group.configured || options.groups.globals.resolve_hostnames) continue;
    if (core::IsIpAddress(group.primary.host)) continue;
    return Bad("sentinel monitor " + name + ": '" + group.primary.host +
               "' is not an IP address (host names need 'sentinel resolve-hostnames yes')");
  }
  if (options.groups.groups.empty() && options.members.empty()) return CheckTrust(options);
  if (options.configured() && options.groups.groups.size() > 1) {
    return Bad("only one group, and no 'sentinel monitor' beside it");
  }
  const bool group_configured =
      !options.groups.groups.empty() && options.groups.groups.begin()->second.configured;
  if (group_configured != options.configured()) {
    return Bad("redisha-group and redisha-member belong together");
  }
  RHA_RETURN_IF_ERROR(CheckTrust(options));
  if (!options.configured()) return Status::Ok();
  RHA_RETURN_IF_ERROR(CheckConfigured(options));
  if (options.cluster_uid.empty()) return Bad("redisha-cluster-uid is missing");
  if (options.state_file.empty()) return Bad("redisha-state-file is missing");
  const auto is_self = [&](const core::MemberConfig& m) { return m.name == options.self; };
  if (std::none_of(options.members.begin(), options.members.end(), is_self)) {
    return Bad("self '" + options.self + "' is none of the redisha-member lines");
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<ConfigLine>> ParseFlags(const std::vector<std::string>& args) {
  std::vector<ConfigLine> lines;
  for (const std::string& arg : args) {
    if (arg.starts_with("--") && arg.size() > 2) {
      lines.push_back({.number = 0, .words = {arg.substr(2)}});
    } else if (lines.empty()) {
      return Bad("unexpected argument '" + arg + "'");
    } else {
      lines.back().words.push_back(arg);
    }
  }
  return lines;
}

Result<Options> ReadOptions(const std::string& path, const std::string& text,
                            const std::vector<ConfigLine>& overrides) {
  auto parsed = ParseConfigText(text);
  if (!parsed.ok()) return std::move(parsed).status().Context(path);
  std::vector<ConfigLine> lines = std::move(*parsed);
  lines.insert(lines.end(), overrides.begin(), overrides.end());
  for (ConfigLine& line : lines) {
    if (line.words[0] == "sentinel" && line.words.size() > 1)
      line.words[1] = core::Lower(line.words[1]);
  }
  std::stable_sort(lines.begin(), lines.end(), [](const ConfigLine& a, const ConfigLine& b) {
    return LoadOrder(a.words) < LoadOrder(b.words);
  });

  Options options;
  options.config_path = path;
  for (const ConfigLine& line : lines) {
    const Status applied = ApplyLine(line.words, &options);
    if (applied.ok()) continue;
    const std::string shown = Shown(line.words);
    const std::string where =
        line.number == 0 ? "option --" + shown
                         : path + " line " + std::to_string(line.number) + ": '" + shown + "'";
    return Bad(where + ": " + applied.message());
  }
  if (const Status checked = Check(options); !checked.ok()) {
    return Bad(path + ": " + checked.message());
  }
  for (core::MemberConfig& member : options.members) {
    member.id = MemberId(options.cluster_uid, member.name);
  }
  return options;
}

Status CheckScripts(const Options& options) {
  for (const auto& [name, group] : options.groups.groups) {
    RHA_RETURN_IF_ERROR(CheckScript("Notification script", group.notification_script));
    RHA_RETURN_IF_ERROR(CheckScript("Client reconfiguration script", group.client_reconfig_script));
  }
  return Status::Ok();
}

Result<core::Config> MachineConfig(const Options& options,
                                   std::optional<core::PersistedState> persisted) {
  core::Config config;
  config.seed = RandomSeed();
  config.announce = {options.announce_ip(), options.announce_port()};
  config.globals = options.groups.globals;
  config.own_port = options.port;
  config.refused_is_down = options.refused_is_down;
  for (const auto& [name, group] : options.groups.groups) {
    config.groups.push_back(core::GroupConfig{group});
  }
  if (options.configured()) {
    RHA_RETURN_IF_ERROR(BecomeMember(options, std::move(persisted), &config));
  } else {
    // A copied file whose id was removed is another Sentinel, which knows what the first did.
    config.my_id = options.groups.my_id.empty() ? RandomHex(40) : options.groups.my_id;
    config.persisted = options.groups;
  }
  return config;
}

bool SameVoters(const Options& left, const Options& right) {
  const auto same = [](const core::MemberConfig& a, const core::MemberConfig& b) {
    return a.name == b.name && a.host == b.host;
  };
  return left.groups.groups.begin()->second.quorum == right.groups.groups.begin()->second.quorum &&
         std::equal(left.members.begin(), left.members.end(), right.members.begin(),
                    right.members.end(), same);
}

int OrdinalOfSelf(const Options& options) {
  const auto own =
      std::find_if(options.members.begin(), options.members.end(),
                   [&](const core::MemberConfig& member) { return member.name == options.self; });
  return static_cast<int>(own - options.members.begin());
}

std::string MemberId(const std::string& cluster_uid, const std::string& name) {
  const std::string text = cluster_uid + "/" + name;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  RHA_CHECK(EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha1(), nullptr) == 1);
  return Hex(digest, length);
}

}  // namespace rha::sidecar::shell
