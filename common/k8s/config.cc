#include "common/k8s/config.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/k8s/base64.h"

namespace rha::k8s {
namespace {

std::string Text(const YAML::Node& node, const char* key) {
  const YAML::Node value = node[key];
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

// The entry called `name` of a list such as clusters, and the map under `kind` in it.
Result<YAML::Node> Named(const YAML::Node& root, const char* list, const char* kind,
                         const std::string& name) {
  for (const YAML::Node& entry : root[list]) {
    if (Text(entry, "name") == name && entry[kind]) return entry[kind];
  }
  return Status(Code::kInvalid, std::string(list) + ": there is no entry named '" + name + "'");
}

// KEY-data (base64) wins over KEY (a file), as in kubectl.
Result<std::string> DataOrFile(const YAML::Node& node, const std::string& key,
                               const std::string& folder) {
  const std::string data = Text(node, (key + "-data").c_str());
  if (!data.empty()) {
    auto decoded = DecodeBase64(data);
    if (!decoded.ok()) return decoded.status().Context(key + "-data");
    return decoded;
  }
  const std::string file = Text(node, key.c_str());
  if (file.empty()) return std::string();
  auto content = ReadFile((std::filesystem::path(folder) / file).string());
  if (!content.ok()) return content.status().Context(key);
  return content;
}

Status NoPlugins(const std::string& which) {
  return Status(Code::kUnsupported,
                "users: credential plugins (" + which +
                    ") are not supported; use a token, a token file or a client certificate");
}

ExecPlugin ReadExec(const YAML::Node& exec, const std::string& folder) {
  ExecPlugin plugin{.command = Text(exec, "command"),
                    .args = {},
                    .env = {},
                    .api_version = Text(exec, "apiVersion"),
                    .install_hint = Text(exec, "installHint")};
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = (std::filesystem::path(folder) / plugin.command).string();
  }
  for (const YAML::Node& arg : exec["args"]) plugin.args.push_back(arg.Scalar());
  for (const YAML::Node& entry : exec["env"]) {
    plugin.env.emplace_back(Text(entry, "name"), Text(entry, "value"));
  }
  return plugin;
}

Status ReadUser(const YAML::Node& user, const std::string& folder, ClusterConfig* config) {
  if (user["auth-provider"]) return NoPlugins("auth-provider");
  if (user["exec"]) config->exec = ReadExec(user["exec"], folder);
  if (!Text(user, "username").empty()) {
    return Status(
        Code::kUnsupported,
        "users: a user name and password are not supported; use a token or a certificate");
  }
  config->token = Text(user, "token");
  const std::string token_file = Text(user, "tokenFile");
  if (!token_file.empty()) {
    config->token_file = (std::filesystem::path(folder) / token_file).string();
  }
  RHA_ASSIGN_OR_RETURN(config->client_cert_pem, DataOrFile(user, "client-certificate", folder));
  RHA_ASSIGN_OR_RETURN(config->client_key_pem, DataOrFile(user, "client-key", folder));
  if (config->client_cert_pem.empty() != config->client_key_pem.empty()) {
    return Status(Code::kInvalid, "users: client-certificate and client-key belong together");
  }
  return {};
}

Result<ClusterConfig> FromYaml(const YAML::Node& root, const std::string& folder,
                               std::string context_name) {
  if (!root.IsMap()) return Status(Code::kInvalid, "not a kubeconfig: the top level is no map");
  if (context_name.empty()) context_name = Text(root, "current-context");
  if (context_name.empty()) return Status(Code::kInvalid, "current-context is not set");
  RHA_ASSIGN_OR_RETURN(const YAML::Node context, Named(root, "contexts", "context", context_name));
  RHA_ASSIGN_OR_RETURN(const YAML::Node cluster,
                       Named(root, "clusters", "cluster", Text(context, "cluster")));
  ClusterConfig config;
  config.server = Text(cluster, "server");
  if (config.server.empty()) return Status(Code::kInvalid, "clusters: server is not set");
  config.tls_server_name = Text(cluster, "tls-server-name");
  config.insecure_skip_tls_verify = Text(cluster, "insecure-skip-tls-verify") == "true";
  RHA_ASSIGN_OR_RETURN(config.ca_pem, DataOrFile(cluster, "certificate-authority", folder));
  const std::string ns = Text(context, "namespace");
  if (!ns.empty()) config.ns = ns;
  const std::string user_name = Text(context, "user");
  if (!user_name.empty()) {
    RHA_ASSIGN_OR_RETURN(const YAML::Node user, Named(root, "users", "user", user_name));
    RHA_RETURN_IF_ERROR(ReadUser(user, folder, &config));
  }
  return config;
}

Result<ClusterConfig> FromFile(const std::string& path, const std::string& context) {
  auto text = ReadFile(path);
  if (!text.ok()) return text.status().Context("kubeconfig");
  auto config = ParseKubeconfig(*text, std::filesystem::path(path).parent_path().string(), context);
  if (!config.ok()) return config.status().Context("kubeconfig " + path);
  config->source = "kubeconfig " + path;
  return config;
}

Result<ClusterConfig> InCluster(const ConfigSources& sources, const std::string& host) {
  ClusterConfig config;
  const std::string port = sources.getenv("KUBERNETES_SERVICE_PORT");
  const bool v6 = host.find(':') != std::string::npos;
  config.server = "https://" + (v6 ? "[" + host + "]" : host) + ":" + (port.empty() ? "443" : port);
  config.token_file = sources.service_account_dir + "/token";
  auto token = ReadFile(config.token_file);
  if (!token.ok()) return token.status().Context("service account of this pod");
  auto ca = ReadFile(sources.service_account_dir + "/ca.crt");
  if (!ca.ok()) return ca.status().Context("service account of this pod");
  config.ca_pem = *ca;
  const std::string ns = ReadFile(sources.service_account_dir + "/namespace").value_or("");
  if (!ns.empty()) config.ns = ns;
  config.source = "in-cluster";
  return config;
}

Result<ClusterConfig> FindConfig(const ConfigSources& sources) {
  if (!sources.kubeconfig_flag.empty()) {
    return FromFile(sources.kubeconfig_flag, sources.context);
  }
  // A list of files is merged by kubectl; the first one is where current-context is taken from.
  const std::string env = sources.getenv("KUBECONFIG");
  if (!env.empty()) return FromFile(env.substr(0, env.find(':')), sources.context);
  const std::string host = sources.getenv("KUBERNETES_SERVICE_HOST");
  if (!host.empty() && sources.context.empty()) return InCluster(sources, host);
  const std::string home = sources.getenv("HOME");
  const std::string path = home + "/.kube/config";
  if (!home.empty() && std::filesystem::exists(path)) {
    return FromFile(path, sources.context);
  }
  return Status(Code::kNotFound,
                "no Kubernetes configuration: set --kubeconfig or KUBECONFIG, or run in a pod");
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return ErrnoStatus("open " + path);
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return ErrnoStatus("read " + path);
  return std::move(text).str();
}

Result<ClusterConfig> ParseKubeconfig(const std::string& text, const std::string& folder,
                                      const std::string& context) {
  try {
    return FromYaml(YAML::Load(text), folder, context);
  } catch (const YAML::Exception& error) {
    return Status(Code::kInvalid, error.what());
  }
}

Result<ClusterConfig> LoadConfigFrom(const ConfigSources& sources) {
  auto config = FindConfig(sources);
  if (config.ok() && config->exec && !sources.exec_plugins) {
    return NoPlugins("exec").Context(config->source);
  }
  return config;
}

Result<ClusterConfig> LoadConfig(const std::string& kubeconfig_flag, const std::string& context,
                                 bool exec_plugins) {
  ConfigSources sources;
  sources.exec_plugins = exec_plugins;
  sources.kubeconfig_flag = kubeconfig_flag;
  sources.context = context;
  sources.getenv = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  return LoadConfigFrom(sources);
}

}  // namespace rha::k8s
