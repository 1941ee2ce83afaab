// redis.register_function(name, callback), or with one table that names its arguments.
#include <strings.h>

#include <string>

#include "node/scripting/interpreter.h"
#include "node/scripting/redis_api.h"
#include "node/scripting/sandbox.h"
#include "node/scripting/shebang.h"

namespace rha::node::scripting {
namespace {

// What was given; the callback lies on the stack at `callback`.
struct Given {
  Registrar::Registration what;
  bool named = false;
  int callback = 0;
};

// A text or number, of which lua_tolstring would make a text where it lies.
bool TakeText(lua_State* L, int index, std::string* text) {
  if (lua_isstring(L, index) == 0) return false;
  lua_pushvalue(L, index);
  size_t bytes = 0;
  const char* const start = lua_tolstring(L, -1, &bytes);
  text->assign(start, bytes);
  lua_pop(L, 1);
  return true;
}

bool Is(const std::string& text, const char* name) { return ::strcasecmp(text.c_str(), name) == 0; }

// Of the list on top of the stack.
bool TakeFlags(lua_State* L, uint32_t* flags) {
  *flags = 0;
  for (int i = 1;; ++i) {
    lua_rawgeti(L, -1, i);
    std::string name;
    const bool ends = lua_isnil(L, -1);
    uint32_t flag = 0;
    if (TakeText(L, -1, &name)) {
      for (const NamedScriptFlag& each : kScriptFlagNames) {
        if (::strcasecmp(name.c_str(), each.name.data()) == 0) flag = each.flag;
      }
    }
    lua_pop(L, 1);
    if (ends) return true;
    if (flag == 0) return false;
    *flags |= flag;
  }
}

// One named argument: its value is on top of the stack, the name below. Why it is refused; empty:
// it is taken.
std::string TakeNamed(lua_State* L, Given* given, std::string* name) {
  std::string argument;
  if (!TakeText(L, -2, &argument)) {
    return "named argument key given to redis.register_function is not a string";
  }
  if (Is(argument, "function_name")) {
    given->named = true;
    if (TakeText(L, -1, name)) return {};
    return "function_name argument given to redis.register_function must be a string";
  }
  if (Is(argument, "description")) {
    if (TakeText(L, -1, &given->what.description.emplace())) return {};
    return "description argument given to redis.register_function must be a string";
  }
  if (Is(argument, "callback")) {
    if (!lua_isfunction(L, -1)) {
      return "callback argument given to redis.register_function must be a function";
    }
    lua_pushvalue(L, -1);
    lua_replace(L, given->callback);
    return {};
  }
  if (Is(argument, "flags")) {
    if (!lua_istable(L, -1)) {
      return "flags argument to redis.register_function must be a table representing function "
             "flags";
    }
    return TakeFlags(L, &given->what.flags) ? "" : "unknown flag given";
  }
  return "unknown argument given to redis.register_function";
}

// The table is at 1.
std::string TakeTable(lua_State* L, Given* given, std::string* name) {
  if (!lua_istable(L, 1) || PushBehind(L, 1)) {
    return "calling redis.register_function with a single argument is only applicable to Lua "
           "table (representing named arguments).";
  }
  given->callback = 2;
  lua_pushnil(L);
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
    if (std::string refusal = TakeNamed(L, given, name); !refusal.empty()) return refusal;
  }
  if (!given->named) return "redis.register_function must get a function name argument";
  if (lua_isnil(L, given->callback)) {
    return "redis.register_function must get a callback argument";
  }
  return {};
}

std::string TakePair(lua_State* L, Given* given, std::string* name) {
  if (!TakeText(L, 1, name)) {
    return "first argument to redis.register_function must be a string";
  }
  if (!lua_isfunction(L, 2)) {
    return "second argument to redis.register_function must be a function";
  }
  given->callback = 2;
  return {};
}

std::string Take(lua_State* L, Registrar& registrar) {
  Given given;
  std::string name;
  std::string refusal;
  switch (lua_gettop(L)) {
    case 1:
      refusal = TakeTable(L, &given, &name);
      break;
    case 2:
      refusal = TakePair(L, &given, &name);
      break;
    default:
      return "wrong number of arguments to redis.register_function";
  }
  if (!refusal.empty()) return refusal;
  lua_pushvalue(L, given.callback);
  given.what.function = luaL_ref(L, LUA_REGISTRYINDEX);
  given.what.name = name;
  refusal = registrar.Register(given.what);
  if (!refusal.empty()) luaL_unref(L, LUA_REGISTRYINDEX, given.what.function);
  return refusal;
}

}  // namespace

int RegisterFunction(lua_State* L) {
  Registrar* const registrar = Interpreter::Of(L).registrar();
  const std::string refusal =
      registrar == nullptr ? "redis.register_function can only be called on FUNCTION LOAD command"
                           : Take(L, *registrar);
  if (refusal.empty()) return 0;
  PushError(L, "ERR " + refusal);
  return lua_error(L);
}

}  // namespace rha::node::scripting
