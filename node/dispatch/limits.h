// Named limits of the command engine and its sessions.
#pragma once

#include <cstddef>

namespace rha::node::dispatch {

constexpr size_t kCommandNameBytesMax = 64;  // longer names are unknown without a look
constexpr size_t kUnknownCommandEchoBytes =
    128;  // of an unknown command and its arguments, in the error
constexpr size_t kQueuedCommandsReserve = 8;
constexpr size_t kSlowlogArgsMax = 32;
constexpr size_t kSlowlogArgBytesMax = 128;

}  // namespace rha::node::dispatch
