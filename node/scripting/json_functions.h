// The two halves of cjson. Each may throw; see lua_error.h. Thread rule: the interpreter's thread.
#pragma once

#include <lua.hpp>

namespace rha::node::scripting {

int JsonEncode(lua_State* L);
int JsonDecode(lua_State* L);

}  // namespace rha::node::scripting
