// The commands that are neither ACL, CLIENT nor SENTINEL: identity, subscriptions, INFO.
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

constexpr uint32_t kOfConnection = acl::kAclFast | acl::kAclConnection;
constexpr uint32_t kOfChannels = acl::kAclPubsub | acl::kAclSlow;

constexpr char kHelloChannel[] = "__sentinel__:hello";

// Null: fine. Otherwise the error.
const char* TryAuth(CommandContext& c, std::string_view user, std::string_view password) {
  const Rights rights = c.server.LogIn(c.client, user, password, c.args[0]);
  if (rights == Rights::kNothing) {
    return "WRONGPASS invalid username-password pair or user is disabled.";
  }
  return c.server.Admit(c.client, rights) ? nullptr : kTooManyClients;
}

void Auth(CommandContext& c) {
  if (c.args.size() > 3) {
    c.reply.Error("ERR syntax error");
    return;
  }
  if (c.args.size() == 2 && c.server.access().open()) {
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

// ---- the rest
// ------------------------------------------------------------------------------------

void Info(CommandContext& c) {
  c.reply.Bulk(InfoText(c.server, c.args.subspan(1)));  // in RESP3 too, unlike a node's
}

void Role(CommandContext& c) {
  const auto& groups = c.driver.machine().state().groups;
  c.reply.Array(2);
  c.reply.Bulk("sentinel");
  c.reply.Array(static_cast<int64_t>(groups.size()));
  for (const auto& [name, group] : groups) c.reply.Bulk(name);
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]: there is nothing to save or to wait for.
void Shutdown(CommandContext& c) {
  bool save = false, no_save = false, abort = false;
  for (size_t i = 1; i < c.args.size(); ++i) {
    const std::string_view word = c.args[i];
    save |= SameWord(word, "save");
    no_save |= SameWord(word, "nosave");
    abort |= SameWord(word, "abort");
    const bool known = SameWord(word, "save") || SameWord(word, "nosave") ||
                       SameWord(word, "abort") || SameWord(word, "now") || SameWord(word, "force");
    if (!known || (save && no_save) || (abort && c.args.size() > 2)) {
      return c.reply.Error("ERR syntax error");
    }
  }
  if (abort) return c.reply.Error("ERR No shutdown in progress.");
  c.client.CloseAfterReply();
  c.server.Shutdown();
}

const Command kCommands[] = {
    Container(acl::kAclSlow, AclSubcommands, {"acl", -2, nullptr}),
    As(kOfConnection, {"auth", -2, Auth, Rights::kNothing}),
    Container(acl::kAclSlow | acl::kAclConnection, ClientSubcommands, {"client", -2, nullptr}),
    Container(acl::kAclSlow | acl::kAclConnection, CommandSubcommands,
              {"command", -1, DescribeCommands}),
    As(kOfConnection, {"hello", -1, Hello, Rights::kNothing}),
    As(acl::kAclSlow | acl::kAclDangerous, {"info", -1, Info}),
    As(kOfConnection, {"ping", -1, Ping}),
    As(kOfChannels, {"psubscribe", -2,
                     [](CommandContext& c) { Subscribe(c, "psubscribe", c.client.patterns); }}),
    As(acl::kAclPubsub | acl::kAclFast, {"publish", 3, Publish, Rights::kEverything}),
    As(kOfChannels, {"punsubscribe", -1,
                     [](CommandContext& c) { Unsubscribe(c, "punsubscribe", c.client.patterns); }}),
    Unlisted(As(kOfConnection, {"quit", -1, Quit, Rights::kNothing})),
    Unlisted(Container(acl::kOfAdministrators, ProofSubcommands,
                       {"redisha", -2, nullptr, Rights::kNothing})),
    Unlisted(As(kOfConnection, {"reset", 1, Reset, Rights::kNothing})),
    As(acl::kAclAdmin | acl::kAclFast | acl::kAclDangerous, {"role", 1, Role}),
    Container(acl::kOfAdministrators, SentinelSubcommands, {"sentinel", -2, nullptr}),
    As(acl::kOfAdministrators, {"shutdown", -1, Shutdown, Rights::kEverything}),
    As(kOfChannels,
       {"subscribe", -2, [](CommandContext& c) { Subscribe(c, "subscribe", c.client.channels); }}),
    As(kOfChannels, {"unsubscribe", -1,
                     [](CommandContext& c) { Unsubscribe(c, "unsubscribe", c.client.channels); }}),
};

}  // namespace

std::span<const Command> ServerCommands() { return kCommands; }

}  // namespace rha::sidecar::shell
