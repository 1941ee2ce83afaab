#include <openssl/sha.h>

#include "operator/desired/desired.h"

namespace rha::op::desired {

std::string Hash(const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  static constexpr size_t kBytes = 8;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string hex;
  for (size_t i = 0; i < kBytes; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

}  // namespace rha::op::desired
