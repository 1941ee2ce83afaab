// How who watches a node says, by the end of its connection's name (CLIENT SETNAME), that it takes
// -BUSY for a sign of life: its PING is answered in the middle of a script. To Redis' Sentinel that
// is no answer, so it waits as every other client does. No rights follow from it.
#pragma once

#include <string_view>

namespace rha {

inline constexpr std::string_view kBusyIsAlive = "-busy-ok";

}  // namespace rha
