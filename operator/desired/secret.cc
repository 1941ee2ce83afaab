// Secret NAME-auth: the generated password, for clients. Secret NAME-peer: what node and sentinels
// prove themselves to each other with, and the password of whoever administers the sentinels.
// Created once; what they hold is never computed again.
#include <nlohmann/json.hpp>

#include "common/k8s/base64.h"
#include "operator/desired/desired.h"
#include "operator/desired/names.h"

namespace rha::op::desired {

k8s::Json GeneratedSecret(const api::RedisHa& redisha, const std::string& password) {
  k8s::Json object = NewChild(k8s::kSecrets, redisha, GeneratedSecretName(redisha.key.name));
  object["type"] = "Opaque";
  object["data"] = {{redisha.spec.auth.secret_key, k8s::EncodeBase64(password)}};
  return object;
}

k8s::Json PeerSecret(const api::RedisHa& redisha, const std::string& peer_key,
                     const std::string& admin_password) {
  k8s::Json object = NewChild(k8s::kSecrets, redisha, PeerSecretName(redisha.key.name));
  object["type"] = "Opaque";
  object["data"] = {{std::string(kPeerKey), k8s::EncodeBase64(peer_key + "\n")},
                    {std::string(kAdminPasswordKey), k8s::EncodeBase64(admin_password)}};
  return object;
}

}  // namespace rha::op::desired
