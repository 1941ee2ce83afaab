// Where the API server is and who we are: from a kubeconfig file or from inside a pod.
//
// Order (first that exists): the --kubeconfig flag, $KUBECONFIG, the pod's service account,
// ~/.kube/config. Files named inside a kubeconfig are relative to it. Credential plugins ("exec")
// are for programs that people start: the others refuse them with an error that says so.
// Any thread; everything is read once, but for token_file, which the transport reads again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace rha::k8s {

// A program that hands out credentials.
struct ExecPlugin {
  std::string command;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string api_version;
  std::string install_hint;
};

struct ClusterConfig {
  std::string server;           // "https://10.0.0.1:443"
  std::string ca_pem;           // empty: the system's certificate authorities
  std::string tls_server_name;  // empty: the host in `server`
  bool insecure_skip_tls_verify = false;
  std::string client_cert_pem;
  std::string client_key_pem;
  std::string token;
  std::string token_file;          // wins over token
  std::optional<ExecPlugin> exec;  // to be run for token or certificate
  std::string ns = "default";
  std::string source;  // "kubeconfig /path" or "in-cluster", for logs
};

// The process environment as an argument, so tests need none.
struct ConfigSources {
  std::string kubeconfig_flag;
  std::string context;                             // empty: current-context
  bool exec_plugins = false;                       // may be returned
  std::function<std::string(const char*)> getenv;  // "" when unset
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// Reads the real environment. `context` empty means current-context.
Result<ClusterConfig> LoadConfig(const std::string& kubeconfig_flag,
                                 const std::string& context = {}, bool exec_plugins = false);
Result<ClusterConfig> LoadConfigFrom(const ConfigSources& sources);
// `folder` resolves relative file names; `context` empty means current-context.
Result<ClusterConfig> ParseKubeconfig(const std::string& text, const std::string& folder,
                                      const std::string& context = {});

Result<std::string> ReadFile(const std::string& path);

}  // namespace rha::k8s
