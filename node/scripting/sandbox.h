// What scripts see of Lua and of each other: the globals of Redis 7, which nobody can change.
//
// Lua 5.1 knows no read-only table. A protected table is an empty one whose metatable leads to the
// real one, which no script can get hold of; the functions that pass by metatables (rawset, next,
// getmetatable ...) know of it.
//
// Thread rule: the interpreter's thread.
#pragma once

#include <lua.hpp>
#include <string_view>

namespace rha::node::scripting {

// Opens the libraries and protects them. Raises Lua's errors.
void OpenSandbox(lua_State* L);
// Pushes the function that the source is, or why it is none; 0: it is. Nothing is collected
// meanwhile: Lua's parser does not hold on to the name of what it reads (CVE-2025-49844).
int LoadSource(lua_State* L, std::string_view source, const char* name);
// The environment of scripts: pushes it.
void PushEnvironment(lua_State* L);
// Gives scripts a global variable: takes it from the top of the stack.
void SetScriptGlobal(lua_State* L, const char* name);

// While a library is loaded it sees other globals: `redis` alone, with what it may use then.
void ShowLibraryGlobals(lua_State* L);
void ShowGlobals(lua_State* L);

// Replaces the table on top of the stack by a protected one.
void Protect(lua_State* L);
// If the value at `index` is a protected table, pushes the table behind it. False: nothing pushed.
bool PushBehind(lua_State* L, int index);

}  // namespace rha::node::scripting
