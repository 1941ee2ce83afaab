// Named limits of the server's connections.
#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace rha::node::app
