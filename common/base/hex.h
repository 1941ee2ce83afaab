// Bytes as lower-case hexadecimal digits: ids, hashes, proofs. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rha {

// Two digits for each byte.
std::string Hex(std::string_view bytes);
inline std::string Hex(const unsigned char* bytes, size_t count) {
  return Hex({reinterpret_cast<const char*>(bytes), count});
}
// So many lower-case hexadecimal digits, and nothing else.
bool IsHex(std::string_view text, size_t digits);

}  // namespace rha
