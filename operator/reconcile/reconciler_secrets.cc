// The Secrets a RedisHA needs: made once where the operator makes them, else looked for. They are
// asked for by name, never listed, and their content is in no hash, log or event.
#include <nlohmann/json.hpp>

#include "common/base/random_id.h"
#include "operator/api/conditions.h"
#include "operator/desired/names.h"
#include "operator/reconcile/limits.h"
#include "operator/reconcile/reconciler.h"

namespace rha::op::reconcile {

namespace reason = api::reason;

Status Reconciler::EnsurePeerSecret(const api::RedisHa& redisha, Memory* memory,
                                    std::vector<Problem>* problems) {
  const std::string name = desired::PeerSecretName(redisha.key.name);
  return EnsureSecret(
      redisha,
      {.name = name,
       .keys = {std::string(desired::kPeerKey), std::string(desired::kAdminPasswordKey)},
       .generate =
           [&redisha] {
             return desired::PeerSecret(redisha, RandomHex(kPeerKeyDigits),
                                        RandomHex(kPasswordDigits));
           },
       .told = {false, "PeerKeyGenerated",
                "a key for the RedisHA's own programs was generated into Secret " + name}},
      memory, problems);
}

Status Reconciler::EnsureAuthSecret(const api::RedisHa& redisha, Memory* memory,
                                    std::vector<Problem>* problems) {
  const api::AuthSpec& auth = redisha.spec.auth;
  if (!auth.enabled) return {};
  NeededSecret needed{.name = desired::AuthSecretName(redisha),
                      .field = "spec.auth.secretRef",
                      .keys = {auth.secret_key}};
  if (auth.secret_name.empty()) {
    needed.generate = [&redisha] {
      return desired::GeneratedSecret(redisha, RandomHex(kPasswordDigits));
    };
    needed.told = {false, "PasswordGenerated",
                   "a password was generated into Secret " + needed.name};
  }
  return EnsureSecret(redisha, needed, memory, problems);
}

Status Reconciler::EnsureSecret(const api::RedisHa& redisha, const NeededSecret& needed,
                                Memory* memory, std::vector<Problem>* problems) {
  std::string wanted = needed.name;
  for (const std::string& key : needed.keys) wanted += "/" + key;
  const auto found = memory->secrets.find(wanted);
  if (found != memory->secrets.end() && clock_.Now() - found->second < kSecretCheckPeriod) {
    return {};
  }
  memory->secrets.erase(wanted);
  auto secret = api_.Get({&k8s::kSecrets, {redisha.key.ns, needed.name}});
  if (!secret.ok() && secret.status().code() == Code::kNotFound && needed.generate) {
    secret = api_.Create(k8s::kSecrets, needed.generate(),
                         {.field_manager = std::string(desired::kManager)});
    if (secret.ok()) events_.Record(redisha, needed.told);
  }
  if (!secret.ok() && secret.status().code() == Code::kNotFound) {
    problems->push_back(
        {std::string(reason::kSecretMissing),
         needed.field + ".name: Secret " + needed.name + " does not exist; create it", true});
    return {};
  }
  if (!secret.ok()) return secret.status();
  for (const std::string& key : needed.keys) {
    if (!k8s::MapValue(*secret, "data", key).empty()) continue;
    const std::string path = needed.field.empty() ? "" : needed.field + ".key: ";
    problems->push_back({std::string(reason::kSecretKeyMissing),
                         path + "Secret " + needed.name + " has no key '" + key + "' with a value",
                         true});
    return {};
  }
  memory->secrets[wanted] = clock_.Now();
  return {};
}

}  // namespace rha::op::reconcile
