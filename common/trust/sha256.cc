#include "common/trust/sha256.h"

#include <openssl/evp.h>

#include "common/base/check.h"
#include "common/base/hex.h"

namespace rha::trust {

std::string Sha256Hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  RHA_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  return Hex(digest, size);
}

}  // namespace rha::trust
