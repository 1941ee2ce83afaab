// The kubelet: a thread that watches pods and runs a worker for each one bound to this node.
// Start, Stop and the destructor belong to one thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "local/kubelet/pod_worker.h"

namespace rha::local::kubelet {

// Starts `true` in a container; kDenied with the reason when this machine does not allow it.
Status CheckIsolation(const KubeletConfig& config);

class Kubelet {
 public:
  Kubelet(registry::Registry& registry, KubeletConfig config);
  ~Kubelet();

  void Start();
  // Ends every container: SIGTERM, after kStopGraceMillis SIGKILL. Pods stay for the next start.
  void Stop();
  // What StartExec needs to run a command in that container. Any thread but the kubelet's own.
  Result<nlohmann::json> ExecSpec(const std::string& pod_uid, const std::string& container,
                                  const nlohmann::json& argv);

 private:
  void WatchLoop();
  void Seed();
  void OnEvent(const store::Event& event);
  void OnPod(const store::Object& pod, bool deleted);
  void ScheduleHosts();
  void WriteHosts();
  void BeginStop();
  void ContinueStop();

  registry::Registry& registry_;
  KubeletConfig config_;
  controllers::Recorder events_;
  IpPool ips_;
  net::Reactor reactor_;
  PodServices services_;
  std::map<std::string, std::unique_ptr<PodWorker>> workers_;  // by uid; reactor thread
  net::TimerId hosts_timer_ = 0;
  MonoTime kill_at_;
  bool stop_killed_ = false;
  std::atomic<bool> stopping_{false};
  std::thread watch_thread_, reactor_thread_;
};

}  // namespace rha::local::kubelet
