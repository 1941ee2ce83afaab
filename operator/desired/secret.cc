// Secret NAME-auth: the generated password. Created once; what it holds is never computed again.
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

}  // namespace rha::op::desired
