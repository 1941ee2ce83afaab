// What others may see of a request: in MONITOR and SLOWLOG each secret word is "(redacted)", as the
// command's row says, whether the command succeeded or not.
// Thread rule: the engine's thread.
#pragma once

#include <string_view>
#include <vector>

namespace rha::node::dispatch {

class Context;

std::vector<std::string_view> Redacted(const Context& context);

}  // namespace rha::node::dispatch
