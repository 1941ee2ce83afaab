// Libraries of scripts beside Lua's own. Each pushes its table. Thread rule: the interpreter's
// thread.
#pragma once

#include <lua.hpp>

namespace rha::node::scripting {

void OpenJson(lua_State* L);         // cjson
void OpenMessagePack(lua_State* L);  // cmsgpack
void OpenStruct(lua_State* L);       // struct

}  // namespace rha::node::scripting
