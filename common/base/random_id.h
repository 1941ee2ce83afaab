// Unpredictable identifiers from the kernel's generator: run ids, replication ids, passwords,
// seeds. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rha {

// `digits` lower-case hexadecimal digits.
std::string RandomHex(size_t digits);
uint64_t RandomSeed();

}  // namespace rha
