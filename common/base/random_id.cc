#include "common/base/random_id.h"

#include <sys/random.h>

#include "common/base/check.h"

namespace rha {
namespace {

// getrandom never returns short below 256 bytes, so callers fill small pieces.
void Fill(void* out, size_t size) {
  RHA_CHECK(size <= 256);
  RHA_CHECK(getrandom(out, size, 0) == static_cast<ssize_t>(size));
}

}  // namespace

std::string RandomHex(size_t digits) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out(digits, '0');
  for (char& c : out) {
    unsigned char byte;
    Fill(&byte, 1);
    c = kHex[byte & 15];
  }
  return out;
}

uint64_t RandomSeed() {
  uint64_t seed;
  Fill(&seed, sizeof seed);
  return seed;
}

}  // namespace rha
