// What systemd is told of a service of Type=notify (sd_notify(3), without its library).
// Any thread.
#pragma once

#include <string_view>

#include "node/app/config.h"

namespace rha::node::app {

// `supervised systemd`, or `auto` where a service manager listens. Such a server does not become a
// daemon by itself.
bool Supervised(const Config& config);

// Lines of KEY=value to NOTIFY_SOCKET; a failure is logged.
void TellServiceManager(std::string_view lines);

}  // namespace rha::node::app
