// CLIENT: about sessions, one's own and others'.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/client_line.h"
#include "node/dispatch/engine.h"

namespace rha::node::commands {
namespace {

using dispatch::ClientLine;
using dispatch::PauseReason;
using dispatch::ReplyMode;

enum class ClientType : uint8_t { kNormal, kReplica, kPubsub, kPrimary };

ClientType TypeOf(const Session& session) {
  if (session.kind == SessionKind::kPrimary) return ClientType::kPrimary;
  if (session.kind == SessionKind::kReplica) return ClientType::kReplica;
  return session.pubsub != nullptr ? ClientType::kPubsub : ClientType::kNormal;
}

std::optional<ClientType> ParseType(Context& ctx, std::string_view text) {
  if (EqualsIgnoreCase(text, "normal")) return ClientType::kNormal;
  if (EqualsIgnoreCase(text, "slave") || EqualsIgnoreCase(text, "replica"))
    return ClientType::kReplica;
  if (EqualsIgnoreCase(text, "pubsub")) return ClientType::kPubsub;
  if (EqualsIgnoreCase(text, "master")) return ClientType::kPrimary;
  ctx.reply.Error("ERR Unknown client type '" + std::string(text) + "'");
  return std::nullopt;
}

void Id(Context& ctx) { ctx.reply.Integer(static_cast<int64_t>(ctx.session.id)); }

void Info(Context& ctx) { ctx.reply.Verbatim("txt", ClientLine(ctx.session, ctx.now_ms) + "\n"); }

void List(Context& ctx) {
  std::string text;
  // Whose connection has been closed in this turn is gone.
  const auto show = [&](const Session& session) {
    if (!session.closing) text += ClientLine(session, ctx.now_ms) + "\n";
  };
  if (ctx.argc() == 4 && EqualsIgnoreCase(ctx.arg(2), "type")) {
    const auto type = ParseType(ctx, ctx.arg(3));
    if (!type) return;
    for (const auto& [id, session] : ctx.sessions().all()) {
      if (TypeOf(*session) == *type) show(*session);
    }
  } else if (ctx.argc() > 3 && EqualsIgnoreCase(ctx.arg(2), "id")) {
    for (size_t i = 3; i < ctx.argc(); ++i) {
      int64_t id = 0;
      if (!structs::ParseDecimal(ctx.arg(i), &id)) return ctx.reply.Error("ERR Invalid client ID");
      const Session* session = ctx.sessions().Find(static_cast<uint64_t>(id));
      if (session != nullptr) show(*session);
    }
  } else if (ctx.argc() != 2) {
    return ctx.SyntaxError();
  } else {
    for (const auto& [id, session] : ctx.sessions().all()) show(*session);
  }
  ctx.reply.Verbatim("txt", text);
}

struct KillFilter {
  std::optional<std::string_view> address, local_address;
  std::optional<ClientType> type;
  std::optional<uint64_t> id;
  const acl::User* user = nullptr;  // null: any
  int64_t created_before_ms = std::numeric_limits<int64_t>::max();
  bool skip_me = true;

  bool Matches(const Session& session) const {
    return (!address || session.peer_address == *address) &&
           (!local_address || session.local_address == *local_address) &&
           (!type || TypeOf(session) == *type) && (!id || session.id == *id) &&
           (user == nullptr || session.user == user) &&
           session.created_unix_ms <= created_before_ms;
  }
};

// False: the error is written.
bool ParseMaxAge(Context& ctx, std::string_view text, KillFilter* filter) {
  int64_t age_s = 0;
  if (!structs::ParseDecimal(text, &age_s)) {
    ctx.reply.Error("ERR maxage is not an integer or out of range");
    return false;
  }
  if (age_s < 1) {
    ctx.reply.Error("ERR maxage should be greater than 0");
    return false;
  }
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / 1000;
  filter->created_before_ms = ctx.now_ms - std::min(age_s, kSecondsMax) * 1000;
  return true;
}

// False: the error is written.
bool ParseKillFilter(Context& ctx, KillFilter* filter) {
  for (size_t i = 2; i < ctx.argc(); i += 2) {
    const std::string_view word = ctx.arg(i);
    if (i + 1 == ctx.argc()) return ctx.SyntaxError(), false;
    const std::string_view value = ctx.arg(i + 1);
    if (EqualsIgnoreCase(word, "id")) {
      int64_t id = 0;
      if (!structs::ParseDecimal(value, &id) || id < 1) {
        ctx.reply.Error("ERR client-id should be greater than 0");
        return false;
      }
      filter->id = static_cast<uint64_t>(id);
    } else if (EqualsIgnoreCase(word, "type")) {
      filter->type = ParseType(ctx, value);
      if (!filter->type) return false;
    } else if (EqualsIgnoreCase(word, "addr")) {
      filter->address = value;
    } else if (EqualsIgnoreCase(word, "laddr")) {
      filter->local_address = value;
    } else if (EqualsIgnoreCase(word, "user")) {
      filter->user = ctx.permissions().users().Find(value);
      if (filter->user == nullptr) {
        ctx.reply.Error("ERR No such user '" + std::string(value) + "'");
        return false;
      }
    } else if (EqualsIgnoreCase(word, "maxage")) {
      if (!ParseMaxAge(ctx, value, filter)) return false;
    } else if (EqualsIgnoreCase(word, "skipme") &&
               (EqualsIgnoreCase(value, "yes") || EqualsIgnoreCase(value, "no"))) {
      filter->skip_me = EqualsIgnoreCase(value, "yes");
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

void Kill(Context& ctx) {
  KillFilter filter;
  const bool old_form = ctx.argc() == 3;
  if (old_form) {
    filter.address = ctx.arg(2);
    filter.skip_me = false;
  } else if (!ParseKillFilter(ctx, &filter)) {
    return;
  }
  int64_t killed = 0;
  bool me = false;
  for (const auto& [id, session] : ctx.sessions().all()) {
    if (session->closing || !filter.Matches(*session)) continue;
    if (session == &ctx.session) {
      if (filter.skip_me) continue;
      me = true;
    } else {
      session->Close(Session::CloseMode::kNow);
    }
    ++killed;
  }
  if (!old_form) {
    ctx.reply.Integer(killed);
  } else if (killed == 0) {
    ctx.reply.Error("ERR No such client");
  } else {
    ctx.reply.Ok();
  }
  if (me) ctx.session.Close(Session::CloseMode::kAfterReply);
}

bool Printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void SetName(Context& ctx) {
  if (!Printable(ctx.arg(2))) {
    return ctx.reply.Error(
        "ERR Client names cannot contain spaces, newlines or special characters.");
  }
  ctx.session.name = ctx.arg(2);
  ctx.reply.Ok();
}

void GetName(Context& ctx) {
  ctx.session.name.empty() ? ctx.reply.Null() : ctx.reply.Bulk(ctx.session.name);
}

void SetInfo(Context& ctx) {
  const std::string_view attribute = ctx.arg(2);
  const bool is_name = EqualsIgnoreCase(attribute, "lib-name");
  if (!is_name && !EqualsIgnoreCase(attribute, "lib-ver")) {
    return ctx.reply.Error("ERR Unrecognized option '" + std::string(attribute) + "'");
  }
  if (!Printable(ctx.arg(3))) {
    return ctx.reply.Error("ERR " + std::string(attribute) +
                           " cannot contain spaces, newlines or special characters.");
  }
  (is_name ? ctx.session.library_name : ctx.session.library_version) = ctx.arg(3);
  ctx.reply.Ok();
}

// What a client is capable of (Valkey 8): nothing here depends on it.
void Capa(Context& ctx) { ctx.reply.Ok(); }

// ON | OFF [moving-endpoint-type <type>]: the client wants to be told before a planned move.
void MaintNotifications(Context& ctx) {
  using dispatch::MovingEndpoint;
  struct Named {
    std::string_view name;
    MovingEndpoint endpoint;
  };
  constexpr Named kTypes[] = {{"none", MovingEndpoint::kNone},
                              {"internal-ip", MovingEndpoint::kInternalIp},
                              {"internal-fqdn", MovingEndpoint::kInternalName},
                              {"external-ip", MovingEndpoint::kExternalIp},
                              {"external-fqdn", MovingEndpoint::kExternalName}};
  const bool on = EqualsIgnoreCase(ctx.arg(2), "on");
  if (!on && !EqualsIgnoreCase(ctx.arg(2), "off")) return ctx.SyntaxError();
  MovingEndpoint endpoint = MovingEndpoint::kNone;
  for (size_t i = 3; i < ctx.argc(); i += 2) {
    if (i + 1 == ctx.argc() || !EqualsIgnoreCase(ctx.arg(i), "moving-endpoint-type")) {
      return ctx.SyntaxError();
    }
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Named& known) {
      return EqualsIgnoreCase(ctx.arg(i + 1), known.name);
    });
    if (type == std::end(kTypes)) {
      return ctx.reply.Error(
          "ERR moving-endpoint-type must be one of internal-ip, internal-fqdn, external-ip, "
          "external-fqdn, none");
    }
    endpoint = type->endpoint;
  }
  ctx.session.moving_endpoint = on ? endpoint : MovingEndpoint::kUnasked;
  ctx.reply.Ok();
}

void Pause(Context& ctx) {
  using Scope = dispatch::Pause::Scope;
  Scope scope = Scope::kAll;
  if (ctx.argc() > 4) return UnknownSubcommand(ctx);
  if (ctx.argc() == 4) {
    if (EqualsIgnoreCase(ctx.arg(3), "write")) {
      scope = Scope::kWrite;
    } else if (!EqualsIgnoreCase(ctx.arg(3), "all")) {
      return ctx.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  int64_t timeout_ms = 0;
  if (!structs::ParseDecimal(ctx.arg(2), &timeout_ms)) {
    return ctx.reply.Error("ERR timeout is not an integer or out of range");
  }
  if (timeout_ms < 0) return ctx.reply.Error("ERR timeout is negative");
  // A longer or wider pause that holds already is not shortened or narrowed.
  ctx.engine().Paused();  // ends what is over
  const dispatch::Pause held = ctx.engine().pauses().of(PauseReason::kClients);
  ctx.engine().SetPause(PauseReason::kClients,
                        {.scope = std::max(held.scope, scope),
                         .until_ms = std::max(held.until_ms, Later(ctx.now_ms, timeout_ms)),
                         .holds_stream = ctx.state().is_replica});
  ctx.reply.Ok();
}

void Unpause(Context& ctx) {
  ctx.engine().EndPause(PauseReason::kClients);
  ctx.reply.Ok();
}

void Reply(Context& ctx) {
  if (EqualsIgnoreCase(ctx.arg(2), "on")) {
    ctx.session.reply_mode = ReplyMode::kOn;
    // The reply of this command counts already.
    resp::Writer(&ctx.session.out(), ctx.session.protocol).Ok();
    ctx.session.WantWrite();
  } else if (EqualsIgnoreCase(ctx.arg(2), "off")) {
    ctx.session.reply_mode = ReplyMode::kOff;
  } else if (EqualsIgnoreCase(ctx.arg(2), "skip")) {
    if (ctx.session.reply_mode != ReplyMode::kOff) ctx.session.reply_mode = ReplyMode::kSkipNext;
  } else {
    ctx.SyntaxError();
  }
}

void Switch(Context& ctx, bool* mode) {
  const bool on = EqualsIgnoreCase(ctx.arg(2), "on");
  if (!on && !EqualsIgnoreCase(ctx.arg(2), "off")) return ctx.SyntaxError();
  *mode = on;
  ctx.reply.Ok();
}

void NoEvict(Context& ctx) { Switch(ctx, &ctx.session.no_evict); }
void NoTouch(Context& ctx) { Switch(ctx, &ctx.session.no_touch); }

void Unblock(Context& ctx) {
  bool with_error = false;
  if (ctx.argc() > 4) return UnknownSubcommand(ctx);
  if (ctx.argc() == 4) {
    with_error = EqualsIgnoreCase(ctx.arg(3), "error");
    if (!with_error && !EqualsIgnoreCase(ctx.arg(3), "timeout")) {
      return ctx.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  int64_t id = 0;
  if (!ParseInteger(ctx, ctx.arg(2), &id)) return;
  Session* target = ctx.sessions().Find(static_cast<uint64_t>(id));
  const char* error = with_error ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : "";
  ctx.reply.Integer(target != nullptr && ctx.engine().EndWait(*target, error) ? 1 : 0);
}

void Help(Context& ctx) {
  WriteHelp(ctx, {"CACHING (YES|NO)",
                  "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
                  "GETREDIR",
                  "    Return the client ID we are redirecting to when tracking is enabled.",
                  "GETNAME",
                  "    Return the name of the current connection.",
                  "ID",
                  "    Return the ID of the current connection.",
                  "INFO",
                  "    Return information about the current client connection.",
                  "KILL <ip:port>",
                  "    Kill connection made from <ip:port>.",
                  "KILL <option> <value> [<option> <value> [...]]",
                  "    Kill connections. Options are:",
                  "    * ADDR (<ip:port>|<unixsocket>:0)",
                  "      Kill connections made from the specified address",
                  "    * LADDR (<ip:port>|<unixsocket>:0)",
                  "      Kill connections made to specified local address",
                  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
                  "      Kill connections by type.",
                  "    * USER <username>",
                  "      Kill connections authenticated by <username>.",
                  "    * MAXAGE <maxage>",
                  "      Kill connections older than the specified age.",
                  "    * SKIPME (YES|NO)",
                  "      Skip killing current connection (default: yes).",
                  "LIST [options ...]",
                  "    Return information about client connections. Options:",
                  "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
                  "      Return clients of specified type.",
                  "UNPAUSE",
                  "    Stop the current client pause, resuming traffic.",
                  "PAUSE <timeout> [WRITE|ALL]",
                  "    Suspend all, or just write, clients for <timeout> milliseconds.",
                  "REPLY (ON|OFF|SKIP)",
                  "    Control the replies sent to the current connection.",
                  "SETNAME <name>",
                  "    Assign the name <name> to the current connection.",
                  "UNBLOCK <clientid> [TIMEOUT|ERROR]",
                  "    Unblock the specified blocked client.",
                  "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
                  "         [OPTIN] [OPTOUT] [NOLOOP]",
                  "    Control server assisted client side caching.",
                  "TRACKINGINFO",
                  "    Report tracking status for the current connection.",
                  "NO-EVICT (ON|OFF)",
                  "    Protect current client connection from eviction.",
                  "NO-TOUCH (ON|OFF)",
                  "    Will not touch LRU/LFU stats when this mode is on."});
}

constexpr uint32_t kOwn = kNoscript | kLoading | kStale | dispatch::kKeepsCaching;
constexpr uint32_t kOthers = kOwn | kAdmin;

constexpr CommandSpec kRows[] = {
    {"client", nullptr, -2, kContainer},
    {"client|id", Id, 2, kOwn, kAclConnection},
    {"client|info", Info, 2, kOwn, kAclConnection},
    {"client|list", List, -2, kOthers, kAclConnection | kAclAdmin | kAclDangerous},
    {"client|kill", Kill, -3, kOthers, kAclConnection | kAclAdmin | kAclDangerous},
    {"client|setname", SetName, 3, kOwn, kAclConnection},
    {"client|getname", GetName, 2, kOwn, kAclConnection},
    {"client|setinfo", SetInfo, 4, kOwn, kAclConnection},
    {"client|capa", Capa, -3, kOwn, kAclConnection},
    {"client|maint_notifications", MaintNotifications, -3, kOwn, kAclConnection},
    {"client|pause", Pause, -3, kOthers, kAclConnection | kAclAdmin | kAclDangerous},
    {"client|unpause", Unpause, 2, kOthers, kAclConnection | kAclAdmin | kAclDangerous},
    {"client|reply", Reply, 3, kOwn, kAclConnection},
    {"client|no-evict", NoEvict, 3, kOthers, kAclConnection | kAclAdmin | kAclDangerous},
    {"client|no-touch", NoTouch, 3, kOwn, kAclConnection},
    {"client|unblock", Unblock, -3, kOthers, kAclConnection | kAclAdmin | kAclDangerous},
    {"client|help", Help, 2, kLoading | kStale | dispatch::kKeepsCaching, kAclConnection},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ClientRows() { return kRows; }

}  // namespace rha::node::commands
