// A session as one line: CLIENT LIST, CLIENT INFO, ACL LOG. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "node/dispatch/session.h"

namespace rha::node::dispatch {

// Without the newline.
std::string ClientLine(const Session& session, int64_t now_ms);

}  // namespace rha::node::dispatch
