// Bits of a byte string, numbered as Redis does: bit 0 is the highest of the first byte. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rha::node::structs {

// How many are set. With vector instructions where the processor has them.
uint64_t CountOnes(std::string_view bytes);

// The first that is `bit`; 8 * bytes.size() where there is none.
uint64_t FindBit(std::string_view bytes, bool bit);

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };
// Into `out`, which has the size of the longest input; shorter ones are followed by zero bytes.
// REQUIRES: one input for kNot, at least one for the others; `out` overlaps none of them.
void CombineBits(BitOperation operation, std::span<const std::string_view> inputs,
                 std::span<char> out);

// A number of 1 to 64 bits that stands anywhere, highest bit first; beyond the bytes are zeros.
uint64_t ReadBits(std::string_view bytes, uint64_t offset, int width);
// REQUIRES: 8 * bytes.size() >= offset + width.
void WriteBits(std::span<char> bytes, uint64_t offset, int width, uint64_t value);

}  // namespace rha::node::structs
