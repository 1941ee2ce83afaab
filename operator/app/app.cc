#include "operator/app/app.h"

#include <charconv>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/random_id.h"
#include "common/http/health.h"
#include "common/k8s/config.h"
#include "common/k8s/cpprest_http.h"
#include "common/k8s/leader_elector.h"
#include "operator/app/metrics.h"
#include "operator/reconcile/controller.h"

namespace rha::op::app {
namespace {

constexpr Millis kStartRetry{1'000};
constexpr char kLeaseName[] = "redisha-operator";
// Build metadata of the version of `redisha local`, whose pods are processes on one machine.
constexpr char kSharedLoopbackVersion[] = "+redisha-local";

// What the readiness page shows; any thread.
class Readiness {
 public:
  void Set(std::string state) {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
  }
  void Watch(const reconcile::Controller* controller) {
    const std::lock_guard lock(mutex_);
    controller_ = controller;
    state_.clear();
  }
  http::Health Check() const {
    const std::lock_guard lock(mutex_);
    if (controller_ != nullptr) return {controller_->caches().Errors(), "working"};
    if (standing_by_) return {{}, "standing by"};
    return {{state_.empty() ? "starting" : state_}, ""};
  }
  void StandBy() {
    const std::lock_guard lock(mutex_);
    standing_by_ = true;
  }

 private:
  mutable std::mutex mutex_;
  std::string state_;
  bool standing_by_ = false;
  const reconcile::Controller* controller_ = nullptr;
};

void Pause(std::stop_token stop, Millis delay) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, delay, [] { return false; });
}

// What the operator has to know of the server.
struct ServerFacts {
  int minor = 0;
  bool shared_loopback = false;
};

// Asks until it is answered. The minor version comes as "34" or "20+".
ServerFacts AskServer(k8s::Api& api, Readiness* readiness, std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto version = api.GetPath("/version");
    if (version.ok()) {
      const std::string full = k8s::StringAt(*version, "gitVersion");
      log::Info("Kubernetes {}", full);
      const std::string text = k8s::StringAt(*version, "minor");
      ServerFacts facts{.shared_loopback = full.ends_with(kSharedLoopbackVersion)};
      std::from_chars(text.data(), text.data() + text.size(), facts.minor);
      return facts;
    }
    log::Warn("waiting for the API server: {}", version.status().message());
    readiness->Set(version.status().message());
    Pause(stop, kStartRetry);
  }
  return {};
}

// The pods run the image of the operator's own pod, so that one build serves all.
std::string DefaultImage(k8s::Api& api, const Options& options, std::stop_token stop) {
  if (!options.image.empty() || options.pod_name.empty() || options.pod_namespace.empty()) {
    return options.image;
  }
  const k8s::ObjectRef self{&k8s::kPods, {options.pod_namespace, options.pod_name}};
  while (!stop.stop_requested()) {
    auto pod = api.Get(self);
    if (pod.ok()) {
      const k8s::Json* containers = k8s::Find(*pod, "spec.containers");
      if (containers != nullptr && containers->is_array() && !containers->empty()) {
        return k8s::StringAt(containers->front(), "image");
      }
    }
    if (pod.status().code() == Code::kNotFound || pod.status().code() == Code::kDenied) {
      log::Warn("the operator's own image is unknown: {}", pod.status().message());
      return {};
    }
    Pause(stop, kStartRetry);
  }
  return {};
}

Result<std::unique_ptr<http::Server>> Serve(const Options& options, uint16_t port,
                                            std::map<std::string, http::Handler> handlers) {
  if (port == 0) return std::unique_ptr<http::Server>();
  return http::Server::Start({.ips = {options.bind_address}, .port = port}, std::move(handlers));
}

class App {
 public:
  struct Parts {
    k8s::Api& api;
    k8s::Api& lease_api;  // gives up early
    Metrics& metrics;
    Readiness& readiness;
  };

  App(const Options& options, const Parts& parts)
      : options_(options),
        api_(parts.api),
        lease_api_(parts.lease_api),
        metrics_(parts.metrics),
        readiness_(parts.readiness) {
    // Unique to this process: a restarted container is another candidate.
    const std::string name = options.pod_name.empty() ? "redisha-operator" : options.pod_name;
    identity_ = name + "_" + RandomHex(8);
  }

  Status Run(std::stop_token stop) {
    const ServerFacts server = AskServer(api_, &readiness_, stop);
    const std::string image = DefaultImage(api_, options_, stop);
    if (stop.stop_requested()) return {};
    log::Info("default image of the pods: {}", image.empty() ? "none" : image);
    MakeController({.default_image = image,
                    .server_minor = server.minor,
                    .shared_loopback = server.shared_loopback});
    const Status status = options_.leader_elect ? Lead(stop) : Work(stop);
    readiness_.Watch(nullptr);
    metrics_.Watch(nullptr);
    controller_->Stop();
    return status;
  }

 private:
  void MakeController(reconcile::ReconcilerOptions reconciler) {
    controller_ = std::make_unique<reconcile::Controller>(
        api_, clock_,
        reconcile::ControllerOptions{.ns = options_.ns,
                                     .workers = options_.workers,
                                     .instance = identity_,
                                     .reconciler = std::move(reconciler)},
        [this](const reconcile::ReconcileSample& sample) { metrics_.CountReconcile(sample); });
  }

  void StartController() {
    metrics_.SetLeader(true);
    controller_->Start();
    readiness_.Watch(controller_.get());
    metrics_.Watch(controller_.get());
  }

  Status Work(std::stop_token stop) {
    StartController();
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
    return {};
  }

  Status Lead(std::stop_token stop) {
    std::string ns = options_.leader_election_namespace;
    if (ns.empty()) ns = options_.pod_namespace.empty() ? "default" : options_.pod_namespace;
    k8s::LeaderElector elector(lease_api_, clock_,
                               {.lease = {ns, kLeaseName}, .identity = identity_});
    readiness_.StandBy();
    elector.Run(stop, [this] { StartController(); });
    metrics_.SetLeader(false);
    // Going on would mean two operators at work; a fresh process stands by instead.
    if (!stop.stop_requested()) return Status(Code::kUnavailable, "the lease was lost");
    return {};
  }

  const Options& options_;
  k8s::Api& api_;
  k8s::Api& lease_api_;
  Metrics& metrics_;
  Readiness& readiness_;
  SystemClock clock_;
  std::string identity_;
  std::unique_ptr<reconcile::Controller> controller_;
};

}  // namespace

Status Run(const Options& options, std::stop_token stop) {
  RHA_ASSIGN_OR_RETURN(const k8s::ClusterConfig config, k8s::LoadConfig(options.kubeconfig));
  Metrics metrics;
  metrics.SetHost(config.server.substr(config.server.find("//") + 2));
  k8s::TransportOptions transport_options;
  transport_options.user_agent = "redisha-operator/" RHA_VERSION;
  transport_options.leave_system_certificates = true;
  transport_options.on_answer = [&metrics](k8s::HttpMethod method, int code) {
    metrics.CountRequest(method, code);
  };
  RHA_ASSIGN_OR_RETURN(const auto transport, k8s::MakeCpprestTransport(config, transport_options));
  k8s::Api api(*transport);
  transport_options.timeout = k8s::kLeaseRequestTimeout;
  RHA_ASSIGN_OR_RETURN(const auto lease_transport,
                       k8s::MakeCpprestTransport(config, transport_options));
  k8s::Api lease_api(*lease_transport);

  Readiness readiness;
  const auto alive = [] { return http::Health{{}, "ok"}; };
  const auto ready = [&readiness] { return readiness.Check(); };
  RHA_ASSIGN_OR_RETURN(const auto health_server, Serve(options, options.health_port,
                                                       {{"/healthz", http::HealthHandler(alive)},
                                                        {"/readyz", http::HealthHandler(ready)}}));
  RHA_ASSIGN_OR_RETURN(const auto metrics_server,
                       Serve(options, options.metrics_port, {{"/metrics", metrics.PageHandler()}}));
  log::Info("redisha-operator {} works on {} ({})", RHA_VERSION, config.server, config.source);
  return App(options, {api, lease_api, metrics, readiness}).Run(stop);
}

}  // namespace rha::op::app
