#include "local/api_server/tokens.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/base/hex.h"
#include "local/object/base64.h"

namespace rha::local::api_server {
namespace {
constexpr const char* kAdmin = "redisha-local-admin";
}

// base64(user) "." hex(HMAC-SHA256(secret, user))
std::string Tokens::Sign(const std::string& user) const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(user.data()), user.size(), digest, &size);
  std::string token = object::Base64Encode(user);
  while (token.ends_with('=')) token.pop_back();
  return token + '.' + Hex(digest, size);
}

const char* Tokens::admin() { return kAdmin; }

std::string Tokens::Admin() const { return Sign(kAdmin); }

std::string Tokens::ServiceAccount(const std::string& name_space, const std::string& name) const {
  return Sign("system:serviceaccount:" + name_space + ":" + name);
}

std::optional<std::string> Tokens::User(const std::string& authorization) const {
  constexpr std::string_view kPrefix = "Bearer ";
  if (!authorization.starts_with(kPrefix)) return std::nullopt;
  const std::string token = authorization.substr(kPrefix.size());
  const auto user = object::Base64Decode(token.substr(0, token.find('.')));
  if (!user.ok()) return std::nullopt;
  const std::string good = Sign(*user);
  if (token.size() != good.size() || CRYPTO_memcmp(token.data(), good.data(), good.size()) != 0) {
    return std::nullopt;
  }
  return *user;
}

}  // namespace rha::local::api_server
