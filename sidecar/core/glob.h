// Redis' glob patterns as far as names of groups need them: *, ?, [a-z], [^x] and \x.
#pragma once

#include <string_view>

namespace rha::sidecar::core {

bool GlobMatch(std::string_view pattern, std::string_view text);

}  // namespace rha::sidecar::core
