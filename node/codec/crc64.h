// CRC-64/Jones, the checksum of RDB files. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::codec {

// The checksum of everything so far, followed by `bytes`. Starts at 0; "123456789" gives
// 0xe9c6d914c4b8d9ca.
uint64_t Crc64(uint64_t crc, const void* bytes, size_t count);

}  // namespace rha::node::codec
