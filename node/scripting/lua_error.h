// Errors across the boundary of Lua. The Lua library is the one compiled as C++: its errors are
// C++ exceptions, so destructors between a script and our functions run. What must not happen is
// the other way round: an exception of C++ inside of Lua. Every function of ours that may throw
// one is registered as Guarded<F>; libraries are tables of such functions.
//
// Thread rule: the interpreter's thread.
#pragma once

#include <array>
#include <cstdio>
#include <exception>
#include <lua.hpp>
#include <span>

namespace rha::node::scripting {

template <lua_CFunction kFunction>
int Guarded(lua_State* L) {
  std::array<char, 128> text{};
  try {
    return kFunction(L);
  } catch (const std::exception& error) {
    std::snprintf(text.data(), text.size(), "%s", error.what());
  }
  return luaL_error(L, "%s", text.data());
}

// Pushes a table of functions.
inline void PushLibrary(lua_State* L, std::span<const luaL_Reg> functions) {
  lua_newtable(L);
  for (const luaL_Reg& function : functions) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
}

}  // namespace rha::node::scripting
