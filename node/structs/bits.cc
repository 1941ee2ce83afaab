#include "node/structs/bits.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace rha::node::structs {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
// Combined at once: small enough to stay in the first cache while every input passes over it.
constexpr size_t kBlockBytes = 16 * 1024;
// What the processor has not in one register the compiler makes of several.
using Vector [[gnu::vector_size(32)]] = uint64_t;

uint64_t LoadWord(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, kWord);
  return word;
}

// Of two functions that do the same the one that this processor has.
template <typename Function>
Function* Best([[maybe_unused]] Function& by_vectors, Function& anywhere) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return by_vectors;
#endif
  return anywhere;
}

// Four counters, since each waits for itself alone.
uint64_t CountAnywhere(const char* at, size_t size) {
  uint64_t counts[4] = {};
  for (; size >= sizeof counts; at += sizeof counts, size -= sizeof counts) {
    for (size_t i = 0; i < 4; ++i) {
      counts[i] += static_cast<uint64_t>(std::popcount(LoadWord(at + i * kWord)));
    }
  }
  uint64_t total = counts[0] + counts[1] + counts[2] + counts[3];
  for (; size > 0; ++at, --size) {
    total += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(*at)));
  }
  return total;
}

#if defined(__x86_64__)
// Looks up the bits of 64 half bytes at once (W. Mula). 31 rounds fill no byte: each adds up to 8.
[[gnu::target("avx2")]] uint64_t CountByVectors(const char* at, size_t size) {
  constexpr size_t kVector = sizeof(__m256i), kRoundsMax = 31;
  const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i half = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
  __m256i sums = zero;
  while (size >= kVector) {
    __m256i counts = zero;
    for (size_t i = 0; i < kRoundsMax && size >= kVector; ++i, at += kVector, size -= kVector) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      const __m256i low = _mm256_and_si256(bytes, half);
      const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
      counts = _mm256_add_epi8(counts, _mm256_shuffle_epi8(ones, low));
      counts = _mm256_add_epi8(counts, _mm256_shuffle_epi8(ones, high));
    }
    sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, zero));
  }
  uint64_t parts[kVector / kWord];
  std::memcpy(parts, &sums, kVector);
  return parts[0] + parts[1] + parts[2] + parts[3] + CountAnywhere(at, size);
}
#else
constexpr auto& CountByVectors = CountAnywhere;
#endif

// Of the common part of two inputs; `out` may be `a`. Inlined, so that the compiler uses the
// vectors of who calls it.
template <typename Operation>
[[gnu::always_inline]] inline void Apply(char* out, const char* a, const char* b, size_t size,
                                         Operation change) {
  for (; size >= 2 * sizeof(Vector); size -= 2 * sizeof(Vector)) {
    for (int half = 0; half < 2; ++half) {
      Vector left, right;
      std::memcpy(&left, a, sizeof left);
      std::memcpy(&right, b, sizeof right);
      change(left, right);
      std::memcpy(out, &left, sizeof left);
      out += sizeof left, a += sizeof left, b += sizeof left;
    }
  }
  for (; size > 0; ++out, ++a, ++b, --size) {
    auto left = static_cast<uint8_t>(*a);
    change(left, static_cast<uint8_t>(*b));
    *out = static_cast<char>(left);
  }
}

// The part of `input` that is in the block, which may be none.
std::string_view Part(std::string_view input, size_t at, size_t size) {
  return at >= input.size() ? std::string_view() : input.substr(at, size);
}

// Puts the bytes, which may be there already, at the front, and zeros behind them.
void Fill(std::span<char> out, std::string_view bytes) {
  if (!bytes.empty() && bytes.data() != out.data()) {
    std::memcpy(out.data(), bytes.data(), bytes.size());
  }
  std::memset(out.data() + bytes.size(), 0, out.size() - bytes.size());
}

// `a` may be the block itself. Inlined as Apply is.
[[gnu::always_inline]] inline void CombineBlock(BitOperation operation, std::string_view a,
                                                std::string_view b, std::span<char> out) {
  const size_t common = std::min(a.size(), b.size());
  const auto apply = [&](auto each) __attribute__((always_inline)) {
    Apply(out.data(), a.data(), b.data(), common, each);
  };
  switch (operation) {
    case BitOperation::kAnd:
      apply([](auto& x, const auto& y) { x &= y; });
      return Fill(out.subspan(common), {});
    case BitOperation::kOr:
      apply([](auto& x, const auto& y) { x |= y; });
      break;
    case BitOperation::kXor:
      apply([](auto& x, const auto& y) { x ^= y; });
      break;
    case BitOperation::kNot:
      return apply([](auto& x, const auto& y) {
        x = static_cast<std::remove_reference_t<decltype(x)>>(~y);
      });
  }
  Fill(out.subspan(common), (a.size() > common ? a : b).substr(common));
}

void CombineAnywhere(BitOperation operation, std::string_view a, std::string_view b,
                     std::span<char> out) {
  CombineBlock(operation, a, b, out);
}

// How many bytes at the front consist of that word, as far as vectors tell.
size_t SkipNothing(std::string_view, uint64_t) { return 0; }

#if defined(__x86_64__)
[[gnu::target("avx2")]] void CombineByVectors(BitOperation operation, std::string_view a,
                                              std::string_view b, std::span<char> out) {
  CombineBlock(operation, a, b, out);
}

[[gnu::target("avx2")]] size_t SkipByVectors(std::string_view bytes, uint64_t word) {
  constexpr size_t kVectors = 4;
  const __m256i words = _mm256_set1_epi64x(static_cast<int64_t>(word));
  size_t at = 0;
  for (; bytes.size() - at >= kVectors * sizeof words; at += kVectors * sizeof words) {
    __m256i differs = _mm256_setzero_si256();
    for (size_t i = 0; i < kVectors; ++i) {
      const auto* const from = reinterpret_cast<const __m256i*>(bytes.data() + at) + i;
      differs = _mm256_or_si256(differs, _mm256_xor_si256(_mm256_loadu_si256(from), words));
    }
    if (!_mm256_testz_si256(differs, differs)) break;
  }
  return at;
}
#else
constexpr auto& CombineByVectors = CombineAnywhere;
constexpr auto& SkipByVectors = SkipNothing;
#endif

}  // namespace

uint64_t CountOnes(std::string_view bytes) {
  static const auto count = Best(CountByVectors, CountAnywhere);
  return count(bytes.data(), bytes.size());
}

uint64_t FindBit(std::string_view bytes, bool bit) {
  const uint64_t skipped = bit ? 0 : ~uint64_t{0};
  static const auto skip = Best(SkipByVectors, SkipNothing);
  size_t at = skip(bytes, skipped);
  while (bytes.size() - at >= kWord && LoadWord(bytes.data() + at) == skipped) at += kWord;
  for (; at < bytes.size(); ++at) {
    const auto byte = static_cast<uint8_t>(bit ? bytes[at] : ~bytes[at]);
    if (byte != 0) return at * 8 + static_cast<uint64_t>(std::countl_zero(byte));
  }
  return at * 8;
}

void CombineBits(BitOperation operation, std::span<const std::string_view> inputs,
                 std::span<char> out) {
  static const auto combine = Best(CombineByVectors, CombineAnywhere);
  for (size_t at = 0; at < out.size(); at += kBlockBytes) {
    const std::span<char> block = out.subspan(at, std::min(kBlockBytes, out.size() - at));
    const std::string_view first = Part(inputs[0], at, block.size());
    if (operation == BitOperation::kNot) {
      combine(operation, first, first, block);
    } else if (inputs.size() == 1) {
      Fill(block, first);
    } else {
      std::string_view combined = first;
      for (const std::string_view input : inputs.subspan(1)) {
        combine(operation, combined, Part(input, at, block.size()), block);
        combined = {block.data(), block.size()};
      }
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
