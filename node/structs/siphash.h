// SipHash-1-3 (Aumasson, Bernstein) under a key drawn at process start: fast, and nobody outside
// can choose texts that collide. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace rha::node::structs {

uint64_t SipHash(std::string_view bytes);

// The same under a given key; for tests.
uint64_t SipHashKeyed(std::string_view bytes, uint64_t key0, uint64_t key1);

}  // namespace rha::node::structs
