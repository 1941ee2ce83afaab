// Replies as Lua values and back. Thread rule: the interpreter's thread.
#pragma once

#include <lua.hpp>
#include <string_view>

#include "common/resp/writer.h"

namespace rha::node::scripting {

// Pushes what one reply on the wire is in Lua. The bytes are our own writer's, and whole.
void PushReply(lua_State* L, std::string_view bytes);

// Writes the value on top of the stack as one reply and leaves the stack as it is. `protocol` is
// the script's (Host::protocol): in 3 a boolean is one. May raise Lua's errors, but then has
// written nothing. True: it is an error that is counted already.
bool WriteReply(lua_State* L, int protocol, resp::Writer& reply);

}  // namespace rha::node::scripting
