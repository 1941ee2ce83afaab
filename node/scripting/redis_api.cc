#include "node/scripting/redis_api.h"

#include <span>
#include <string>

#include "common/base/hex.h"
#include "common/base/log.h"
#include "common/base/sha1.h"
#include "common/resp/redis_version.h"
#include "node/scripting/convert.h"
#include "node/scripting/interpreter.h"
#include "node/scripting/lua_error.h"
#include "node/scripting/sandbox.h"

namespace rha::node::scripting {
namespace {

// "7.0.15" as 0x07000f.
constexpr int VersionNumber() {
  int number = 0, part = 0;
  for (const char c : resp::kRedisVersion) {
    part = c == '.' ? 0 : part * 10 + (c - '0');
    number = c == '.' ? number << 8 : (number & ~0xff) | part;
  }
  return number;
}
static_assert(VersionNumber() >= 0x070000);

int Raise(lua_State* L, std::string_view text) {
  PushError(L, text);
  return lua_error(L);
}

// Only while a script runs; not when a chunk is loaded.
Host& HostOf(lua_State* L, const char* function) {
  Host* const host = Interpreter::Of(L).host();
  if (host == nullptr) {
    Raise(L, "ERR " + std::string(function) + " can only be called inside a script invocation");
  }
  return *host;
}

int CallCommand(lua_State* L, bool raises) {
  HostOf(L, "redis.call/pcall");
  Interpreter& self = Interpreter::Of(L);
  if (!self.TakeWords(L, lua_gettop(L))) return raises ? lua_error(L) : 1;
  const std::string refusal = self.CallHost();
  if (!refusal.empty()) {
    lua_settop(L, 0);
    PushError(L, refusal, true);
    return raises ? lua_error(L) : 1;
  }
  lua_settop(L, 0);  // room for the reply
  const resp::OutputChain& reply = self.reply();
  std::string_view bytes = reply.front();
  std::string whole;
  if (bytes.size() != reply.size()) bytes = whole = reply.ToString();
  const bool failed = bytes.starts_with('-');
  PushReply(L, bytes);
  return raises && failed ? lua_error(L) : 1;
}

int Call(lua_State* L) { return CallCommand(L, true); }
int Pcall(lua_State* L) { return CallCommand(L, false); }

int Sha1Hex(lua_State* L) {
  if (lua_gettop(L) != 1) return Raise(L, "ERR wrong number of arguments");
  size_t bytes = 0;
  const char* const text = lua_tolstring(L, 1, &bytes);
  const Sha1Digest digest =
      Sha1(text == nullptr ? std::string_view() : std::string_view(text, bytes));
  const std::string hex = Hex(digest.data(), digest.size());
  lua_pushlstring(L, hex.data(), hex.size());
  return 1;
}

bool IsOneText(lua_State* L) { return lua_gettop(L) == 1 && lua_type(L, 1) == LUA_TSTRING; }

int ErrorReply(lua_State* L) {
  if (!IsOneText(L)) {
    PushError(L, "ERR wrong number or type of arguments");
    return 1;
  }
  std::string text = lua_tostring(L, 1);
  if (text.starts_with('-')) text.erase(0, 1);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.pop_back();
  if (text.find(' ') == std::string::npos) text.insert(0, "ERR ");
  PushError(L, text);
  return 1;
}

int StatusReply(lua_State* L) {
  if (!IsOneText(L)) {
    PushError(L, "ERR wrong number or type of arguments");
    return 1;
  }
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "ok");
  return 1;
}

int SetRepl(lua_State* L) {
  Host& host = HostOf(L, "redis.set_repl");
  if (lua_gettop(L) != 1) return Raise(L, "ERR redis.set_repl() requires two arguments.");
  const lua_Number given = lua_tonumber(L, 1);
  const int audience = given > -1 && given < 4 ? static_cast<int>(given) : -1;
  if (audience < 0) {
    return Raise(L,
                 "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                 "REPL_NONE.");
  }
  host.SetAudience(audience);
  return 0;
}

int AclCheckCmd(lua_State* L) {
  Host& host = HostOf(L, "redis.acl_check_cmd");
  Interpreter& self = Interpreter::Of(L);
  if (!self.TakeWords(L, lua_gettop(L))) return lua_error(L);
  const Host::Permission permission = host.MayCall(self.words());
  if (permission == Host::Permission::kUnknownCommand) {
    return Raise(L, "ERR Invalid command passed to redis.acl_check_cmd()");
  }
  lua_pushboolean(L, permission == Host::Permission::kGranted ? 1 : 0);
  return 1;
}

int Log(lua_State* L) {
  const int count = lua_gettop(L);
  if (count < 2) return Raise(L, "ERR redis.log() requires two arguments or more.");
  if (lua_isnumber(L, 1) == 0) {
    return Raise(L, "ERR First argument must be a number (log level).");
  }
  const auto level = static_cast<int>(lua_tonumber(L, 1));
  if (level < 0 || level > 3) return Raise(L, "ERR Invalid debug level.");
  std::string text;
  for (int i = 2; i <= count; ++i) {
    size_t bytes = 0;
    const char* const piece = lua_tolstring(L, i, &bytes);
    if (piece == nullptr) continue;
    if (i != 2) text += ' ';
    text.append(piece, bytes);
  }
  switch (level) {
    case 0:
    case 1:
      log::Debug("{}", text);
      break;
    case 2:
      log::Info("{}", text);
      break;
    default:
      log::Warn("{}", text);
  }
  return 0;
}

int SetResp(lua_State* L) {
  Host& host = HostOf(L, "redis.setresp");
  if (lua_gettop(L) != 1) return Raise(L, "ERR redis.setresp() requires one argument.");
  const lua_Number protocol = lua_tonumber(L, 1);
  if (protocol != 2 && protocol != 3) return Raise(L, "ERR RESP version must be 2 or 3.");
  host.SetProtocol(static_cast<int>(protocol));
  return 0;
}

// The debugger is not there.
int Breakpoint(lua_State* L) {
  lua_pushboolean(L, 0);
  return 1;
}
int Debug(lua_State*) { return 0; }

int ReplicateCommands(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"call", Guarded<Call>},
    {"pcall", Guarded<Pcall>},
    {"sha1hex", Guarded<Sha1Hex>},
    {"error_reply", Guarded<ErrorReply>},
    {"status_reply", StatusReply},
    {"set_repl", SetRepl},
    {"acl_check_cmd", Guarded<AclCheckCmd>},
    {"setresp", SetResp},
    {"breakpoint", Breakpoint},
    {"debug", Debug},
    {"replicate_commands", ReplicateCommands},
};

struct Constant {
  const char* name;
  int value;
};
constexpr Constant kLogLevels[] = {
    {"LOG_DEBUG", 0}, {"LOG_VERBOSE", 1}, {"LOG_NOTICE", 2}, {"LOG_WARNING", 3}};
constexpr Constant kAudiences[] = {
    {"REPL_NONE", 0}, {"REPL_AOF", 1}, {"REPL_SLAVE", 2}, {"REPL_REPLICA", 2}, {"REPL_ALL", 3}};

void SetConstants(lua_State* L, std::span<const Constant> constants) {
  for (const Constant& constant : constants) {
    lua_pushinteger(L, constant.value);
    lua_setfield(L, -2, constant.name);
  }
}

// What libraries see too while they are loaded.
void SetLogAndVersion(lua_State* L) {
  lua_pushcfunction(L, Guarded<Log>);
  lua_setfield(L, -2, "log");
  SetConstants(L, kLogLevels);
  lua_pushinteger(L, VersionNumber());
  lua_setfield(L, -2, "REDIS_VERSION_NUM");
  lua_pushlstring(L, resp::kRedisVersion.data(), resp::kRedisVersion.size());
  lua_setfield(L, -2, "REDIS_VERSION");
}

// What tostring() would say, without calling anything of the script's.
std::string Describe(lua_State* L, int index) {
  size_t bytes = 0;
  if (lua_isstring(L, index) != 0) {
    const char* const text = lua_tolstring(L, index, &bytes);
    return {text, bytes};
  }
  if (lua_isboolean(L, index)) return lua_toboolean(L, index) != 0 ? "true" : "false";
  return luaL_typename(L, index);
}

// Where Lua was: the innermost function that is not one of ours.
bool WhereInLua(lua_State* L, lua_Debug* where) {
  for (const int level : {1, 2}) {
    if (lua_getstack(L, level, where) == 0) return false;
    lua_getinfo(L, "nSl", where);
    if (where->what[0] != 'C') return true;
  }
  return true;
}

void SetRaw(lua_State* L, const char* field) {
  lua_pushstring(L, field);
  lua_insert(L, -2);
  lua_rawset(L, -3);
}

}  // namespace

void PushError(lua_State* L, std::string_view text, bool counted) {
  luaL_checkstack(L, 4, "reached lua stack limit");
  lua_createtable(L, 0, 2);
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, "err");
  if (!counted) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "ignore_error_stats_update");
}

int ExplainError(lua_State* L) {
  if (PushBehind(L, 1)) {
    lua_settop(L, 0);
    PushError(L, "ERR an error that cannot be shown");
  } else if (!lua_istable(L, 1)) {
    PushError(L, "ERR " + Describe(L, 1));
  } else {
    lua_settop(L, 1);
  }
  lua_Debug where;
  if (WhereInLua(L, &where)) {
    lua_pushstring(L, where.source);
    SetRaw(L, "source");
    lua_pushinteger(L, where.currentline);
    SetRaw(L, "line");
  }
  return 1;
}

void OpenRedis(lua_State* L) {
  PushLibrary(L, kFunctions);
  SetConstants(L, kAudiences);
  SetLogAndVersion(L);
}

void OpenRedisOfLibraries(lua_State* L) {
  lua_newtable(L);
  lua_pushcfunction(L, Guarded<RegisterFunction>);
  lua_setfield(L, -2, "register_function");
  SetLogAndVersion(L);
}

}  // namespace rha::node::scripting
