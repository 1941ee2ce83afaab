// Limits of upgraded connections.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::local::stream {

constexpr size_t kReadBytes = 64u << 10;           // of the wire, of a process, of a socket
constexpr size_t kMessageBytesMax = 1u << 20;      // one WebSocket message, one SPDY frame
constexpr size_t kSpdyHeaderBytesMax = 16u << 10;  // of one stream, inflated
constexpr size_t kStreamsMax = 256;                // open at once on one connection
constexpr size_t kPendingBytesMax = 256u << 10;    // beyond it nothing more is read from the client
constexpr size_t kResizeBytesMax = 256;            // one line {"Width":80,"Height":24}
constexpr int kOpenSecondsMax = 30;                // until the client has opened its streams
constexpr int kPollMillis = 500;                   // how often a silent session looks around
constexpr int kFollowMillis = 200;                 // how often an attached log is looked at

}  // namespace rha::local::stream
