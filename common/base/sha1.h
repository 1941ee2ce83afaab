// SHA-1 (RFC 3174), for digests that only have to equal another program's. Not for security.
// Thread rule: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rha {

using Sha1Digest = std::array<uint8_t, 20>;

Sha1Digest Sha1(std::string_view bytes);

}  // namespace rha
