#include "node/structs/siphash.h"

#include <cstring>

#include "common/base/random_id.h"

namespace rha::node::structs {
namespace {

inline uint64_t Rotate(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

struct State {
  uint64_t v0, v1, v2, v3;
  void Round() {
    v0 += v1;
    v1 = Rotate(v1, 13) ^ v0;
    v0 = Rotate(v0, 32);
    v2 += v3;
    v3 = Rotate(v3, 16) ^ v2;
    v0 += v3;
    v3 = Rotate(v3, 21) ^ v0;
    v2 += v1;
    v1 = Rotate(v1, 17) ^ v2;
    v2 = Rotate(v2, 32);
  }
};

const uint64_t kKey0 = RandomSeed();
const uint64_t kKey1 = RandomSeed();

}  // namespace

uint64_t SipHashKeyed(std::string_view bytes, uint64_t key0, uint64_t key1) {
  State s{key0 ^ 0x736f6d6570736575ULL, key1 ^ 0x646f72616e646f6dULL, key0 ^ 0x6c7967656e657261ULL,
          key1 ^ 0x7465646279746573ULL};
  const char* data = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, data += 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    s.v3 ^= word;
    s.Round();
    s.v0 ^= word;
  }
  uint64_t last = static_cast<uint64_t>(bytes.size()) << 56;
  uint64_t tail = 0;
  std::memcpy(&tail, data, left);
  last |= tail;
  s.v3 ^= last;
  s.Round();
  s.v0 ^= last;
  s.v2 ^= 0xff;
  s.Round();
  s.Round();
  s.Round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t SipHash(std::string_view bytes) { return SipHashKeyed(bytes, kKey0, kKey1); }

}  // namespace rha::node::structs
