// CLIENT: what a client says of itself, and which clients there are.
#include <charconv>
#include <optional>
#include <set>

#include "sidecar/core/text.h"
#include "sidecar/shell/client.h"
#include "sidecar/shell/command.h"
#include "sidecar/shell/limits.h"
#include "sidecar/shell/server.h"

namespace rha::sidecar::shell {
namespace {

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

std::optional<uint64_t> ReadId(std::string_view text) {
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id == 0) return std::nullopt;
  return id;
}

// Which clients CLIENT KILL means: all that fit each of these.
struct Filter {
  std::optional<uint64_t> id;
  std::optional<std::string> address, own_address, user;
  std::optional<bool> subscribed;  // TYPE
  bool none = false;               // a type that no client of a Sentinel has
  bool spare_asker = true;

  bool Fits(const Client& client, const Client& asker) const {
    if (none || (spare_asker && &client == &asker)) return false;
    if (id && *id != client.id()) return false;
    if (address && *address != client.peer()) return false;
    if (own_address && *own_address != client.local()) return false;
    if (user && *user != client.who.user) return false;
    return !subscribed || *subscribed == client.subscribed();
  }
};

Status ReadType(std::string_view type, Filter* filter) {
  if (SameWord(type, "normal") || SameWord(type, "pubsub")) {
    filter->subscribed = SameWord(type, "pubsub");
  } else if (SameWord(type, "master") || SameWord(type, "replica") || SameWord(type, "slave")) {
    filter->none = true;
  } else {
    return {Code::kInvalid, "ERR Unknown client type '" + std::string(type.substr(0, 128)) + "'"};
  }
  return {};
}

// An error is a reply without '-'.
Status ReadFilter(CommandContext& c, std::string_view name, std::string_view value,
                  Filter* filter) {
  if (SameWord(name, "id")) {
    filter->id = ReadId(value);
    if (!filter->id) return {Code::kInvalid, "ERR client-id should be greater than 0"};
  } else if (SameWord(name, "addr")) {
    filter->address = value;
  } else if (SameWord(name, "laddr")) {
    filter->own_address = value;
  } else if (SameWord(name, "user")) {
    filter->user = value;
    const bool known = value == kAdministrator || c.server.access().users().Find(value) != nullptr;
    if (!known) {
      return {Code::kInvalid, "ERR No such user '" + std::string(value.substr(0, 128)) + "'"};
    }
  } else if (SameWord(name, "type")) {
    return ReadType(value, filter);
  } else if (SameWord(name, "skipme") && (SameWord(value, "yes") || SameWord(value, "no"))) {
    filter->spare_asker = SameWord(value, "yes");
  } else {
    return {Code::kInvalid, "ERR syntax error"};
  }
  return {};
}

// LIST [TYPE <type> | ID <id> [<id> ...]]
void ClientList(CommandContext& c) {
  Filter filter{.spare_asker = false};
  std::set<uint64_t> ids;
  const bool by_id = c.args.size() >= 4 && SameWord(c.args[2], "id");
  if (c.args.size() == 4 && SameWord(c.args[2], "type")) {
    const Status read = ReadType(c.args[3], &filter);
    if (!read.ok()) return c.reply.Error(read.message());
  } else if (c.args.size() > 2 && !by_id) {
    return c.reply.Error("ERR syntax error");
  }
  for (size_t i = 3; by_id && i < c.args.size(); ++i) {
    const auto id = ReadId(c.args[i]);
    if (!id) return c.reply.Error("ERR Invalid client ID");
    ids.insert(*id);
  }
  std::string text;
  for (const auto& [id, client] : c.server.clients()) {
    const bool wanted = by_id ? ids.contains(id) : filter.Fits(*client, c.client);
    if (wanted) text += client->Line() + "\n";
  }
  c.reply.Verbatim("txt", text);
}

void ClientKill(CommandContext& c) {
  const bool old_form = c.args.size() == 3;
  Filter filter;
  if (old_form) {
    filter.address = c.arg(2);
    filter.spare_asker = false;
  } else if (c.args.size() % 2 != 0) {
    return c.reply.Error("ERR syntax error");
  }
  for (size_t i = 2; !old_form && i < c.args.size(); i += 2) {
    const Status read = ReadFilter(c, c.args[i], c.args[i + 1], &filter);
    if (!read.ok()) return c.reply.Error(read.message());
  }
  const int64_t killed = c.server.CloseAll(
      [&](const Client& client) { return filter.Fits(client, c.client); }, &c.client);
  if (!old_form) return c.reply.Integer(killed);
  killed > 0 ? c.reply.Ok() : c.reply.Error("ERR No such client");
}

// What follows is about keys, blocked clients and memory: a Sentinel has none of them, and says so.

void ClientCaching(CommandContext& c) {
  if (!SameWord(c.args[2], "yes") && !SameWord(c.args[2], "no")) {
    return c.reply.Error("ERR syntax error");
  }
  c.reply.Error(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
      "OPTOUT mode enabled");
}

void ClientTracking(CommandContext& c) {
  if (SameWord(c.args[2], "off")) return c.reply.Ok();
  c.reply.Error(SameWord(c.args[2], "on") ? "ERR A Sentinel has no keys that could be tracked"
                                          : "ERR syntax error");
}

void ClientTrackingInfo(CommandContext& c) {
  c.reply.Map(3);
  c.reply.Bulk("flags");
  c.reply.Set(1);
  c.reply.Bulk("off");
  c.reply.Bulk("redirect");
  c.reply.Integer(-1);
  c.reply.Bulk("prefixes");
  c.reply.Array(0);
}

// Nothing closes a client for the memory of all, so each is spared already.
void ClientNoEvict(CommandContext& c) {
  const bool known = SameWord(c.args[2], "on") || SameWord(c.args[2], "off");
  known ? c.reply.Ok() : c.reply.Error("ERR syntax error");
}

void ClientUnblock(CommandContext& c) {
  const bool reason =
      c.args.size() == 3 || SameWord(c.args[3], "timeout") || SameWord(c.args[3], "error");
  if (!reason) return c.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  if (!core::ParseNumber<int64_t>(c.args[2])) {
    return c.reply.Error("ERR value is not an integer or out of range");
  }
  c.reply.Integer(0);
}

// Sidecars of other hosts are clients, too: who silenced or held them would stop failovers.
void ClientPause(CommandContext& c) { c.reply.Error("ERR A Sentinel does not pause its clients"); }

void ClientReply(CommandContext& c) {
  if (SameWord(c.args[2], "on")) return c.reply.Ok();
  const bool known = SameWord(c.args[2], "off") || SameWord(c.args[2], "skip");
  c.reply.Error(known ? "ERR A Sentinel answers every request" : "ERR syntax error");
}

constexpr uint32_t kOfClients = acl::kOfAdministrators | acl::kAclConnection;

const Command kSubcommands[] = {
    {"caching", 3, ClientCaching, Rights::kApplications,
     "Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
     "CACHING (YES|NO)"},
    {"getname", 2,
     [](CommandContext& c) {
       c.client.name.empty() ? c.reply.Null() : c.reply.Bulk(c.client.name);
     },
     Rights::kApplications, "Return the name of the current connection.", "GETNAME"},
    {"getredir", 2, [](CommandContext& c) { c.reply.Integer(-1); }, Rights::kApplications,
     "Return the client ID we are redirecting to when tracking is enabled.", "GETREDIR"},
    {"id", 2, [](CommandContext& c) { c.reply.Integer(static_cast<int64_t>(c.client.id())); },
     Rights::kApplications, "Return the ID of the current connection.", "ID"},
    {"info", 2, [](CommandContext& c) { c.reply.Verbatim("txt", c.client.Line() + "\n"); },
     Rights::kApplications, "Return information about the current client connection.", "INFO"},
    As(kOfClients, {"kill", -3, ClientKill, Rights::kEverything, "Kill connections.",
                    "KILL <ip:port>|<filter> <value> [...] (ID, ADDR, LADDR, USER, TYPE, SKIPME)"}),
    As(kOfClients, {"list", -2, ClientList, Rights::kApplications,
                    "Return information about client connections.",
                    "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]"}),
    As(kOfClients, {"no-evict", 3, ClientNoEvict, Rights::kApplications,
                    "Protect current client connection from eviction.", "NO-EVICT (ON|OFF)"}),
    As(kOfClients, {"pause", -3, ClientPause, Rights::kEverything,
                    "Refused: a Sentinel does not pause its clients.", "PAUSE <timeout>"}),
    {"reply", 3, ClientReply, Rights::kApplications,
     "Refused but for ON: a Sentinel answers every request.", "REPLY (ON|OFF|SKIP)"},
    Unlisted({"setinfo", 4, ClientSetInfo, Rights::kApplications, "Set client meta attribute.",
              "SETINFO <option> <value>"}),
    {"setname", 3, ClientSetName, Rights::kApplications,
     "Assign the name <name> to the current connection.", "SETNAME <name>"},
    {"tracking", -3, ClientTracking, Rights::kApplications,
     "Refused but for OFF: a Sentinel has no keys.", "TRACKING (ON|OFF)"},
    {"trackinginfo", 2, ClientTrackingInfo, Rights::kApplications,
     "Report tracking status for the current connection.", "TRACKINGINFO"},
    As(kOfClients, {"unblock", -3, ClientUnblock, Rights::kEverything,
                    "Unblock the specified blocked client: there is none.",
                    "UNBLOCK <clientid> [TIMEOUT|ERROR]"}),
    As(kOfClients, {"unpause", 2, [](CommandContext& c) { c.reply.Ok(); }, Rights::kEverything,
                    "Stop the current client pause: there is none.", "UNPAUSE"}),
};

}  // namespace

// A name as CLIENT LIST can show it: short, no blanks, no line ends.
bool IsPlainName(std::string_view name) {
  if (name.size() > kClientWordBytesMax) return false;
  for (const char c : name) {
    if (c < '!' || c > '~') return false;
  }
  return true;
}

std::span<const Command> ClientSubcommands() { return kSubcommands; }

}  // namespace rha::sidecar::shell
