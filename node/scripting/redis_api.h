// The global table `redis` of scripts, and the form that errors have there: a table whose field
// `err` is the reply without '-'. Thread rule: the interpreter's thread.
#pragma once

#include <lua.hpp>
#include <string_view>

namespace rha::node::scripting {

// What ends a script that has run too long.
constexpr std::string_view kInterrupted = "ERR Script killed by user with SCRIPT KILL...";

// Pushes the table.
void OpenRedis(lua_State* L);
// Pushes what a library sees of it while it is loaded.
void OpenRedisOfLibraries(lua_State* L);
// redis.register_function
int RegisterFunction(lua_State* L);
// Pushes an error: "ERR text". `counted`: statistics know of it already.
void PushError(lua_State* L, std::string_view text, bool counted = false);
// Makes of what was raised an error table that says where (a handler for lua_pcall).
int ExplainError(lua_State* L);

}  // namespace rha::node::scripting
