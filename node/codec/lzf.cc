#include "node/codec/lzf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace rha::node::codec {
namespace {

constexpr size_t kLiteralsMax = 32;
constexpr size_t kRepeatMin = 3;
constexpr size_t kRepeatMax = 264;
constexpr size_t kRepeatShortMax = 8;
constexpr size_t kDistanceMax = 8192;
// After so many places (as a power of two) without a repeat the step grows by one.
constexpr int kSkipShift = 5;

uint32_t Load32(const char* from) {
  uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

uint64_t Load64(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

constexpr uint32_t kThreeBytes = 0xffffff;  // of a little-endian word

// How many bytes are the same at `a` and `b`, up to `most`.
size_t SameBytes(const char* a, const char* b, size_t most) {
  size_t same = 0;
  for (; same + 8 <= most; same += 8) {
    const uint64_t difference = Load64(a + same) ^ Load64(b + same);
    if (difference != 0) return same + static_cast<size_t>(std::countr_zero(difference)) / 8;
  }
  while (same < most && a[same] == b[same]) ++same;
  return same;
}

class Block {
 public:
  Block(char* out, size_t most) : begin_(out), at_(out), end_(out + most) {}

  bool Literals(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t run = std::min(bytes.size(), kLiteralsMax);
      if (run + 1 > left()) return false;
      *at_++ = static_cast<char>(run - 1);
      std::memcpy(at_, bytes.data(), run);
      at_ += run;
      bytes.remove_prefix(run);
    }
    return true;
  }

  bool Repeat(size_t distance, size_t length) {
    if (left() < 3) return false;
    const size_t back = distance - 1;
    const bool is_short = length <= kRepeatShortMax;
    *at_++ = static_cast<char>((is_short ? length - 2 : 7) << 5 | back >> 8);
    if (!is_short) *at_++ = static_cast<char>(length - 9);
    *at_++ = static_cast<char>(back);
    return true;
  }

  size_t size() const { return static_cast<size_t>(at_ - begin_); }

 private:
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  char* begin_;
  char* at_;
  char* end_;
};

}  // namespace

uint32_t Lzf::Origin(size_t size) {
  constexpr size_t kGap = kDistanceMax + 1;
  if (next_origin_ == 0 || next_origin_ + size > UINT32_MAX) {
    places_.fill(0);
    next_origin_ = kGap;
  }
  return static_cast<uint32_t>(std::exchange(next_origin_, next_origin_ + size + kGap));
}

size_t Lzf::Compress(std::string_view text, char* out, size_t out_max) {
  Block block(out, out_max);
  const char* const base = text.data();
  const uint32_t origin = Origin(text.size());
  size_t literals = 0;  // where those begin that have not been written
  size_t at = 0;
  size_t misses = 0;
  while (at + sizeof(uint32_t) <= text.size()) {
    const uint32_t word = Load32(base + at) & kThreeBytes;
    uint32_t& place = places_[(word * 2654435761u) >> (32 - kHashBits)];
    const size_t distance = origin + at - place;
    place = static_cast<uint32_t>(origin + at);
    if (distance > kDistanceMax || (Load32(base + at - distance) & kThreeBytes) != word) {
      at += 1 + (misses++ >> kSkipShift);
      continue;
    }
    misses = 0;
    const size_t most = std::min(text.size() - at, kRepeatMax);
    const size_t length = kRepeatMin + SameBytes(base + at - distance + kRepeatMin,
                                                 base + at + kRepeatMin, most - kRepeatMin);
    if (!block.Literals(text.substr(literals, at - literals)) || !block.Repeat(distance, length)) {
      return 0;
    }
    at += length;
    literals = at;
  }
  // Nothing repeated: literals alone never pay.
  if (literals == 0) return 0;
  return block.Literals(text.substr(literals)) ? block.size() : 0;
}

}  // namespace rha::node::codec
