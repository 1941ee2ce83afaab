// Limits of the API server.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::local::api_server {

constexpr int kConnectionsMax = 512;           // each has a thread; further ones are closed at once
constexpr size_t kRequestBytesMax = 3u << 20;  // as the Kubernetes API server
constexpr size_t kHeaderBytesMax = 64u << 10;
constexpr int kHandshakeSecondsMax = 10;
constexpr int kIdleSecondsMax = 300;  // between two requests of one connection
constexpr int kWriteSecondsMax = 60;  // a client that does not read is dropped
constexpr size_t kUpgradedReadBytes = 64u << 10;
constexpr int kLingerMillisMax = 2000;  // for the client to close an upgraded connection first
constexpr int kLingerPollMillis = 100;
constexpr int kDialMillisMax = 3000;  // to a forwarded port of a pod on this machine
constexpr int64_t kWatchSecondsDefault = 1800;
constexpr int kBookmarkSeconds = 15;
constexpr int kWatchPollMillis =
    1000;  // how often a silent watch looks whether its client is there
constexpr size_t kListPageMax = 10'000;
constexpr size_t kLogChunkBytes = 64u << 10;
constexpr int kLogPollMillis = 200;
constexpr int kCertificateDays = 3650;

}  // namespace rha::local::api_server
