// What systemd is told of a service of Type=notify (sd_notify(3), without its library).
// Any thread.
#pragma once

#include <string_view>

namespace rha::env {

// What the directive `supervised` asks for: `systemd`, or `auto` where a service manager listens.
// Such a server does not become a daemon by itself.
bool Supervised(std::string_view setting);

// Lines of KEY=value to NOTIFY_SOCKET; a failure is logged.
void TellServiceManager(std::string_view lines);

}  // namespace rha::env
