// Limits of the proxy.
#pragma once

#include <cstddef>

namespace rha::local::proxy {

constexpr size_t kConnectionsMax = 4096;
constexpr size_t kBufferBytes = 64u << 10;  // of each direction of a connection
constexpr int kRetryListenMillis = 1000;

}  // namespace rha::local::proxy
