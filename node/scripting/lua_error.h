// Errors across the boundary of Lua. The Lua library is the one compiled as C++: its errors are
// C++ exceptions, so destructors between a script and our functions run. What must not happen is
// the other way round: an exception of C++ inside of Lua. Every function of ours that may throw
// one is registered as Guarded<F>.
//
// Thread rule: the interpreter's thread.
#pragma once

#include <array>
#include <cstdio>
#include <exception>
#include <lua.hpp>

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

}  // namespace rha::node::scripting
