#include "cli/exec_credential.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/pod/tunnel.h"
#include "local/object/json.h"

namespace rha::cli {

namespace object = local::object;

Status ReadCredential(const std::string& printed, k8s::ClusterConfig* config) {
  RHA_ASSIGN_OR_RETURN(const auto credential, object::ParseJson(printed));
  config->token = object::Str(credential, {"status", "token"});
  config->client_cert_pem = object::Str(credential, {"status", "clientCertificateData"});
  config->client_key_pem = object::Str(credential, {"status", "clientKeyData"});
  if (config->client_cert_pem.empty() != config->client_key_pem.empty()) {
    return Status(Code::kInvalid, "it has given a certificate without its key, or a key alone");
  }
  if (config->token.empty() && config->client_cert_pem.empty()) {
    return Status(Code::kInvalid, "it has given neither token nor certificate");
  }
  return {};
}

Status TakeCredentials(k8s::ClusterConfig* config) {
  const k8s::ExecPlugin plugin = *config->exec;
  const std::string what = "credential plugin " + plugin.command;
  // Plugins read the version from here; which cluster it is, most do not ask.
  const nlohmann::json info = {{"kind", "ExecCredential"},
                               {"apiVersion", plugin.api_version},
                               {"spec", {{"interactive", true}}}};
  ::setenv("KUBERNETES_EXEC_INFO", info.dump().c_str(), 1);
  for (const auto& [name, value] : plugin.env) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = {plugin.command};
  words.insert(words.end(), plugin.args.begin(), plugin.args.end());
  auto child = Child::Start(words, Child::Stderr::kOurs);
  if (!child.ok()) {
    const bool missing = child.status().code() == Code::kNotFound;
    return Status(child.status().code(),
                  what + (missing ? ": there is no such program. " + plugin.install_hint
                                  : ": " + child.status().message()));
  }
  const auto printed = child->ReadAll();
  if (!printed.ok()) return printed.status().Context(what);
  return ReadCredential(*printed, config).Context(what);
}

}  // namespace rha::cli
