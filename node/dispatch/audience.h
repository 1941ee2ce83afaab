// Who is to be told of a change, in the numbers of redis.set_repl(). A constant; any thread.
#pragma once

#include <cstdint>

namespace rha::node::dispatch {

enum Audience : uint8_t { kNobody = 0, kLog = 1, kReplicas = 2, kEverybody = kLog | kReplicas };

}  // namespace rha::node::dispatch
