#include "common/base/random_id.h"

#include <sys/random.h>

#include "common/base/check.h"
#include "common/base/hex.h"

namespace rha {
namespace {

// getrandom never returns short below 256 bytes, so callers fill small pieces.
void Fill(void* out, size_t size) {
  RHA_CHECK(size <= 256);
  RHA_CHECK(getrandom(out, size, 0) == static_cast<ssize_t>(size));
}

}  // namespace

std::string RandomHex(size_t digits) {
  std::string out;
  while (out.size() < digits) {
    unsigned char bytes[32];
    Fill(bytes, sizeof bytes);
    out += Hex(bytes, sizeof bytes);
  }
  out.resize(digits);
  return out;
}

uint64_t RandomSeed() {
  uint64_t seed;
  Fill(&seed, sizeof seed);
  return seed;
}

}  // namespace rha
