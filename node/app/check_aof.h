// redisha-node --check-aof: looks through an append-only file without a server, repairs its end, or
// takes it back to a moment. Beside Redis' redis-check-aof it cuts across several increments.
// Thread rule: none but the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/dispatch/command.h"

namespace rha::node::app {

// `args`: what follows --check-aof. Returns the exit code: 0 all is well, or is now; 1 it is not,
// or could not be examined; 2 the arguments make no sense.
int CheckAof(const std::vector<std::string>& args);

// A Unix time as these tools say it.
std::string Moment(int64_t unix_s);

// Why neither a start nor --check-aof takes it; empty: they do. REQUIRES: args is not empty.
std::string WhyNotInLog(const dispatch::CommandSpec* spec, resp::Args args);

}  // namespace rha::node::app
