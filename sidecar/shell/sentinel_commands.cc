// SENTINEL …: names, arities, replies and error texts are Redis 7.0's; the aliases with "primary"
// and the RESP3 forms are those of later versions. What is not supported says so.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/glob.h"
#include "sidecar/core/settings.h"
#include "sidecar/shell/client.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/render.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

constexpr char kNoSuchGroup[] = "ERR No such master with that name";
constexpr char kNoPrimaryNow[] =
    "IDONTKNOW No master is known, or this Sentinel hears no majority of its group";

template <typename T>
bool ParseNumber(std::string_view text, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

View ViewOf(const CommandContext& c) { return {c.driver.machine(), c.driver.now()}; }

const core::Group* FindGroupOrError(CommandContext& c) {
  const core::Group* group = c.driver.machine().FindGroup(c.arg(2));
  if (!group) c.reply.Error(kNoSuchGroup);
  return group;
}

// The group's primary may be named: known, and this sidecar is not cut off from its majority.
bool Answers(const CommandContext& c, const core::Group& group) {
  return group.Primary() &&
         c.driver.machine().PrimaryAddress(group.config.name, c.driver.now()).has_value();
}

void WriteFields(resp::Writer& out, const Fields& fields) {
  out.Map(static_cast<int64_t>(fields.size()));
  for (const auto& [name, value] : fields) {
    out.Bulk(name);
    out.Bulk(value);
  }
}

void WritePrimary(CommandContext& c, const core::Group& group) {
  WriteFields(c.reply, PrimaryFields(ViewOf(c), group, c.driver.PendingCommands(group.primary)));
}

void Masters(CommandContext& c) {
  std::vector<const core::Group*> groups;
  for (const auto& [name, group] : c.driver.machine().state().groups) {
    if (Answers(c, group)) groups.push_back(&group);
  }
  c.reply.Array(static_cast<int64_t>(groups.size()));
  for (const core::Group* group : groups) WritePrimary(c, *group);
}

void Master(CommandContext& c) {
  const core::Group* group = FindGroupOrError(c);
  if (!group) return;
  Answers(c, *group) ? WritePrimary(c, *group) : c.reply.Error(kNoPrimaryNow);
}

void Replicas(CommandContext& c) {
  const core::Group* group = FindGroupOrError(c);
  if (!group) return;
  const auto replicas = c.driver.machine().Replicas(*group);
  c.reply.Array(static_cast<int64_t>(replicas.size()));
  for (const core::Node* node : replicas) {
    WriteFields(c.reply,
                ReplicaFields(ViewOf(c), *group, *node, c.driver.PendingCommands(node->id)));
  }
}

void Sentinels(CommandContext& c) {
  const core::Group* group = FindGroupOrError(c);
  if (!group) return;
  const auto peers = c.driver.machine().Peers(*group);
  c.reply.Array(static_cast<int64_t>(peers.size()));
  for (const core::Peer* peer : peers) {
    WriteFields(c.reply, PeerFields(ViewOf(c), *group, *peer, c.driver.PendingCommands(peer->id)));
  }
}

void GetMasterAddr(CommandContext& c) {
  const auto address = c.driver.machine().PrimaryAddress(c.arg(2), c.driver.now());
  if (!address) {
    c.reply.NullArray();
    return;
  }
  c.reply.Array(2);
  c.reply.Bulk(address->host);
  c.reply.Bulk(std::to_string(address->port));
}

void IsMasterDown(CommandContext& c) {
  core::VoteRequest request;
  int64_t epoch = 0;
  request.primary.host = c.arg(2);
  if (!ParseNumber(c.args[3], &request.primary.port) || !ParseNumber(c.args[4], &epoch) ||
      epoch < 0) {
    c.reply.Error("ERR value is not an integer or out of range");
    return;
  }
  request.epoch = static_cast<core::Epoch>(epoch);
  request.candidate = c.arg(5);
  request.proven = c.client.member_id;
  request.request = c.server.Await(c.client);
  c.driver.Feed(std::move(request));
}

void CkQuorum(CommandContext& c) {
  if (!FindGroupOrError(c)) return;
  const auto result = c.driver.machine().CheckQuorum(c.arg(2), c.driver.now());
  result.ok() ? c.reply.Simple(*result) : c.reply.Error(result.status().message());
}

template <typename T>
void FeedCommand(CommandContext& c, T command) {
  core::CommandReceived event{.request = c.server.Await(c.client), .command = std::move(command)};
  c.driver.Feed(std::move(event));
}

// FAILOVER <name> [COORDINATED | FORCE [accept-loss-of <member> ...]]
void FailoverGroup(CommandContext& c) {
  const bool coordinated = c.args.size() == 4 && SameWord(c.args[3], "coordinated");
  core::FailoverCommand command{.group = c.arg(2),
                                .force = c.args.size() > 3 && !coordinated,
                                .given_up = {},
                                .coordinated = coordinated};
  const bool words =
      c.args.size() <= 3 || coordinated ||
      (SameWord(c.args[3], "force") &&
       (c.args.size() == 4 || (c.args.size() > 5 && SameWord(c.args[4], "accept-loss-of"))));
  if (!words) {
    c.reply.Error(
        "ERR SENTINEL FAILOVER <master-name> [COORDINATED | FORCE [accept-loss-of <member> ...]]");
    return;
  }
  for (size_t i = 5; i < c.args.size(); ++i) command.given_up.push_back(c.arg(i));
  if (FindGroupOrError(c)) FeedCommand(c, std::move(command));
}

void Monitor(CommandContext& c) {
  core::MonitorCommand command{.group = c.arg(2), .primary = {c.arg(3), 0}, .quorum = 0};
  int64_t port = 0;
  if (!ParseNumber(c.args[5], &command.quorum)) return c.reply.Error("ERR Invalid quorum");
  if (!ParseNumber(c.args[4], &port)) return c.reply.Error("ERR Invalid port");
  if (command.quorum <= 0) return c.reply.Error("ERR Quorum must be 1 or greater.");
  // Its range is checked with the rest.
  if (std::in_range<uint16_t>(port)) command.primary.port = static_cast<uint16_t>(port);
  FeedCommand(c, std::move(command));
}

void Remove(CommandContext& c) {
  if (FindGroupOrError(c)) FeedCommand(c, core::RemoveCommand{c.arg(2)});
}

void ResetGroups(CommandContext& c) { FeedCommand(c, core::ResetCommand{c.arg(2)}); }

// Null: it is no script, or one that can be run. (Whether it may be set, the machine says.)
const char* UnusableScript(const CommandContext& c, std::string_view option,
                           const std::string& path) {
  const bool denied = c.driver.machine().state().globals.deny_scripts_reconfig;
  if (denied || path.empty() || ::access(path.c_str(), X_OK) == 0) return nullptr;
  if (SameWord(option, "notification-script")) {
    return "ERR Notification script seems non existing or non executable";
  }
  if (SameWord(option, "client-reconfig-script")) {
    return "ERR Client reconfiguration script seems non existing or non executable";
  }
  return nullptr;
}

void SetGroup(CommandContext& c) {
  if (!FindGroupOrError(c)) return;
  core::SetCommand command{.group = c.arg(2), .options = {}};
  for (size_t i = 3; i < c.args.size();) {
    const bool two = SameWord(c.args[i], "rename-command");
    if (i + (two ? 2 : 1) >= c.args.size()) {
      c.reply.Error("ERR Unknown option or number of arguments for SENTINEL SET '" + c.arg(i) +
                    "'");
      return;
    }
    std::string value = c.arg(i + 1);
    if (const char* error = UnusableScript(c, c.args[i], value)) {
      c.reply.Error(error);
      return;
    }
    if (two) value += " " + c.arg(i + 2);
    command.options.emplace_back(c.arg(i), std::move(value));
    i += two ? 3 : 2;
  }
  FeedCommand(c, std::move(command));
}

void SimulateFailure(CommandContext& c) {
  core::SimulateFailureCommand command;
  for (size_t i = 2; i < c.args.size(); ++i) {
    if (SameWord(c.args[i], "crash-after-election")) {
      command.after_election = true;
    } else if (SameWord(c.args[i], "crash-after-promotion")) {
      command.after_promotion = true;
    } else if (SameWord(c.args[i], "help")) {
      c.reply.Array(2);
      c.reply.Bulk("crash-after-election");
      c.reply.Bulk("crash-after-promotion");
      return;
    } else {
      c.reply.Error("ERR Unknown failure simulation specified");
      return;
    }
  }
  FeedCommand(c, command);
}

// Without the argument, of every group.
void InfoCache(CommandContext& c) {
  std::vector<const core::Group*> groups;
  for (const auto& [name, group] : c.driver.machine().state().groups) {
    bool wanted = false;
    for (size_t i = 2; i < c.args.size(); ++i) wanted |= c.args[i] == name;
    if (wanted) groups.push_back(&group);
  }
  c.reply.Array(static_cast<int64_t>(2 * groups.size()));  // in RESP3 too
  for (const core::Group* group : groups) {
    c.reply.Bulk(group->config.name);
    c.reply.Array(static_cast<int64_t>(group->nodes.size()));
    for (const auto& [id, node] : group->nodes) {
      const InfoCache::Entry* info = c.driver.infos().Find(id);
      c.reply.Array(2);
      c.reply.Integer(info ? (c.driver.now() - info->at).count() : 0);
      info ? c.reply.Bulk(info->text) : c.reply.Null();
    }
  }
}

// ---- SENTINEL CONFIG
// -----------------------------------------------------------------------------

void ConfigGet(CommandContext& c) {
  Fields found;
  for (const auto& field : core::GlobalFields(c.driver.machine().state().globals)) {
    for (size_t i = 3; i < c.args.size(); ++i) {
      if (!GlobMatches(c.args[i], field.first, true)) continue;
      found.push_back(field);
      break;
    }
  }
  WriteFields(c.reply, found);
}

// Null, and the error written: an option has no value.
template <typename Command>
std::optional<Command> ReadOptions(CommandContext& c, size_t first, const char* what) {
  Command command;
  for (size_t i = first; i < c.args.size(); i += 2) {
    if (i + 1 == c.args.size()) {
      c.reply.Error("ERR Unknown option or number of arguments for " + std::string(what) + " '" +
                    c.arg(i) + "'");
      return std::nullopt;
    }
    command.options.emplace_back(c.arg(i), c.arg(i + 1));
  }
  return command;
}

void Config(CommandContext& c) {
  const bool set = SameWord(c.args[2], "set");
  if (set && c.args.size() >= 5) {
    if (auto command = ReadOptions<core::ConfigSetCommand>(c, 3, "SENTINEL CONFIG SET")) {
      FeedCommand(c, std::move(*command));
    }
  } else if (SameWord(c.args[2], "get") && c.args.size() >= 4) {
    ConfigGet(c);
  } else {
    c.reply.Error("ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.");
  }
}

void Debug(CommandContext& c) {
  if (c.args.size() > 2) {
    if (auto command = ReadOptions<core::DebugCommand>(c, 2, "SENTINEL DEBUG")) {
      FeedCommand(c, std::move(*command));
    }
    return;
  }
  const core::Periods& periods = c.driver.machine().state().periods;
  Fields fields;
  for (const core::PeriodRow& row : core::kPeriodRows) {
    fields.emplace_back(row.name, std::to_string((periods.*row.value).count()));
  }
  WriteFields(c.reply, fields);
}

void PendingScripts(CommandContext& c) {
  const Scripts& scripts = c.driver.scripts();
  const auto since = [&](MonoTime begin, MonoTime end) {
    return std::max<int64_t>(std::chrono::duration_cast<Millis>(end - begin).count(), 0);
  };
  c.reply.Array(static_cast<int64_t>(scripts.jobs().size()));
  for (const Scripts::Job& job : scripts.jobs()) {
    const bool running = job.pid != 0;
    c.reply.Map(5);
    c.reply.Bulk("argv");
    c.reply.Array(static_cast<int64_t>(job.words.size()));
    for (const std::string& word : job.words) c.reply.Bulk(word);
    c.reply.Bulk("flags");
    c.reply.Bulk(running ? "running" : "scheduled");
    c.reply.Bulk("pid");
    c.reply.Bulk(std::to_string(job.pid));
    c.reply.Bulk(running ? "run-time" : "run-delay");
    c.reply.Bulk(std::to_string(running ? since(job.since, scripts.Now())
                                        : since(scripts.Now(), job.since)));
    c.reply.Bulk("retry-num");
    c.reply.Bulk(std::to_string(job.tries));
  }
}

// Between our own sidecars. ASK is a vote request that names the group instead of an address.
void RedisHa(CommandContext& c) {
  if (SameWord(c.args[2], "ask")) {
    core::VoteRequest request;
    int64_t epoch = 0;
    if (c.args.size() != 6 || !ParseNumber(c.args[4], &epoch) || epoch < 0) {
      c.reply.Error("ERR SENTINEL REDISHA ASK <group> <epoch> <candidate|*>");
      return;
    }
    request.group = c.arg(3);
    request.epoch = static_cast<core::Epoch>(epoch);
    request.candidate = c.arg(5);
    request.proven = c.client.member_id;
    request.request = c.server.Await(c.client);
    c.driver.Feed(std::move(request));
    return;
  }
  core::ExtensionReceived event;
  for (size_t i = 2; i < c.args.size(); ++i) event.args.push_back(c.arg(i));
  event.proven = c.client.member_id;
  event.request = c.server.Await(c.client);
  c.driver.Feed(std::move(event));
}

const Command kSubcommands[] = {
    {"ckquorum", 3, CkQuorum, Rights::kApplications,
     "Check if the current Sentinel configuration is able to reach the quorum needed to failover "
     "a master and the majority needed to authorize the failover.",
     "CKQUORUM <master-name>"},
    {"config", -3, Config, Rights::kEverything,
     "Get or set global Sentinel configuration parameters.",
     "CONFIG GET <param> [<param> ...] | SET <param> <value> [<param> <value> ...]"},
    {"debug", -2, Debug, Rights::kEverything,
     "Show the time parameters (milliseconds), or change one or more of them until the next start.",
     "DEBUG [<param> <value> ...]"},
    {"failover", -3, FailoverGroup, Rights::kEverything,
     "Manually failover a master node without asking for agreement.",
     "FAILOVER <master-name> [COORDINATED | FORCE [accept-loss-of <member> ...]]"},
    {"flushconfig", 2, [](CommandContext& c) { FeedCommand(c, core::FlushConfigCommand{}); },
     Rights::kEverything, "Force Sentinel to rewrite its state on disk.", "FLUSHCONFIG"},
    {"get-master-addr-by-name", 3, GetMasterAddr, Rights::kApplications,
     "Return the ip and port of the master.", "GET-MASTER-ADDR-BY-NAME <master-name>"},
    Unlisted({"get-primary-addr-by-name", 3, GetMasterAddr}),
    {"info-cache", -3, InfoCache, Rights::kApplications,
     "Return cached INFO output from masters and all its replicas.", "INFO-CACHE <master-name>"},
    {"is-master-down-by-addr", 6, IsMasterDown, Rights::kApplications,
     "Check if the master specified by ip:port is down from current Sentinel's point of view.",
     "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>"},
    Unlisted({"is-primary-down-by-addr", 6, IsMasterDown}),
    {"master", 3, Master, Rights::kApplications, "Show the state and info of the specified master.",
     "MASTER <master-name>"},
    {"masters", 2, Masters, Rights::kApplications,
     "Show a list of monitored masters and their state.", "MASTERS"},
    {"monitor", 6, Monitor, Rights::kEverything,
     "Start monitoring a new master with the specified name, ip, port.",
     "MONITOR <name> <ip> <port> <quorum>"},
    {"myid", 2, [](CommandContext& c) { c.reply.Bulk(c.driver.machine().state().my_id); },
     Rights::kApplications, "Return the ID of the Sentinel instance.", "MYID"},
    {"pending-scripts", 2, PendingScripts, Rights::kApplications,
     "Get pending scripts information.", "PENDING-SCRIPTS"},
    Unlisted({"primaries", 2, Masters}),
    Unlisted({"primary", 3, Master}),
    Unlisted({"redisha", -3, RedisHa}),
    {"remove", 3, Remove, Rights::kEverything, "Remove master from Sentinel's monitor list.",
     "REMOVE <master-name>"},
    {"replicas", 3, Replicas, Rights::kApplications,
     "Show a list of replicas for this master and their state.", "REPLICAS <master-name>"},
    {"reset", 3, ResetGroups, Rights::kEverything,
     "Reset masters for specific master name matching this pattern.", "RESET <pattern>"},
    {"sentinels", 3, Sentinels, Rights::kApplications,
     "Show a list of Sentinel instances for this master and their state.",
     "SENTINELS <master-name>"},
    {"set", -5, SetGroup, Rights::kEverything, "Set configuration parameters for certain masters.",
     "SET <master-name> <option> <value> [<option> <value> ...]"},
    {"simulate-failure", -3, SimulateFailure, Rights::kEverything, "Simulate a Sentinel crash.",
     "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]"},
    {"slaves", 3, Replicas},
};

}  // namespace

std::span<const Command> SentinelSubcommands() { return kSubcommands; }

}  // namespace rha::sidecar::shell
