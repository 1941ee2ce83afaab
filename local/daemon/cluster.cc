#include "local/daemon/cluster.h"

#include <mutex>
#include <nlohmann/json.hpp>
#include <shared_mutex>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/random_id.h"
#include "local/api_server/api.h"
#include "local/api_server/beast_server.h"
#include "local/api_server/certificates.h"
#include "local/controllers/manager.h"
#include "local/daemon/bootstrap.h"
#include "local/daemon/files.h"
#include "local/daemon/paths.h"
#include "local/kubelet/exec.h"
#include "local/kubelet/kubelet.h"
#include "local/object/base64.h"
#include "local/object/numbers.h"
#include "local/proxy/proxy.h"
#include "local/registry/registry.h"
#include "local/store/store.h"

namespace rha::local::daemon {
namespace {

Result<std::string> EnsureSecret(const std::string& path) {
  auto present = ReadFile(path);
  if (present.ok() && !present->empty()) return present;
  const std::string secret = RandomHex(64);
  RHA_RETURN_IF_ERROR(WriteFile(path, secret, 0600));
  return secret;
}

std::string KubeconfigText(uint16_t port, const std::string& ca_pem, const std::string& token) {
  return "apiVersion: v1\n"
         "kind: Config\n"
         "clusters:\n"
         "- name: redisha-local\n"
         "  cluster:\n"
         "    server: https://127.0.0.1:" +
         std::to_string(port) +
         "\n"
         "    certificate-authority-data: " +
         object::Base64Encode(ca_pem) +
         "\n"
         "users:\n"
         "- name: redisha-local\n"
         "  user:\n"
         "    token: " +
         token +
         "\n"
         "contexts:\n"
         "- name: redisha-local\n"
         "  context:\n"
         "    cluster: redisha-local\n"
         "    user: redisha-local\n"
         "    namespace: default\n"
         "current-context: redisha-local\n";
}

}  // namespace

// In the order in which they are made; taken down from the last to the first.
struct Cluster::Parts {
  explicit Parts(const ClusterOptions& chosen) : options(chosen), paths(chosen.folder) {}

  ClusterOptions options;
  Paths paths;
  SystemClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<api_server::Tokens> tokens;
  std::unique_ptr<api_server::Api> api;
  api_server::Certificates certificates;
  std::unique_ptr<api_server::BeastServer> server;
  std::unique_ptr<controllers::Manager> manager;
  std::unique_ptr<proxy::Proxy> proxy;
  std::unique_ptr<kubelet::Kubelet> kubelet;
  std::shared_mutex kubelet_mutex;  // held by who asks the kubelet
  bool up = false;                  // it may be asked; guarded by kubelet_mutex
  bool isolated = true;
  std::string note;

  kubelet::KubeletConfig KubeletSettings() const;
  Status ChooseIsolation();
  Result<std::unique_ptr<stream::Process>> Exec(const std::string& pod_uid,
                                                const std::string& container,
                                                const std::vector<std::string>& argv,
                                                const stream::ExecOptions& exec);
  Status StartServer();
};

kubelet::KubeletConfig Cluster::Parts::KubeletSettings() const {
  kubelet::KubeletConfig config;
  config.program = options.program;
  config.binaries = options.binary_folder;
  const Paths seen(isolated ? paths.root : paths.Alias());
  config.pods_folder = seen.Pods();
  config.claims_folder = seen.Claims();
  config.isolated = isolated;
  config.backoff_max_ms = options.crash_backoff_max_seconds * 1000;
  config.api_host = "127.0.0.1";
  if (server != nullptr) config.api_port = std::to_string(server->port());
  config.token = [this](const std::string& name_space, const std::string& name) {
    return tokens->ServiceAccount(name_space, name);
  };
  return config;
}

Status Cluster::Parts::ChooseIsolation() {
  std::string why = "as --isolation=none asked for";
  if (options.isolation != Isolation::kNone) {
    const Status possible = kubelet::CheckIsolation(KubeletSettings());
    if (possible.ok()) return Status::Ok();
    why = possible.message();
    if (options.isolation == Isolation::kNamespaces) {
      return Status(Code::kDenied,
                    "containers cannot be isolated on this machine: " + why +
                        "; run as root, or allow unprivileged user namespaces (`sysctl -w "
                        "kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000`, and "
                        "on Ubuntu `kernel.apparmor_restrict_unprivileged_userns=0`)");
    }
  }
  isolated = false;
  note = "containers share this machine's files, " + why +
         ": paths of volumes are replaced (docs/local.md, \"Without namespaces\")";
  log::Warn("{}", note);
  return paths.LinkAlias();
}

Result<std::unique_ptr<stream::Process>> Cluster::Parts::Exec(const std::string& pod_uid,
                                                              const std::string& container,
                                                              const std::vector<std::string>& argv,
                                                              const stream::ExecOptions& exec) {
  std::shared_lock asking(kubelet_mutex);
  if (!up) return Status(Code::kUnavailable, "the kubelet is not up");
  RHA_ASSIGN_OR_RETURN(auto spec, kubelet->ExecSpec(pod_uid, container, argv));
  asking.unlock();
  return kubelet::StartExec(options.program, std::move(spec), exec);
}

Status Cluster::Parts::StartServer() {
  RHA_ASSIGN_OR_RETURN(const std::string secret, EnsureSecret(paths.Secret()));
  RHA_ASSIGN_OR_RETURN(certificates, api_server::EnsureCertificates(paths.Certificates()));
  tokens = std::make_unique<api_server::Tokens>(secret);
  const std::string pods = paths.Pods();
  api = std::make_unique<api_server::Api>(
      *registry, *tokens,
      [pods](const std::string& uid, const std::string& name, int64_t attempt) {
        return pods + "/" + uid + "/logs/" + name + "." + std::to_string(attempt) + ".log";
      },
      [this](const std::string& uid, const std::string& container,
             const std::vector<std::string>& argv,
             const stream::ExecOptions& exec) { return Exec(uid, container, argv, exec); });
  api_server::ServerOptions server_options;
  server_options.port = options.port;
  if (options.port == 0) {
    const auto before = ReadFile(paths.Port());
    if (before.ok()) server_options.port = static_cast<uint16_t>(object::ParseInt(*before));
  }
  server_options.certificate_path = certificates.server_path;
  server_options.key_path = certificates.server_key_path;
  const auto handler = [this](const api_server::Request& request) { return api->Handle(request); };
  auto started = api_server::BeastServer::Start(server_options, handler);
  if (!started.ok() && options.port == 0 && server_options.port != 0) {
    server_options.port = 0;  // the port of last time was taken meanwhile
    started = api_server::BeastServer::Start(server_options, handler);
  }
  if (!started.ok()) return started.status();
  server = *std::move(started);
  RHA_RETURN_IF_ERROR(WriteFile(paths.Port(), std::to_string(server->port()), 0644));
  RHA_RETURN_IF_ERROR(MakeSystemObjects(*registry, server->port(), isolated));
  return WriteFile(paths.Kubeconfig(),
                   KubeconfigText(server->port(), certificates.ca_pem, tokens->Admin()), 0600);
}

Cluster::Cluster(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

const std::string& Cluster::note() const { return parts_->note; }

Cluster::~Cluster() {
  {
    const std::lock_guard lock(parts_->kubelet_mutex);
    parts_->up = false;
  }
  parts_->kubelet.reset();  // containers end while they can still reach the API
  parts_->proxy.reset();
  parts_->manager.reset();
  parts_->store->Close();
  parts_->server.reset();
  if (!parts_->isolated) parts_->paths.UnlinkAlias();
}

Result<std::unique_ptr<Cluster>> Cluster::Start(const ClusterOptions& options) {
  auto parts = std::make_unique<Parts>(options);
  RHA_RETURN_IF_ERROR(MakeFolder(options.folder));
  RHA_RETURN_IF_ERROR(parts->ChooseIsolation());
  RHA_ASSIGN_OR_RETURN(parts->store, store::Store::Open(parts->paths.Objects()));
  parts->registry = std::make_unique<registry::Registry>(*parts->store, parts->clock);
  RHA_RETURN_IF_ERROR(parts->StartServer());
  parts->manager =
      std::make_unique<controllers::Manager>(*parts->registry, parts->certificates.ca_pem);
  parts->proxy = std::make_unique<proxy::Proxy>(*parts->registry);
  parts->kubelet = std::make_unique<kubelet::Kubelet>(*parts->registry, parts->KubeletSettings());
  parts->manager->Start();
  parts->proxy->Start();
  parts->kubelet->Start();
  const std::lock_guard lock(parts->kubelet_mutex);
  parts->up = true;
  return std::unique_ptr<Cluster>(new Cluster(std::move(parts)));
}

}  // namespace rha::local::daemon
