#include "local/kubelet/kubelet.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/base/random_id.h"
#include "local/kubelet/container_init.h"
#include "local/kubelet/hosts.h"
#include "local/object/json.h"

namespace rha::local::kubelet {

using object::Json;
using object::Str;

namespace {
constexpr Millis kWatchPoll(500);
constexpr int kCheckSecondsMax = 10;
}  // namespace

Status CheckIsolation(const KubeletConfig& config) {
  const std::string folder = config.pods_folder + "/.check";
  std::error_code error;
  std::filesystem::create_directories(folder + "/etc", error);
  for (const char* name : {"hosts", "resolv.conf", "hostname"})
    std::ofstream(folder + "/etc/" + name);
  const Json spec{{"argv", {"true"}},
                  {"env", {"PATH=/usr/bin:/bin"}},
                  {"root", folder + "/root"},
                  {"etc", folder + "/etc"},
                  {"binaries", config.binaries},
                  {"hostname", "check"},
                  {"isolated", true},
                  {"cwd", "/"}};
  RHA_ASSIGN_OR_RETURN(const Child child,
                       Spawn({config.program, kContainerInitVerb, spec, -1, true}));
  pollfd ended{child.pid_fd.get(), POLLIN, 0};
  if (::poll(&ended, 1, kCheckSecondsMax * 1000) != 1) Signal(child, SIGKILL);
  const Exit exit = Reap(child);
  char message[512];
  const ssize_t count = ::read(child.status_fd.get(), message, sizeof message - 1);
  std::filesystem::remove_all(folder, error);
  if (exit.code == 0) return Status::Ok();
  const std::string why = count > 0 ? std::string(message, static_cast<size_t>(count - 1))
                                    : "exit code " + std::to_string(exit.code);
  return Status(Code::kDenied, why);
}

Kubelet::Kubelet(registry::Registry& registry, KubeletConfig config)
    : registry_(registry),
      config_(std::move(config)),
      events_(registry, "kubelet"),
      ips_(RandomSeed()),
      services_{reactor_, registry_, events_, ips_, config_, {}, {}} {
  services_.hosts = [this](const std::string& name_space) {
    return HostsText(registry_.store().List("services").objects,
                     registry_.store().List("pods").objects, name_space);
  };
  services_.on_over = [this](const std::string& uid) { workers_.erase(uid); };
}

Kubelet::~Kubelet() { Stop(); }

void Kubelet::Start() {
  // Children die with the thread that starts them: all is done on the reactor's.
  reactor_thread_ = std::thread([this] {
    reactor_.Every(Millis(kLogCheckMillis), [this] {
      for (const auto& [uid, worker] : workers_) worker->TrimLogs();
    });
    reactor_.Run();
    workers_.clear();
  });
  watch_thread_ = std::thread([this] { WatchLoop(); });
}

void Kubelet::Stop() {
  if (stopping_.exchange(true)) return;
  if (watch_thread_.joinable()) watch_thread_.join();
  if (!reactor_thread_.joinable()) return;
  reactor_.Post([this] { BeginStop(); });
  reactor_thread_.join();
}

Result<Json> Kubelet::ExecSpec(const std::string& pod_uid, const std::string& container,
                               const Json& argv) {
  const auto answer = std::make_shared<std::promise<Result<Json>>>();
  auto future = answer->get_future();
  reactor_.Post([this, answer, pod_uid, container, argv] {
    const auto worker = workers_.find(pod_uid);
    answer->set_value(worker == workers_.end() ? Status(Code::kUnavailable, "the pod does not run")
                                               : worker->second->ExecSpec(container, argv));
  });
  if (future.wait_for(std::chrono::seconds(kExecAnswerSecondsMax)) != std::future_status::ready) {
    return Status(Code::kUnavailable, "the kubelet does not answer");
  }
  return future.get();
}

void Kubelet::BeginStop() {
  kill_at_ = reactor_.Now() + Millis(kStopGraceMillis);
  for (const auto& [uid, worker] : workers_) worker->Suspend(kStopGraceMillis);
  reactor_.Every(Millis(20), [this] { ContinueStop(); });
}

void Kubelet::ContinueStop() {
  bool alive = false;
  for (const auto& [uid, worker] : workers_) alive = alive || worker->AnyAlive();
  if (!alive) return reactor_.Stop();
  if (reactor_.Now() < kill_at_ || stop_killed_) return;
  stop_killed_ = true;
  for (const auto& [uid, worker] : workers_) worker->KillAll();
}

void Kubelet::Seed() {
  for (const auto& pod : registry_.store().List("pods").objects) OnPod(pod, false);
  ScheduleHosts();
}

void Kubelet::WatchLoop() {
  uint64_t version = registry_.store().Version();
  reactor_.Post([this] { Seed(); });
  while (!stopping_) {
    auto batch = registry_.store().Wait("", version, kWatchPoll);
    if (!batch.ok()) {
      version = registry_.store().Version();
      reactor_.Post([this] { Seed(); });
      continue;
    }
    version = batch->version;
    if (batch->events.empty()) continue;
    reactor_.Post([this, events = std::move(batch->events)] {
      for (const auto& event : events) OnEvent(event);
    });
  }
}

void Kubelet::OnEvent(const store::Event& event) {
  const std::string& id = event.key.resource;
  if (id == "pods") OnPod(event.object, event.change == store::Change::kDeleted);
  if (id == "pods" || id == "services") ScheduleHosts();
  if (id == "configmaps" || id == "secrets" || id == "persistentvolumeclaims") {
    for (const auto& [uid, worker] : workers_) {
      if (worker->name_space() == event.key.name_space) worker->RefreshVolumes();
    }
  }
}

void Kubelet::OnPod(const store::Object& pod, bool deleted) {
  const auto worker = workers_.find(object::Uid(*pod));
  if (worker != workers_.end()) {
    if (deleted) {
      worker->second->Vanish();
    } else {
      worker->second->Update(pod);
    }
    return;
  }
  if (deleted || Str(*pod, {"spec", "nodeName"}).empty()) return;
  // Events may be older than what the store has by now.
  const store::Object now =
      registry_.store().Get({"pods", object::Namespace(*pod), object::Name(*pod)});
  if (now == nullptr || object::Uid(*now) != object::Uid(*pod)) return;
  workers_[object::Uid(*pod)] = std::make_unique<PodWorker>(services_, now);
}

void Kubelet::ScheduleHosts() {
  if (hosts_timer_ != 0) return;
  hosts_timer_ = reactor_.After(Millis(kHostsDelayMillis), [this] { WriteHosts(); });
}

void Kubelet::WriteHosts() {
  hosts_timer_ = 0;
  for (const auto& [uid, worker] : workers_) worker->RefreshHosts();
}

}  // namespace rha::local::kubelet
