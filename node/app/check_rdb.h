// redisha-node --check-rdb: looks through an RDB file without a server, as redis-check-rdb does.
// Thread rule: none but the caller's.
#pragma once

#include <string>
#include <vector>

namespace rha::node::app {

// `args`: what follows --check-rdb. Returns the exit code, as CheckAof() does.
int CheckRdb(const std::vector<std::string>& args);

}  // namespace rha::node::app
