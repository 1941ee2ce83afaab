// Numbers of a given number of bytes in files, in either byte order. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::codec {

// All REQUIRE: bytes <= 8.
inline uint64_t LoadLittle(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<uint8_t>(from[i]);
  return value;
}

// Two's complement.
inline int64_t LoadLittleSigned(const char* from, size_t bytes) {
  const int unused_bits = 64 - static_cast<int>(bytes) * 8;
  return static_cast<int64_t>(LoadLittle(from, bytes) << unused_bits) >> unused_bits;
}

inline uint64_t LoadBig(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(from[i]);
  return value;
}

inline void StoreLittle(char* to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

inline void StoreBig(char* to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
}

}  // namespace rha::node::codec
