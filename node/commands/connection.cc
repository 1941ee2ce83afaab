// PING, ECHO, AUTH, HELLO, SELECT, QUIT, RESET: about the session itself.
#include <algorithm>
#include <string>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine.h"
#include "node/dispatch/pubsub.h"

namespace rha::node::commands {
namespace {

using dispatch::InPubsubMode;
using dispatch::kRedisVersion;

void Ping(Context& ctx) {
  if (ctx.argc() > 2) return WrongArity(ctx);
  const std::string_view text = ctx.argc() == 2 ? ctx.arg(1) : std::string_view();
  if (InPubsubMode(ctx.session)) {
    ctx.reply.Array(2);
    ctx.reply.Bulk("pong");
    ctx.reply.Bulk(text);
  } else if (ctx.argc() == 1) {
    ctx.reply.Simple("PONG");
  } else {
    ctx.reply.Bulk(text);
  }
}

void Echo(Context& ctx) { ctx.reply.Bulk(ctx.arg(1)); }

void Select(Context& ctx) {
  const keyspace::Db* db = ParseDb(ctx, ctx.arg(1));
  if (db == nullptr) return;
  ctx.session.db = db->index();
  ctx.reply.Ok();
}

bool Authenticate(Context& ctx, std::string_view user, std::string_view password) {
  if (ctx.permissions().LogIn(ctx.session, user, password, ctx.arg(0))) return true;
  ctx.reply.Error("WRONGPASS invalid username-password pair or user is disabled.");
  return false;
}

bool AuthSecret(const Context&, size_t) { return true; }

void Auth(Context& ctx) {
  if (ctx.argc() > 3) return ctx.SyntaxError();
  if (ctx.argc() == 2 && ctx.permissions().users().default_user().needs_no_password()) {
    return ctx.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  const bool named = ctx.argc() == 3;
  if (Authenticate(ctx, named ? ctx.arg(1) : acl::kDefaultUser, ctx.arg(named ? 2 : 1)))
    ctx.reply.Ok();
}

bool ValidClientName(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void WriteHello(Context& ctx) {
  resp::Writer& reply = ctx.reply;
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(kRedisVersion);
  reply.Bulk("proto");
  reply.Integer(ctx.session.protocol);
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(ctx.session.id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");
  reply.Bulk(ctx.state().is_replica || ctx.state().undecided ? "replica" : "master");
  reply.Bulk("modules");
  reply.Array(0);
}

struct HelloOptions {
  bool auth = false, set_name = false;
  std::string_view user, password, name;
};

// False: the error is written.
bool ParseHello(Context& ctx, HelloOptions* options) {
  for (size_t i = 2; i < ctx.argc(); ++i) {
    const size_t more = ctx.argc() - 1 - i;
    if (EqualsIgnoreCase(ctx.arg(i), "auth") && more >= 2) {
      options->auth = true;
      options->user = ctx.arg(i + 1);
      options->password = ctx.arg(i + 2);
      i += 2;
    } else if (EqualsIgnoreCase(ctx.arg(i), "setname") && more >= 1) {
      options->set_name = true;
      options->name = ctx.arg(++i);
      if (!ValidClientName(options->name)) {
        ctx.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
        return false;
      }
    } else {
      ctx.reply.Error("ERR Syntax error in HELLO option '" + std::string(ctx.arg(i)) + "'");
      return false;
    }
  }
  return true;
}

// User and password, wherever AUTH stands, right or wrong.
bool HelloSecret(const Context& ctx, size_t i) {
  return EqualsIgnoreCase(ctx.arg(i - 1), "auth") ||
         (i >= 2 && EqualsIgnoreCase(ctx.arg(i - 2), "auth"));
}

void Hello(Context& ctx) {
  int64_t version = 0;
  if (ctx.argc() >= 2) {
    if (!structs::ParseDecimal(ctx.arg(1), &version)) {
      return ctx.reply.Error("ERR Protocol version is not an integer or out of range");
    }
    if (version < 2 || version > 3) return ctx.reply.Error("NOPROTO unsupported protocol version");
  }
  HelloOptions options;
  if (!ParseHello(ctx, &options)) return;
  if (options.auth && !Authenticate(ctx, options.user, options.password)) return;
  if (!ctx.session.authenticated) {
    return ctx.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
        "protocol version at the same time");
  }
  if (options.set_name) ctx.session.name = options.name;
  if (version != 0) {
    ctx.session.protocol = static_cast<int>(version);
    ctx.reply.set_protocol(ctx.session.protocol);
  }
  WriteHello(ctx);
}

void Quit(Context& ctx) {
  ctx.reply.Ok();
  ctx.session.Close(Session::CloseMode::kAfterReply);
}

void Reset(Context& ctx) {
  ctx.engine().ResetSession(ctx.session);
  ctx.reply.set_protocol(ctx.session.protocol);
  ctx.reply.Simple("RESET");
}

constexpr uint32_t kAnytime = kNoscript | kLoading | kStale | kFast | kUndecidedOk;

constexpr CommandSpec kRows[] = {
    {"ping", Ping, -1, kFast | kSubscriberOk | kProbe, kAclConnection},
    {"echo", Echo, 2, kLoading | kStale | kFast, kAclConnection},
    {"select", Select, 2, kLoading | kStale | kFast, kAclConnection},
    {"auth", Auth, -2, kAnytime | kNoAuth | kAllowBusy, kAclConnection, {}, AuthSecret},
    {"hello", Hello, -1, kAnytime | kNoAuth | kAllowBusy, kAclConnection, {}, HelloSecret},
    {"quit", Quit, -1, kAnytime | kNoAuth | kAllowBusy | kSubscriberOk | kLeavesMulti,
     kAclConnection},
    {"reset", Reset, 1, kAnytime | kNoAuth | kAllowBusy | kSubscriberOk | kLeavesMulti,
     kAclConnection},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ConnectionRows() { return kRows; }

}  // namespace rha::node::commands
