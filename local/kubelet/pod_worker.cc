#include "local/kubelet/pod_worker.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "local/kubelet/hosts.h"
#include "local/kubelet/volumes.h"
#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::kubelet {

namespace fs = std::filesystem;
using object::Int;
using object::Json;
using object::Str;

PodWorker::PodWorker(PodServices& services, store::Object pod)
    : services_(services),
      pod_(std::move(pod)),
      uid_(object::Uid(*pod_)),
      name_(object::Name(*pod_)),
      name_space_(object::Namespace(*pod_)),
      folder_(services.config.pods_folder + "/" + uid_) {
  const ContainerOptions options{
      services_.reactor,        services_.registry.clock(), *this,
      services_.config.program, folder_ + "/logs",          services_.config.backoff_max_ms};
  for (const bool init : {true, false}) {
    const char* list = init ? "initContainers" : "containers";
    const char* stored_list = init ? "initContainerStatuses" : "containerStatuses";
    for (const auto& spec : object::Items(*pod_, {"spec", list})) {
      auto container = std::make_unique<Container>(options, spec, init);
      for (const auto& stored : object::Items(*pod_, {"status", stored_list})) {
        if (Str(stored, {"name"}) == container->name()) container->Restore(stored);
      }
      containers_.push_back(std::move(container));
    }
  }
  Begin();
}

PodWorker::~PodWorker() {
  services_.reactor.Cancel(setup_timer_);
  services_.reactor.Cancel(linger_timer_);
  for (const auto& [name, timer] : restart_timers_) services_.reactor.Cancel(timer);
  services_.ips.Release(ip_);
}

void PodWorker::Begin() {
  if (!Str(*pod_, {"metadata", "deletionTimestamp"}).empty()) {
    Terminate();
    return;
  }
  const std::string phase = Str(*pod_, {"status", "phase"});
  if (phase == "Succeeded" || phase == "Failed") return;  // kept for its logs
  if (TakeIp()) Setup();
}

// The address goes into the status before anything starts: names and Downward API need it.
bool PodWorker::TakeIp() {
  ip_ = Str(*pod_, {"status", "podIP"});
  if (!ip_.empty()) {
    services_.ips.Reserve(ip_);
    return true;
  }
  ip_ = services_.ips.Take();
  if (ip_.empty()) {
    OnEvent(true, "FailedCreatePodSandBox", "no address is left for the pod");
    return false;
  }
  Publish();
  return true;
}

PodInputs PodWorker::InputsOf() const {
  PodInputs inputs;
  inputs.lookup = [this](const std::string& id, const std::string& name) {
    return services_.registry.store().Get({id, name_space_, name});
  };
  inputs.token = [this] {
    return services_.config.token(name_space_,
                                  Str(*pod_, {"spec", "serviceAccountName"}, "default"));
  };
  inputs.claims_folder = services_.config.claims_folder;
  inputs.binaries = services_.config.binaries;
  inputs.isolated = services_.config.isolated;
  inputs.api_host = services_.config.api_host;
  inputs.api_port = services_.config.api_port;
  return inputs;
}

Status PodWorker::WriteEtc(const std::string& file, const std::string& text) {
  const std::string path = folder_ + "/etc/" + file, fresh = path + ".new";
  std::ofstream out(fresh);
  out << text;
  out.close();
  if (!out) return ErrnoStatus("write " + fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return ErrnoStatus("rename " + fresh);
  return Status::Ok();
}

void PodWorker::RefreshHosts() {
  if (!ready_to_run_) return;
  const Status written = WriteEtc("hosts", services_.hosts(name_space_) + ip_ + "\t" +
                                               Str(*pod_, {"spec", "hostname"}, name_) + "\n");
  if (!written.ok()) log::Warn("pod {}: {}", name_, written.message());
}

// Volumes and files first; what is missing is waited for.
void PodWorker::Setup() {
  setup_timer_ = 0;
  if (Stopping()) return;
  std::error_code error;
  fs::create_directories(folder_ + "/etc", error);
  fs::create_directories(folder_ + "/root", error);
  ::chmod((folder_ + "/etc").c_str(), 0755);
  auto volumes = PrepareVolumes(*pod_, folder_, InputsOf());
  Status written = volumes.status();
  if (volumes.ok()) {
    volumes_ = *std::move(volumes);
    written = WriteEtc("resolv.conf", ResolvConf(name_space_));
    if (written.ok()) {
      written = WriteEtc("hostname", Str(*pod_, {"spec", "hostname"}, name_) + "\n");
    }
    if (written.ok() && !services_.config.isolated) {
      written = WriteEtc("kubeconfig", AccountKubeconfig(*pod_, volumes_, InputsOf()));
    }
  }
  if (!written.ok()) {
    if (written.code() != Code::kUnavailable) OnEvent(true, "FailedMount", written.message());
    setup_timer_ = services_.reactor.After(Millis(kSetupRetryMillis), [this] { Setup(); });
    return;
  }
  ready_to_run_ = true;
  RefreshHosts();
  RunNext();
}

// Init containers one after the other, then all others at once.
void PodWorker::RunNext() {
  for (const auto& container : containers_) {
    if (!container->init()) break;
    if (container->state() == Container::State::kEnded && container->exit_code() == 0) continue;
    if (!container->alive() && container->state() == Container::State::kWaiting) Run(*container);
    return;
  }
  for (const auto& container : containers_) {
    if (!container->init() && container->state() == Container::State::kWaiting) Run(*container);
  }
}

void PodWorker::Run(Container& container) {
  restart_timers_.erase(container.name());
  if (Stopping()) return;
  const auto spec = MakeContainerSpec(container.spec(), {*pod_, InputsOf(), folder_, volumes_});
  if (!spec.ok()) {
    OnEvent(true, "Failed", "Error: " + spec.status().message());
    container.SetWaiting("CreateContainerConfigError", spec.status().message());
    restart_timers_[container.name()] = services_.reactor.After(
        Millis(kBackoffFirstMillis / 5), [this, &container] { Run(container); });
  } else {
    OnEvent(false, "Created", "Created container: " + container.name());
    container.Start(*spec, ip_);
  }
  Publish();
}

bool PodWorker::WantsRestart(const Container& container) const {
  const std::string policy = Str(*pod_, {"spec", "restartPolicy"}, "Always");
  if (container.init()) return container.exit_code() != 0 && policy != "Never";
  return policy == "Always" || (policy == "OnFailure" && container.exit_code() != 0);
}

void PodWorker::Restart(Container& container) {
  const int64_t delay_ms = container.PlanRestart();
  if (delay_ms == 0) return Run(container);
  const std::string message = "back-off " + object::HumanDuration(delay_ms) +
                              " restarting failed container=" + container.name() + " pod=" + name_ +
                              "_" + name_space_ + "(" + uid_ + ")";
  OnEvent(true, "BackOff",
          "Back-off restarting failed container " + container.name() + " in pod " + name_ + "_" +
              name_space_ + "(" + uid_ + ")");
  container.SetWaiting("CrashLoopBackOff", message);
  restart_timers_[container.name()] =
      services_.reactor.After(Millis(delay_ms), [this, &container] { Run(container); });
  Publish();
}

void PodWorker::OnChanged(Container& /*container*/) { Publish(); }

void PodWorker::OnEnded(Container& container) {
  if (Stopping()) {
    Publish();
    FinishIfOver();
    return;
  }
  if (WantsRestart(container)) return Restart(container);
  Publish();
  if (container.init() && container.exit_code() == 0) RunNext();
}

void PodWorker::OnEvent(bool warning, const std::string& reason, const std::string& message) {
  if (suspended_) return;
  if (warning) {
    services_.events.Warning(*pod_, reason, message);
  } else {
    services_.events.Normal(*pod_, reason, message);
  }
}

void PodWorker::Update(store::Object pod) {
  const bool labels =
      object::Map(*pod, {"metadata", "labels"}) != object::Map(*pod_, {"metadata", "labels"}) ||
      object::Map(*pod, {"metadata", "annotations"}) !=
          object::Map(*pod_, {"metadata", "annotations"});
  pod_ = std::move(pod);
  if (!Str(*pod_, {"metadata", "deletionTimestamp"}).empty()) Terminate();
  if (labels && ready_to_run_ && !Stopping()) RefreshVolumes();
}

void PodWorker::RefreshVolumes() {
  if (Stopping()) return;
  if (!ready_to_run_) {
    if (setup_timer_ != 0) {  // perhaps it was what the pod waits for
      services_.reactor.Cancel(setup_timer_);
      Setup();
    }
    return;
  }
  const auto volumes = PrepareVolumes(*pod_, folder_, InputsOf());
  if (!volumes.ok()) log::Warn("pod {}: {}", name_, volumes.status().message());
}

// Also when the grace of a running termination was shortened.
void PodWorker::Terminate() {
  const int64_t grace_ms = Int(*pod_, {"metadata", "deletionGracePeriodSeconds"}, 30) * 1000;
  if (terminating_ && grace_ms >= grace_ms_) return;
  const bool first = !terminating_;
  terminating_ = true;
  if (first) terminating_since_ = services_.reactor.Now();
  grace_ms_ = grace_ms;
  services_.reactor.Cancel(setup_timer_);
  for (const auto& [name, timer] : restart_timers_) services_.reactor.Cancel(timer);
  restart_timers_.clear();
  for (const auto& container : containers_) {
    if (!container->alive()) continue;
    if (first) OnEvent(false, "Killing", "Stopping container " + container->name());
    container->Stop(grace_ms);
  }
  FinishIfOver();
}

void PodWorker::Vanish() {
  vanished_ = true;
  KillAll();
  FinishIfOver();
}

void PodWorker::Suspend(int64_t grace_ms) {
  suspended_ = true;
  services_.reactor.Cancel(setup_timer_);
  for (const auto& [name, timer] : restart_timers_) services_.reactor.Cancel(timer);
  restart_timers_.clear();
  const int64_t own_ms = Int(*pod_, {"spec", "terminationGracePeriodSeconds"}, 30) * 1000;
  for (const auto& container : containers_) container->Stop(std::min(own_ms, grace_ms));
}

void PodWorker::KillAll() {
  for (const auto& container : containers_) container->Kill();
}

bool PodWorker::AnyAlive() const {
  return std::any_of(containers_.begin(), containers_.end(),
                     [](const auto& container) { return container->alive(); });
}

Result<Json> PodWorker::ExecSpec(const std::string& container, const Json& argv) const {
  for (const auto& each : containers_) {
    if (each->name() != container || each->state() != Container::State::kRunning) continue;
    return each->ExecSpec(argv);
  }
  return Status(Code::kUnavailable, "container " + container + " is not running");
}

void PodWorker::TrimLogs() {
  for (const auto& container : containers_) container->TrimLog();
}

// The last process has ended: the object goes, though not before its time, then the folder.
void PodWorker::FinishIfOver() {
  if (over_ || suspended_ || AnyAlive()) return;
  const MonoTime end = terminating_since_ + Millis(kTerminationMillisMin);
  if (!vanished_ && services_.reactor.Now() < end) {
    services_.reactor.Cancel(linger_timer_);
    linger_timer_ = services_.reactor.After(
        std::chrono::ceil<std::chrono::microseconds>(end - services_.reactor.Now()),
        [this] { FinishIfOver(); });
    return;
  }
  over_ = true;
  if (!vanished_) {
    const auto resource = services_.registry.catalog().Find("", "v1", "pods");
    registry::DeleteOptions options;
    options.uid = uid_;
    options.grace_period_seconds = 0;
    (void)services_.registry.Delete({*resource, name_space_, name_}, options);
  }
  std::error_code error;
  fs::remove_all(folder_, error);
  services_.reactor.After(Millis(0),
                          [&services = services_, uid = uid_] { services.on_over(uid); });
}

void PodWorker::Publish() {
  if (suspended_ || vanished_) return;
  std::vector<ContainerView> views;
  for (const auto& container : containers_) views.push_back(container->View());
  const auto resource = services_.registry.catalog().Find("", "v1", "pods");
  registry::WriteOptions options;
  options.manager = "kubelet";
  options.subresource = "status";
  const auto written = services_.registry.Mutate(
      {*resource, name_space_, name_}, options, [&](const Json& current) -> object::Answer<Json> {
        if (object::Uid(current) != uid_) return object::NotFound(resource->Named(name_));
        Json next = current;
        next["status"] = MakePodStatus(current, object::Map(current, {"status"}), views,
                                       services_.registry.clock().UnixMillis());
        next["status"]["hostIP"] = "127.0.0.1";
        next["status"]["hostIPs"] = Json::array({{{"ip", "127.0.0.1"}}});
        next["status"]["podIP"] = ip_;
        next["status"]["podIPs"] = Json::array({{{"ip", ip_}}});
        if (Str(current, {"status", "startTime"}).empty()) {
          next["status"]["startTime"] = object::Timestamp(services_.registry.clock().UnixMillis());
        }
        return next;
      });
  if (written.ok()) pod_ = *written;
}

}  // namespace rha::local::kubelet
