// What SIGTERM and SIGINT ask for: shutdown-on-sigterm, shutdown-on-sigint.
// Any thread.
#pragma once

#include "common/base/status.h"
#include "node/app/options.h"
#include "node/dispatch/services.h"

namespace rha::node::app {

inline constexpr std::string_view kShutdownWords[] = {"default", "save", "nosave", "now", "force"};

// "default", or words of SHUTDOWN: save or nosave, now, force. In lower case.
Result<dispatch::ShutdownRequest> ShutdownBySignal(Words words);

}  // namespace rha::node::app
