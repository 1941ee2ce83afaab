// Directives of Redis' server that change nothing about a Sentinel, Redis' own included. They are
// taken, since files hold them, and named once in the log.
#pragma once

#include <string_view>

namespace rha::sidecar::shell {

// `name` in lower case.
bool IsWithoutEffect(std::string_view name);

}  // namespace rha::sidecar::shell
