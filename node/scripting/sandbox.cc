#include "node/scripting/sandbox.h"

#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "node/scripting/interpreter.h"
#include "node/scripting/libraries.h"
#include "node/scripting/limits.h"
#include "node/scripting/lua_error.h"
#include "node/scripting/redis_api.h"

extern "C" int luaopen_bit(lua_State* L);

namespace rha::node::scripting {
namespace {

// Their addresses are keys that no script can name.
char kBehind;          // in the metatable of a protected table: the table behind it
char kEnvironment;     // in the registry: the environment of scripts
char kGlobals;         // in the registry: the table behind that
char kLibraryGlobals;  // likewise, while a library is loaded

int RefuseChange(lua_State* L) { return luaL_error(L, "Attempt to modify a readonly table"); }

// The same of a function, which has no line.
int RefuseChangeBy(lua_State* L) {
  lua_pushliteral(L, "Attempt to modify a readonly table");
  return lua_error(L);
}

int NoSuchGlobal(lua_State* L) {
  if (!lua_isstring(L, 2)) {
    return luaL_error(L, "Second argument to luaProtectedTableError must be a string or number");
  }
  return luaL_error(L, "Script attempted to access nonexistent global variable '%s'",
                    lua_tostring(L, 2));
}

// The function of Lua that one of ours stands in front of.
int CallOriginal(lua_State* L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

// rawset, table.insert ...
int ChangeUnprotected(lua_State* L) {
  if (PushBehind(L, 1)) return RefuseChangeBy(L);
  return CallOriginal(L);
}

// rawget, next ...
int LookBehind(lua_State* L) {
  if (PushBehind(L, 1)) lua_replace(L, 1);
  return CallOriginal(L);
}

// What is on top of the stack is why there is no result.
int Refused(lua_State* L) {
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

int Pairs(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

int GetMetatable(lua_State* L) {
  luaL_checkany(L, 1);
  if (PushBehind(L, 1)) {
    if (lua_getmetatable(L, -1) == 0) return 0;
    Protect(L);
    return 1;
  }
  if (lua_getmetatable(L, 1) == 0) {
    lua_pushnil(L);
    return 1;
  }
  luaL_getmetafield(L, 1, "__metatable");
  return 1;
}

int MatchPattern(lua_State* L) {
  if (lua_isstring(L, 2) && lua_objlen(L, 2) > kPatternBytesMax) {
    return luaL_error(L, "pattern too complex");
  }
  return CallOriginal(L);
}

int RepeatText(lua_State* L) {
  size_t bytes = 0;
  luaL_checklstring(L, 1, &bytes);
  const lua_Number times = luaL_checknumber(L, 2);
  if (static_cast<lua_Number>(bytes) * times > static_cast<lua_Number>(kTextBytesMax)) {
    return luaL_error(L, "resulting string too large");
  }
  return CallOriginal(L);
}

// What would outlive the script is not done.
int CollectGarbage(lua_State* L) {
  const char* const what = luaL_optstring(L, 1, "collect");
  for (const char* lasting : {"stop", "restart", "setpause", "setstepmul"}) {
    if (std::strcmp(what, lasting) != 0) continue;
    lua_pushinteger(L, 0);
    return 1;
  }
  return CallOriginal(L);
}

// Lua's own overflows its count of results, and then its stack (CVE-2025-46817).
int Unpack(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const int64_t first = luaL_optint(L, 2, 1);
  const int64_t last = luaL_opt(L, luaL_checkint, 3, luaL_getn(L, 1));
  if (first > last) return 0;
  const int64_t count = last - first + 1;
  if (count > INT_MAX || lua_checkstack(L, static_cast<int>(count)) == 0) {
    return luaL_error(L, "too many results to unpack");
  }
  for (int64_t i = first; i <= last; ++i) lua_rawgeti(L, 1, static_cast<int>(i));
  return static_cast<int>(count);
}

// The library's own negates how many digits are asked for, which the least number overflows
// (CVE-2024-31449). It takes the low 32 bits of any number, by this addend.
int ToHex(lua_State* L) {
  constexpr lua_Number kAddend = 6755399441055744.0;  // 2^52 + 2^51
  const auto bits = std::bit_cast<uint64_t>(lua_tonumber(L, 2) + kAddend);
  if (static_cast<int32_t>(bits) == INT32_MIN) {
    lua_pushinteger(L, -INT32_MAX);
    lua_replace(L, 2);
  }
  return CallOriginal(L);
}

int LoadText(lua_State* L, const char* text, size_t bytes, const char* name) {
  if (bytes != 0 && text[0] == LUA_SIGNATURE[0]) {
    lua_pushliteral(L, "bytecode is not accepted, only source");
    return Refused(L);
  }
  return LoadSource(L, {text, bytes}, name) == 0 ? 1 : Refused(L);
}

int LoadString(lua_State* L) {
  size_t bytes = 0;
  const char* const text = luaL_checklstring(L, 1, &bytes);
  return LoadText(L, text, bytes, luaL_optstring(L, 2, text));
}

int Load(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  const char* const name = luaL_optstring(L, 2, "=(load)");
  std::string source;
  for (;;) {
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 0, 1, 0) != 0) {
      return Interpreter::Of(L).interrupted() ? Interpreter::EndInterrupted(L) : Refused(L);
    }
    size_t bytes = 0;
    const char* const piece = lua_tolstring(L, -1, &bytes);
    if (piece == nullptr && !lua_isnil(L, -1)) {
      lua_pushliteral(L, "reader function must return a string");
      return Refused(L);
    }
    if (bytes == 0) break;
    if (source.empty() && piece[0] == LUA_SIGNATURE[0]) return LoadText(L, piece, bytes, name);
    if (source.size() + bytes > kTextBytesMax) return luaL_error(L, "chunk is too large");
    source.append(piece, bytes);
    lua_pop(L, 1);
  }
  return LoadText(L, source.data(), source.size(), name);
}

// As in Redis 7, an error table is given to the script as its text.
int Pcall(lua_State* L) {
  luaL_checkany(L, 1);
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  luaL_checkstack(L, 2, "too many results");
  if (status == 0) {
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return lua_gettop(L);
  }
  if (Interpreter::Of(L).interrupted()) return Interpreter::EndInterrupted(L);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "err");
    lua_isstring(L, -1) != 0 ? lua_replace(L, -2) : lua_pop(L, 1);
  }
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

// Lua's own calls the handler where the error is raised; if that is the look at the clock, nobody
// looks at it while the handler runs. Here that is called when all is unwound.
int Xpcall(lua_State* L) {
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  const int status = lua_pcall(L, 0, LUA_MULTRET, 0);
  luaL_checkstack(L, 2, "too many results");
  if (Interpreter::Of(L).interrupted()) return Interpreter::EndInterrupted(L);
  if (status == 0) {
    lua_pushboolean(L, 1);
    lua_replace(L, 2);
    return lua_gettop(L) - 1;
  }
  if (status != LUA_ERRMEM) {
    lua_pushvalue(L, 2);
    lua_insert(L, -2);
    if (lua_pcall(L, 1, 1, 0) != 0) {
      if (Interpreter::Of(L).interrupted()) return Interpreter::EndInterrupted(L);
      lua_pushliteral(L, "error in error handling");
    }
  }
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

// Nobody goes on who has been told to end (coroutine.resume).
int CallUnlessInterrupted(lua_State* L) {
  const int results = CallOriginal(L);
  return Interpreter::Of(L).interrupted() ? Interpreter::EndInterrupted(L) : results;
}

int Random(lua_State* L) {
  Interpreter& self = Interpreter::Of(L);
  if (self.host() == nullptr) {
    return luaL_error(L, "math.random can only be called inside a script invocation");
  }
  constexpr uint32_t kMost = 0x7fffffff;
  const lua_Number r = static_cast<lua_Number>(self.Random31() % kMost) / kMost;
  switch (lua_gettop(L)) {
    case 0:
      lua_pushnumber(L, r);
      return 1;
    case 1: {
      const int high = luaL_checkint(L, 1);
      luaL_argcheck(L, 1 <= high, 1, "interval is empty");
      lua_pushnumber(L, std::floor(r * high) + 1);
      return 1;
    }
    case 2: {
      const int low = luaL_checkint(L, 1), high = luaL_checkint(L, 2);
      luaL_argcheck(L, low <= high, 2, "interval is empty");
      lua_pushnumber(L, std::floor(r * (static_cast<lua_Number>(high) - low + 1)) + low);
      return 1;
    }
    default:
      return luaL_error(L, "wrong number of arguments");
  }
}

int SeedRandom(lua_State* L) {
  Interpreter& self = Interpreter::Of(L);
  if (self.host() == nullptr) {
    return luaL_error(L, "math.randomseed can only be called inside a script invocation");
  }
  self.SeedRandom(static_cast<uint32_t>(luaL_checkint(L, 1)));
  return 0;
}

void Open(lua_State* L, const char* name, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

// Puts `front` in front of a field of the table on top of the stack.
void Front(lua_State* L, const char* field, lua_CFunction front) {
  lua_getfield(L, -1, field);
  lua_pushcclosure(L, front, 1);
  lua_setfield(L, -2, field);
}

void SetFunction(lua_State* L, const char* field, lua_CFunction function) {
  lua_pushcfunction(L, function);
  lua_setfield(L, -2, field);
}

// Of the globals on top of the stack.
void FrontGlobals(lua_State* L) {
  // newproxy: a finalizer would run when no script does.
  for (const char* name : {"dofile", "loadfile", "print", "newproxy", "getfenv", "setfenv"}) {
    lua_pushnil(L);
    lua_setfield(L, -2, name);
  }
  Front(L, "rawset", ChangeUnprotected);
  Front(L, "rawget", LookBehind);
  Front(L, "next", LookBehind);
  Front(L, "setmetatable", ChangeUnprotected);
  Front(L, "collectgarbage", CollectGarbage);
  SetFunction(L, "getmetatable", GetMetatable);
  SetFunction(L, "loadstring", LoadString);
  SetFunction(L, "load", Guarded<Load>);
  SetFunction(L, "pcall", Pcall);
  SetFunction(L, "xpcall", Xpcall);
  SetFunction(L, "unpack", Unpack);
  lua_getfield(L, -1, "next");
  lua_pushcclosure(L, Pairs, 1);
  lua_setfield(L, -2, "pairs");
}

// Of a library that is a global table.
template <typename Change>
void InLibrary(lua_State* L, const char* name, Change change) {
  lua_getfield(L, -1, name);
  change();
  lua_pop(L, 1);
}

// Strings have a metatable whose __index is the real library: what scripts see of it is another.
void HideStringMetatable(lua_State* L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_newtable(L);
  lua_getfield(L, -4, LUA_STRLIBNAME);
  lua_setfield(L, -2, "__index");
  Protect(L);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

// Every library among the globals on top of the stack.
void ProtectLibraries(lua_State* L) {
  constexpr const char* kLibraries[] = {"string", "table", "math",     "coroutine", "redis",
                                        "bit",    "cjson", "cmsgpack", "struct"};
  for (const char* const name : kLibraries) {
    lua_getfield(L, -1, name);
    Protect(L);
    lua_setfield(L, -2, name);
  }
}

void OpenLibraries(lua_State* L) {
  Open(L, "", luaopen_base);
  Open(L, LUA_TABLIBNAME, luaopen_table);
  Open(L, LUA_STRLIBNAME, luaopen_string);
  Open(L, LUA_MATHLIBNAME, luaopen_math);
  Open(L, "bit", luaopen_bit);
  OpenJson(L);
  lua_setglobal(L, "cjson");
  OpenMessagePack(L);
  lua_setglobal(L, "cmsgpack");
  OpenStruct(L);
  lua_setglobal(L, "struct");
  OpenRedis(L);
  lua_setglobal(L, "redis");
}

// Of the table on top of the stack: what is not there is an error.
void RefuseUnknown(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, NoSuchGlobal);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

// Puts the table in the registry behind the environment.
void SetBehindEnvironment(lua_State* L, char* table) {
  PushEnvironment(L);
  lua_getmetatable(L, -1);
  lua_pushlightuserdata(L, table);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  lua_pushlightuserdata(L, &kBehind);
  lua_insert(L, -2);
  lua_rawset(L, -3);
  lua_pop(L, 2);
}

}  // namespace

int LoadSource(lua_State* L, std::string_view source, const char* name) {
  lua_gc(L, LUA_GCSTOP, 0);
  const int failed = luaL_loadbuffer(L, source.data(), source.size(), name);
  lua_gc(L, LUA_GCRESTART, 0);
  return failed;
}

void ShowLibraryGlobals(lua_State* L) { SetBehindEnvironment(L, &kLibraryGlobals); }
void ShowGlobals(lua_State* L) { SetBehindEnvironment(L, &kGlobals); }

void Protect(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, RefuseChange);
  lua_setfield(L, -2, "__newindex");
  lua_pushlightuserdata(L, &kBehind);
  lua_pushvalue(L, -4);
  lua_rawset(L, -3);
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

bool PushBehind(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || lua_getmetatable(L, index) == 0) return false;
  lua_pushlightuserdata(L, &kBehind);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_istable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void PushEnvironment(lua_State* L) {
  lua_pushlightuserdata(L, &kEnvironment);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

void SetScriptGlobal(lua_State* L, const char* name) {
  lua_pushlightuserdata(L, &kGlobals);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_insert(L, -2);
  lua_pushstring(L, name);
  lua_insert(L, -2);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

void OpenSandbox(lua_State* L) {
  OpenLibraries(L);
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  FrontGlobals(L);
  InLibrary(L, LUA_TABLIBNAME, [L] {
    for (const char* name : {"insert", "remove", "sort"}) Front(L, name, ChangeUnprotected);
  });
  InLibrary(L, LUA_STRLIBNAME, [L] {
    for (const char* name : {"find", "match", "gmatch", "gfind", "gsub"}) {
      Front(L, name, MatchPattern);
    }
    Front(L, "rep", RepeatText);
  });
  InLibrary(L, "bit", [L] { Front(L, "tohex", ToHex); });
  InLibrary(L, LUA_COLIBNAME, [L] { Front(L, "resume", CallUnlessInterrupted); });
  InLibrary(L, LUA_MATHLIBNAME, [L] {
    SetFunction(L, "random", Random);
    SetFunction(L, "randomseed", SeedRandom);
  });
  ProtectLibraries(L);
  HideStringMetatable(L);

  lua_pushlightuserdata(L, &kGlobals);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  RefuseUnknown(L);
  lua_pushvalue(L, -1);
  Protect(L);  // globals, environment
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "_G");
  lua_pushlightuserdata(L, &kEnvironment);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  lua_pop(L, 2);

  lua_pushlightuserdata(L, &kLibraryGlobals);
  lua_newtable(L);
  OpenRedisOfLibraries(L);
  RefuseUnknown(L);
  Protect(L);
  lua_setfield(L, -2, "redis");
  RefuseUnknown(L);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

}  // namespace rha::node::scripting
