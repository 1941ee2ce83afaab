// Texts where Lua keeps them; valid while the value stays on the stack.
// Thread rule: the engine's thread.
#pragma once

#include <cstddef>
#include <lua.hpp>
#include <string_view>

namespace rha::node::scripting {

// Of a string or number, which becomes a string where it lies; of anything else, nothing.
inline std::string_view Text(lua_State* L, int index) {
  size_t bytes = 0;
  const char* const text = lua_tolstring(L, index, &bytes);
  return text == nullptr ? std::string_view() : std::string_view(text, bytes);
}

// Likewise of what is told as an error or a status: Redis takes what stands before a zero byte.
inline std::string_view Message(lua_State* L, int index) {
  const std::string_view text = Text(L, index);
  return text.substr(0, text.find('\0'));
}

}  // namespace rha::node::scripting
