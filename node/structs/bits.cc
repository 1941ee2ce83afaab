#include "node/structs/bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace rha::node::structs {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
// Combined at once: small enough to stay in the first cache while every input passes over it.
constexpr size_t kBlockBytes = 16 * 1024;
constexpr size_t kVectorWords = 8;  // a fixed number lets the compiler use vector registers

uint64_t LoadWord(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, kWord);
  return word;
}

// Four counters, since each waits for itself alone.
[[gnu::always_inline]] inline uint64_t Count(const char* at, size_t size) {
  uint64_t counts[4] = {};
  for (; size >= sizeof counts; at += sizeof counts, size -= sizeof counts) {
    for (size_t i = 0; i < 4; ++i) {
      counts[i] += static_cast<uint64_t>(__builtin_popcountll(LoadWord(at + i * kWord)));
    }
  }
  uint64_t total = counts[0] + counts[1] + counts[2] + counts[3];
  for (; size > 0; ++at, --size) {
    total += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(*at)));
  }
  return total;
}

uint64_t CountAnywhere(const char* at, size_t size) { return Count(at, size); }

#if defined(__x86_64__)
[[gnu::target("popcnt")]] uint64_t CountByInstruction(const char* at, size_t size) {
  return Count(at, size);
}
#endif

using Counter = uint64_t (*)(const char*, size_t);
Counter BestCounter() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt")) return CountByInstruction;
#endif
  return CountAnywhere;
}

template <typename Operation>
void Apply(char* out, const char* in, size_t size, Operation operation) {
  constexpr size_t kVector = kVectorWords * kWord;
  for (; size >= kVector; out += kVector, in += kVector, size -= kVector) {
    uint64_t left[kVectorWords], right[kVectorWords];
    std::memcpy(left, out, kVector);
    std::memcpy(right, in, kVector);
    for (size_t i = 0; i < kVectorWords; ++i) left[i] = operation(left[i], right[i]);
    std::memcpy(out, left, kVector);
  }
  for (; size > 0; ++out, ++in, --size) {
    *out = static_cast<char>(operation(static_cast<uint8_t>(*out), static_cast<uint8_t>(*in)));
  }
}

// The part of `input` that is in the block, which may be none.
std::string_view Part(std::string_view input, size_t at, size_t size) {
  return at >= input.size() ? std::string_view() : input.substr(at, size);
}

void CombineBlock(BitOperation operation, std::string_view in, std::span<char> out) {
  switch (operation) {
    case BitOperation::kAnd:
      Apply(out.data(), in.data(), in.size(), [](uint64_t a, uint64_t b) { return a & b; });
      std::memset(out.data() + in.size(), 0, out.size() - in.size());
      break;
    case BitOperation::kOr:
      return Apply(out.data(), in.data(), in.size(), [](uint64_t a, uint64_t b) { return a | b; });
    case BitOperation::kXor:
      return Apply(out.data(), in.data(), in.size(), [](uint64_t a, uint64_t b) { return a ^ b; });
    case BitOperation::kNot:
      return Apply(out.data(), in.data(), in.size(), [](uint64_t, uint64_t b) { return ~b; });
  }
}

}  // namespace

uint64_t CountOnes(std::string_view bytes) {
  static const Counter counter = BestCounter();
  return counter(bytes.data(), bytes.size());
}

uint64_t FindBit(std::string_view bytes, bool bit) {
  const uint64_t skipped = bit ? 0 : ~uint64_t{0};
  size_t at = 0;
  while (bytes.size() - at >= kWord && LoadWord(bytes.data() + at) == skipped) at += kWord;
  for (; at < bytes.size(); ++at) {
    const auto byte = static_cast<uint8_t>(bit ? bytes[at] : ~bytes[at]);
    if (byte != 0) return at * 8 + static_cast<uint64_t>(std::countl_zero(byte));
  }
  return at * 8;
}

void CombineBits(BitOperation operation, std::span<const std::string_view> inputs,
                 std::span<char> out) {
  for (size_t at = 0; at < out.size(); at += kBlockBytes) {
    const std::span<char> block = out.subspan(at, std::min(kBlockBytes, out.size() - at));
    const std::string_view first = Part(inputs[0], at, block.size());
    if (!first.empty()) std::memcpy(block.data(), first.data(), first.size());
    std::memset(block.data() + first.size(), 0, block.size() - first.size());
    if (operation == BitOperation::kNot) CombineBlock(operation, first, block);
    for (const std::string_view input : inputs.subspan(1)) {
      CombineBlock(operation, Part(input, at, block.size()), block);
    }
  }
}

uint64_t ReadBits(std::string_view bytes, uint64_t offset, int width) {
  uint64_t value = 0;
  for (int left = width; left > 0;) {
    const uint64_t byte_at = offset / 8;
    const int skip = static_cast<int>(offset % 8);
    const int count = std::min(left, 8 - skip);
    const unsigned byte = byte_at < bytes.size() ? static_cast<uint8_t>(bytes[byte_at]) : 0;
    value = value << count | ((byte >> (8 - skip - count)) & ((1u << count) - 1));
    offset += static_cast<uint64_t>(count);
    left -= count;
  }
  return value;
}

void WriteBits(std::span<char> bytes, uint64_t offset, int width, uint64_t value) {
  for (int left = width; left > 0;) {
    const int skip = static_cast<int>(offset % 8);
    const int count = std::min(left, 8 - skip);
    const int shift = 8 - skip - count;
    const unsigned mask = ((1u << count) - 1) << shift;
    const auto part = static_cast<unsigned>(value >> (left - count)) << shift;
    char& byte = bytes[offset / 8];
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~mask) | (part & mask));
    offset += static_cast<uint64_t>(count);
    left -= count;
  }
}

}  // namespace rha::node::structs
