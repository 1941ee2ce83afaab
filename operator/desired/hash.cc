#include <openssl/sha.h>

#include "common/base/hex.h"
#include "operator/desired/desired.h"

namespace rha::op::desired {

std::string Hash(const std::string& text) {
  static constexpr size_t kBytes = 8;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return Hex(digest, kBytes);
}

}  // namespace rha::op::desired
