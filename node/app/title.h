// proc-title-template: what the process is called (common/env/process_title.h).
// Any thread.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/app/config.h"

namespace rha::node::app {

// Words in braces stand for facts: {title} (how the process was called), {listen-addr},
// {server-mode}, {port}, {tls-port}, {unixsocket}, {config-file}; "{{" is a brace.
Result<std::string> ExpandTitle(std::string_view text, std::string_view program,
                                const Config& config);

}  // namespace rha::node::app
