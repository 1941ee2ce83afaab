// The commands that are not SENTINEL: connection, identity, subscriptions, INFO.
#include <charconv>
#include <optional>

#include "sidecar/shell/client.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/driver.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

constexpr char kHelloChannel[] = "__sentinel__:hello";

// A name as CLIENT LIST can show it: short, no blanks, no line ends.
bool IsPlainName(std::string_view name) {
  if (name.size() > kClientWordBytesMax) return false;
  for (const char c : name) {
    if (c < '!' || c > '~') return false;
  }
  return true;
}

// Null: fine. Otherwise the error.
const char* TryAuth(CommandContext& c, std::string_view user, std::string_view password) {
  const Rights rights = c.server.trust().Authenticate(user, password, c.server.Now());
  if (rights == Rights::kNothing) {
    return "WRONGPASS invalid username-password pair or user is disabled.";
  }
  if (!c.server.Admit(c.client, rights)) return kTooManyClients;
  c.client.user = user;
  return nullptr;
}

void Auth(CommandContext& c) {
  if (c.args.size() > 3) {
    c.reply.Error("ERR syntax error");
    return;
  }
  if (c.args.size() == 2 && !c.server.trust().has_password()) {
    c.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
    return;
  }
  const char* error =
      c.args.size() == 2 ? TryAuth(c, "default", c.args[1]) : TryAuth(c, c.args[1], c.args[2]);
  error ? c.reply.Error(error) : c.reply.Ok();
}

void HelloReply(CommandContext& c) {
  c.reply.Map(6);
  c.reply.Bulk("server");
  c.reply.Bulk("redis");
  c.reply.Bulk("version");
  c.reply.Bulk(kRedisVersion);
  c.reply.Bulk("proto");
  c.reply.Integer(c.client.protocol());
  c.reply.Bulk("id");
  c.reply.Integer(static_cast<int64_t>(c.client.id()));
  c.reply.Bulk("mode");
  c.reply.Bulk("sentinel");
  c.reply.Bulk("modules");
  c.reply.Array(0);
}

void Hello(CommandContext& c) {
  int protocol = c.client.protocol();
  std::optional<std::string> name;
  size_t next = 1;
  if (c.args.size() > 1) {
    if (c.args[1] != "2" && c.args[1] != "3") {
      const bool number = c.args[1].find_first_not_of("0123456789") == std::string_view::npos;
      c.reply.Error(number ? "NOPROTO unsupported protocol version"
                           : "ERR Protocol version is not an integer or out of range");
      return;
    }
    protocol = c.args[1] == "3" ? 3 : 2;
    next = 2;
  }
  while (next < c.args.size()) {
    const size_t left = c.args.size() - next - 1;
    if (SameWord(c.args[next], "auth") && left >= 2) {
      if (const char* error = TryAuth(c, c.args[next + 1], c.args[next + 2])) {
        c.reply.Error(error);
        return;
      }
      next += 3;
    } else if (SameWord(c.args[next], "setname") && left >= 1) {
      if (!IsPlainName(c.args[next + 1])) {
        c.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
        return;
      }
      name = c.arg(next + 1);
      next += 2;
    } else {
      c.reply.Error("ERR Syntax error in HELLO option '" + c.arg(next) + "'");
      return;
    }
  }
  if (c.client.rights() == Rights::kNothing) {
    c.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
    return;
  }
  if (name) c.client.name = *name;
  c.reply.set_protocol(protocol);
  HelloReply(c);
}

void Ping(CommandContext& c) {
  if (c.args.size() > 2) {
    c.reply.Error("ERR wrong number of arguments for 'ping' command");
  } else if (c.client.protocol() == 2 && c.client.subscribed()) {
    c.reply.Array(2);
    c.reply.Bulk("pong");
    c.reply.Bulk(c.args.size() == 2 ? c.args[1] : "");
  } else if (c.args.size() == 2) {
    c.reply.Bulk(c.args[1]);
  } else {
    c.reply.Simple("PONG");
  }
}

void Quit(CommandContext& c) {
  c.reply.Ok();
  c.client.CloseAfterReply();
}

void Reset(CommandContext& c) {
  c.client.channels.clear();
  c.client.patterns.clear();
  c.client.name.clear();
  c.client.user = "default";
  c.client.member.clear();
  c.client.member_id.clear();
  c.reply.set_protocol(2);
  c.server.StartOver(c.client);
  c.reply.Simple("RESET");
}

// ---- subscriptions
// -------------------------------------------------------------------------------

void Confirm(CommandContext& c, std::string_view kind, const std::string* channel) {
  c.reply.Push(3);
  c.reply.Bulk(kind);
  channel ? c.reply.Bulk(*channel) : c.reply.Null();
  c.reply.Integer(static_cast<int64_t>(c.client.channels.size() + c.client.patterns.size()));
}

void Subscribe(CommandContext& c, const char* kind, std::set<std::string>& set) {
  for (size_t i = 1; i < c.args.size(); ++i) {
    const std::string channel = c.arg(i);
    if (set.size() >= kSubscriptionsPerClientMax && !set.count(channel)) {
      c.reply.Error("ERR too many subscriptions");
      return;
    }
    if (channel.size() > kClientWordBytesMax) {
      c.reply.Error("ERR no channel of a Sentinel has so long a name");
      return;
    }
    set.insert(channel);
    Confirm(c, kind, &channel);
  }
}

void Unsubscribe(CommandContext& c, const char* kind, std::set<std::string>& set) {
  std::set<std::string> leaving;
  if (c.args.size() == 1) {
    leaving = set;
    if (leaving.empty()) Confirm(c, kind, nullptr);
  }
  for (size_t i = 1; i < c.args.size(); ++i) leaving.insert(c.arg(i));
  for (const std::string& channel : leaving) {
    set.erase(channel);
    Confirm(c, kind, &channel);
  }
}

void Publish(CommandContext& c) {
  if (c.args[1] != kHelloChannel) {
    c.reply.Error("ERR Only HELLO messages are accepted by Sentinel instances.");
    return;
  }
  c.driver.Feed(core::HelloReceived{c.arg(2), c.client.member_id});
  c.reply.Integer(1);
}

// ---- CLIENT
// --------------------------------------------------------------------------------------

std::string Describe(const Client& client) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::steady_clock::now() - client.since())
                       .count();
  return "id=" + std::to_string(client.id()) + " addr=" + client.peer() +
         " laddr=" + client.local() + " name=" + client.name + " age=" + std::to_string(age) +
         " db=0 sub=" + std::to_string(client.channels.size()) +
         " psub=" + std::to_string(client.patterns.size()) + " cmd=" + client.last_command +
         " user=" + client.user + " resp=" + std::to_string(client.protocol()) +
         " lib-name=" + client.lib_name + " lib-ver=" + client.lib_version + "\n";
}

void ClientSetName(CommandContext& c) {
  if (!IsPlainName(c.args[2])) {
    c.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
    return;
  }
  c.client.name = c.arg(2);
  c.reply.Ok();
}

void ClientSetInfo(CommandContext& c) {
  if (!IsPlainName(c.args[3])) {
    c.reply.Error("ERR " + c.arg(2) + " cannot contain spaces, newlines or special characters.");
  } else if (SameWord(c.args[2], "lib-name")) {
    c.client.lib_name = c.arg(3);
    c.reply.Ok();
  } else if (SameWord(c.args[2], "lib-ver")) {
    c.client.lib_version = c.arg(3);
    c.reply.Ok();
  } else {
    c.reply.Error("ERR Unrecognized option '" + c.arg(2) + "'");
  }
}

void ClientList(CommandContext& c) {
  std::string text;
  for (const auto& [id, client] : c.server.clients()) text += Describe(*client);
  c.reply.Verbatim("txt", text);
}

// The two forms that monitoring and tests use: by address, and by id.
void ClientKill(CommandContext& c) {
  const bool old_form = c.args.size() == 3;
  if (!old_form &&
      !(c.args.size() == 4 && (SameWord(c.args[2], "id") || SameWord(c.args[2], "addr")))) {
    c.reply.Error("ERR syntax error");
    return;
  }
  const std::string wanted = c.arg(old_form ? 2 : 3);
  const bool by_id = !old_form && SameWord(c.args[2], "id");
  Client* victim = nullptr;
  for (const auto& [id, client] : c.server.clients()) {
    if ((by_id ? std::to_string(id) : client->peer()) == wanted) victim = client.get();
  }
  if (old_form) {
    victim ? c.reply.Ok() : c.reply.Error("ERR No such client");
  } else {
    c.reply.Integer(victim ? 1 : 0);
  }
  if (victim == &c.client) {
    c.client.CloseAfterReply();
  } else if (victim) {
    victim->Close();
  }
}

const Command kClientCommands[] = {
    {"getname", 2,
     [](CommandContext& c) {
       c.client.name.empty() ? c.reply.Null() : c.reply.Bulk(c.client.name);
     },
     Rights::kApplications, "Return the name of the current connection.", "GETNAME"},
    {"id", 2, [](CommandContext& c) { c.reply.Integer(static_cast<int64_t>(c.client.id())); },
     Rights::kApplications, "Return the ID of the current connection.", "ID"},
    {"info", 2, [](CommandContext& c) { c.reply.Verbatim("txt", Describe(c.client)); },
     Rights::kApplications, "Return information about the current client connection.", "INFO"},
    {"kill", -3, ClientKill, Rights::kEverything, "Kill connections.",
     "KILL <ip:port>|ID <id>|ADDR <ip:port>"},
    {"list", -2, ClientList, Rights::kApplications, "Return information about client connections.",
     "LIST"},
    {"setinfo", 4, ClientSetInfo, Rights::kApplications, "Set client meta attribute.",
     "SETINFO <option> <value>"},
    {"setname", 3, ClientSetName, Rights::kApplications,
     "Assign the name <name> to the current connection.", "SETNAME <name>"},
};

// ---- the rest
// ------------------------------------------------------------------------------------

void Acl(CommandContext& c) {
  if (c.args.size() == 2 && SameWord(c.args[1], "whoami")) {
    c.reply.Bulk(c.client.user);
  } else {
    c.reply.Error("ERR unknown subcommand '" + c.arg(1) + "'. Only ACL WHOAMI is supported here.");
  }
}

void DescribeCommand(CommandContext& c, const Command& row) {
  c.reply.Array(10);
  c.reply.Bulk(row.name);
  c.reply.Integer(row.arity);
  c.reply.Set(1);
  c.reply.Simple("sentinel");
  for (int i = 0; i < 3; ++i) c.reply.Integer(0);  // no keys
  c.reply.Set(0);
  for (int i = 0; i < 3; ++i) c.reply.Array(0);
}

void CommandCommand(CommandContext& c) {
  const auto rows = ServerCommands();
  const auto count = static_cast<int64_t>(rows.size());
  if (c.args.size() == 1) {
    c.reply.Array(count);
    for (const Command& row : rows) DescribeCommand(c, row);
  } else if (SameWord(c.args[1], "count")) {
    c.reply.Integer(count);
  } else if (SameWord(c.args[1], "docs")) {
    c.reply.Map(0);
  } else if (SameWord(c.args[1], "list")) {
    c.reply.Array(count);
    for (const Command& row : rows) c.reply.Bulk(row.name);
  } else if (SameWord(c.args[1], "info")) {
    c.reply.Array(static_cast<int64_t>(c.args.size()) - 2);
    for (size_t i = 2; i < c.args.size(); ++i) {
      const Command* found = nullptr;
      for (const Command& row : rows) {
        if (SameWord(row.name, c.args[i])) found = &row;
      }
      found ? DescribeCommand(c, *found) : c.reply.NullArray();
    }
  } else {
    c.reply.Error("ERR unknown subcommand '" + c.arg(1) + "'. Try COMMAND HELP.");
  }
}

void Info(CommandContext& c) {
  std::string text;
  if (c.args.size() == 1) text = InfoText(c.server, "default");
  for (size_t i = 1; i < c.args.size(); ++i) {
    const std::string part = InfoText(c.server, c.args[i]);
    if (!text.empty() && !part.empty()) text += "\r\n";
    text += part;
  }
  c.reply.Verbatim("txt", text);
}

void Role(CommandContext& c) {
  const auto& groups = c.driver.machine().state().groups;
  c.reply.Array(2);
  c.reply.Bulk("sentinel");
  c.reply.Array(static_cast<int64_t>(groups.size()));
  for (const auto& [name, group] : groups) c.reply.Bulk(name);
}

void Shutdown(CommandContext& c) {
  c.client.CloseAfterReply();
  c.server.Shutdown();
}

const Command kCommands[] = {
    {"acl", -2, Acl},
    {"auth", -2, Auth, Rights::kNothing},
    {"client", -2, [](CommandContext& c) { RunSubcommand(c, "client", kClientCommands); }},
    {"command", -1, CommandCommand},
    {"hello", -1, Hello, Rights::kNothing},
    {"info", -1, Info},
    {"ping", -1, Ping},
    {"psubscribe", -2, [](CommandContext& c) { Subscribe(c, "psubscribe", c.client.patterns); }},
    {"publish", 3, Publish, Rights::kEverything},
    {"punsubscribe", -1,
     [](CommandContext& c) { Unsubscribe(c, "punsubscribe", c.client.patterns); }},
    {"quit", -1, Quit, Rights::kNothing},
    {"redisha", -2, [](CommandContext& c) { RunSubcommand(c, "redisha", ProofSubcommands()); },
     Rights::kNothing},
    {"reset", 1, Reset, Rights::kNothing},
    {"role", 1, Role},
    {"sentinel", -2,
     [](CommandContext& c) { RunSubcommand(c, "sentinel", SentinelSubcommands()); }},
    {"shutdown", -1, Shutdown, Rights::kEverything},
    {"subscribe", -2, [](CommandContext& c) { Subscribe(c, "subscribe", c.client.channels); }},
    {"unsubscribe", -1,
     [](CommandContext& c) { Unsubscribe(c, "unsubscribe", c.client.channels); }},
};

}  // namespace

std::span<const Command> ServerCommands() { return kCommands; }

}  // namespace rha::sidecar::shell
