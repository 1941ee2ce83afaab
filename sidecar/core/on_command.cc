// Commands that change something. Texts of errors are Redis' (sentinel.c 7.0, sentinelCommand).
#include "common/base/glob.h"
#include "sidecar/core/election.h"
#include "sidecar/core/failover.h"
#include "sidecar/core/handlers.h"
#include "sidecar/core/handover.h"
#include "sidecar/core/links.h"
#include "sidecar/core/membership.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/names.h"
#include "sidecar/core/pick_replica.h"
#include "sidecar/core/settings.h"
#include "sidecar/core/text.h"
#include "sidecar/core/topology.h"

namespace rha::sidecar::core {
namespace {

using Answer = decltype(Reply::value);

constexpr const char* kNoSuchGroup = "ERR No such master with that name";
constexpr const char* kScriptsDenied =
    "ERR Reconfiguration of scripts path is denied for security reasons. Check the "
    "deny-scripts-reconfig configuration directive in your Sentinel configuration";
constexpr const char* kProvenLinks =
    "ERR members of a configured group prove themselves by redisha-peer-key-file, and their nodes "
    "know every command by its own name";
constexpr const char* kFixedOnly =
    "ERR this Sentinel serves a configured group; its members come from its file";

std::string FromItsFile(const std::string& setting) {
  return "ERR '" + setting + "' of a configured group comes from its file";
}

Group* Find(Context& c, const std::string& name) {
  auto it = c.s.groups.find(name);
  return it == c.s.groups.end() ? nullptr : &it->second;
}

bool ServesFixed(const State& state) {
  return std::any_of(state.groups.begin(), state.groups.end(),
                     [](const auto& group) { return group.second.mode().fixed; });
}

// Why a failover cannot be had now, and with what words it could.
ReplyError NobodyToPromote(const Context& c, const Group& group, const Pick& pick, bool force) {
  const std::string redis_words = "NOGOODSLAVE No suitable replica to promote";
  if (!group.mode().waits_for_copies) return ReplyError{redis_words};
  const std::string copies = DescribeCopies(group, c.now);
  if (pick.wait.members.empty()) return ReplyError{redis_words + ": " + copies};
  const std::string command = "SENTINEL FAILOVER " + group.config.name + " FORCE";
  if (!force) {
    return ReplyError{redis_words + " without a loss: " + copies + ". " + command +
                      " says what to do"};
  }
  std::string names;
  for (const int member : pick.wait.members) names += " " + group.members[member].config.name;
  return ReplyError{"WOULDLOSE " + copies + ". To lose what only" + names +
                    " may hold, say: " + command + " accept-loss-of" + names};
}

Answer Run(Context& c, const FailoverCommand& command) {
  Group* group = Find(c, command.group);
  if (group == nullptr) return ReplyError{kNoSuchGroup};
  // Two moves at a time would each count on the writes' being held back for it alone; and who still
  // sends replicas to the last primary would demote the next one.
  const bool other =
      !group->mode().seals_copies && (OtherLeads(*group, c.now) || OtherRepoints(*group, c.now));
  if (group->failover || other) return ReplyError{"INPROG Failover already in progress"};
  if (command.force && !group->mode().waits_for_copies) {
    return ReplyError{"ERR FORCE is for groups of redisha-group lines"};
  }
  for (const std::string& name : command.given_up) {
    if (FindMember(*group, name) == nullptr) {
      return ReplyError{"ERR '" + name + "' is no member of this group"};
    }
  }
  if (command.coordinated && !PrimaryInReach(*group)) {
    return ReplyError{"NOGOODPRIMARY Primary is not reachable"};
  }
  const Pick pick = PickReplica(c.s, *group, c.now, command.given_up);
  if (pick.result != PickResult::kChosen) {
    // What was heard of a replica that has synchronised since is old.
    for (auto& [id, node] : group->nodes) AskInfo(c, node);
    return NobodyToPromote(c, *group, pick, command.force);
  }
  if (!c.s.may_vote) return ReplyError{"NOGOODSLAVE This member has not yet learned the epoch"};
  c.Note("Executing user requested FAILOVER of '" + command.group + "'");
  for (const std::string& name : command.given_up) {
    c.Warn("a user gives up what only " + name + " may hold");
  }
  StartFailover(c, *group, /*forced=*/true, command.given_up);
  if (group->failover) group->failover->coordinated = command.coordinated;
  return ReplyOk{};
}

Answer Run(Context& c, const MonitorCommand& command) {
  if (command.quorum <= 0) return ReplyError{"ERR Quorum must be 1 or greater."};
  if (Find(c, command.group) != nullptr) return ReplyError{"ERR Duplicate master name."};
  if (ServesFixed(c.s)) return ReplyError{kFixedOnly};
  if (c.s.groups.size() >= kGroupsMax) return ReplyError{"ERR Too many monitored masters"};
  const bool bad_name = command.group.empty() || HasControlCharacter(command.group) ||
                        command.group.find_first_of(" ,") != std::string::npos ||
                        command.group.size() > kNameBytesMax;
  if (bad_name) return ReplyError{"ERR Invalid master name"};
  if (command.primary.port == 0) return ReplyError{"ERR Invalid port number."};
  if (!IsHost(command.primary.host) || !IsUsableHost(c.s, command.primary.host)) {
    return ReplyError{"ERR Invalid IP address or hostname specified"};
  }
  AddGroup(c,
           GroupConfig{{.name = command.group,
                        .primary = command.primary,
                        .quorum = command.quorum,
                        .down_after = c.s.periods.down_after,
                        .failover_timeout = c.s.periods.failover_timeout}},
           nullptr);
  c.NeedPersist();
  return ReplyOk{};
}

Answer Run(Context& c, const RemoveCommand& command) {
  const Group* group = Find(c, command.group);
  if (group == nullptr) return ReplyError{kNoSuchGroup};
  if (group->mode().fixed) return ReplyError{"ERR This master is part of the static configuration"};
  RemoveGroup(c, command.group);
  return ReplyOk{};
}

Answer Run(Context& c, const ResetCommand& command) {
  int64_t count = 0;
  for (auto& [name, group] : c.s.groups) {
    if (!GlobMatches(command.pattern, name)) continue;
    ResetGroup(c, group);
    ++count;
  }
  return ReplyInteger{count};
}

Answer Run(Context& c, const SetCommand& command) {
  Group* group = Find(c, command.group);
  if (group == nullptr) return ReplyError{kNoSuchGroup};
  // All or nothing: a bad option leaves the earlier ones unset too (Redis keeps them).
  GroupConfig config = group->config;
  bool redial = false;
  for (const auto& [option, value] : command.options) {
    if (IsScriptSetting(option) && c.s.globals.deny_scripts_reconfig) {
      return ReplyError{kScriptsDenied};
    }
    if (group->mode().fixed) {
      return ReplyError{ConcernsLinks(option) ? kProvenLinks : FromItsFile(option)};
    }
    redial = redial || ConcernsLinks(option);
    if (const Status status = ApplySetting(config, option, value); !status.ok()) {
      return ReplyError{status.message()};
    }
  }
  group->config = std::move(config);
  for (const auto& [option, value] : command.options) {
    const bool secret = IsSecretSetting(option);
    c.GroupEvent("+set", *group, option + " " + (secret ? "******" : value));
  }
  if (redial) {
    for (auto& [id, node] : group->nodes) RedialNode(c, node);
  }
  c.NeedPersist();
  return ReplyOk{};
}

Answer Run(Context& c, const ConfigSetCommand& command) {
  Globals globals = c.s.globals;
  for (const auto& [name, value] : command.options) {
    if (ServesFixed(c.s) && CommandName(name) != "LOGLEVEL") {
      return ReplyError{FromItsFile(name)};
    }
    if (const Status status = ApplyGlobal(globals, name, value); !status.ok()) {
      return ReplyError{status.message()};
    }
  }
  const bool redial = globals.peer_user != c.s.globals.peer_user ||
                      globals.peer_password != c.s.globals.peer_password;
  c.s.globals = std::move(globals);
  c.s.announce = {c.s.globals.announce_ip,
                  c.s.globals.announce_port != 0 ? c.s.globals.announce_port : c.s.own_port};
  if (redial) {
    for (auto& [id, peer] : c.s.peers) RedialPeer(c, peer);
  }
  c.NeedPersist();
  return ReplyOk{};
}

// Not kept across a restart, as in Redis.
Answer Run(Context& c, const UsersCommand& command) {
  c.s.globals.users = command.users;
  c.NeedPersist();
  if (command.removed) return ReplyInteger{*command.removed};
  return ReplyOk{};
}

Answer Run(Context& c, const DebugCommand& command) {
  Periods periods = c.s.periods;
  for (const auto& [name, value] : command.options) {
    const std::string wanted = CommandName(name);
    const auto row = std::find_if(std::begin(kPeriodRows), std::end(kPeriodRows),
                                  [&](const PeriodRow& each) { return wanted == each.name; });
    if (row == std::end(kPeriodRows)) {
      return ReplyError{"ERR Unknown option or number of arguments for SENTINEL DEBUG '" + name +
                        "'"};
    }
    const auto ms = ParseNumber<int64_t>(value);
    if (!ms || *ms <= 0 || *ms > kPeriodMost.count()) {
      return ReplyError{"ERR Invalid argument '" + value + "' for SENTINEL DEBUG '" + name + "'"};
    }
    periods.*row->value = Millis{*ms};
  }
  c.s.periods = periods;
  return ReplyOk{};
}

Answer Run(Context& c, const FlushConfigCommand&) {
  c.NeedPersist();
  return ReplyOk{};
}

Answer Run(Context& c, const SimulateFailureCommand& command) {
  c.s.crash_after_election = command.after_election;
  c.s.crash_after_promotion = command.after_promotion;
  return ReplyOk{};
}

}  // namespace

void OnCommand(Context& c, const CommandReceived& event) {
  Answer answer =
      std::visit([&](const auto& command) -> Answer { return Run(c, command); }, event.command);
  c.Do(Reply{event.request, std::move(answer)});
}

}  // namespace rha::sidecar::core
