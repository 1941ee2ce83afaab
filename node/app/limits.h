// Named limits of the server's connections.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace rha::node::app {

constexpr size_t kReadChunkBytes = 64 * 1024;      // one read of a ready connection
constexpr size_t kQueryBufferBytesMax = 1u << 30;  // client-query-buffer-limit
constexpr size_t kInputKeptBytesMax = 32 * 1024;   // an idle connection gives back more than that
constexpr size_t kOutputKeptBytesMax = 16 * 1024;
constexpr size_t kWriteBytesPerTurn =
    256 * 1024;  // of one connection, so that others get their turn
constexpr size_t kRequestBytesPerTurn = 1 << 20;  // likewise of input
constexpr int kAcceptsPerTurn = 1000;
constexpr int64_t kDeadlineWaitMsMax = 3'600'000;  // then the clock is looked at again
constexpr int kReservedDescriptors = 32;           // files, listeners, epoll; besides maxclients

// Files of secrets: passwords and keys are short.
constexpr size_t kSecretFileBytesMax = 16 * 1024;
// How often they are looked at, and how long a password that was replaced is still accepted, so
// that nobody is locked out while the new one makes its way to all who use it.
constexpr Millis kSecretLookInterval{1000};
constexpr Millis kReplacedPasswordTime{120'000};

// In dir: what repl/role_memory.h keeps.
constexpr const char* kRoleFileName = "redisha-role";

}  // namespace rha::node::app
