// SHA-256 as ACL rules write it: 64 lower-case hexadecimal digits. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rha::trust {

inline constexpr size_t kSha256Digits = 64;

std::string Sha256Hex(std::string_view bytes);

}  // namespace rha::trust
