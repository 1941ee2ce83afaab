// One pod on this machine, from its volumes to the deletion of its object. Reactor thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "local/controllers/events.h"
#include "local/kubelet/container.h"
#include "local/kubelet/ip_pool.h"
#include "local/kubelet/pod_inputs.h"
#include "local/registry/registry.h"

namespace rha::local::kubelet {

struct KubeletConfig {
  std::string program;        // this binary
  std::string binaries;       // what containers see as /usr/local/bin
  std::string pods_folder;    // one folder for each pod, by uid
  std::string claims_folder;  // one for each claim; these outlive pods
  std::string api_host, api_port;
  int64_t backoff_max_ms = kBackoffMaxMillis;
  bool isolated = true;  // containers have mounts of their own; else see path_map.h
  // The token of a service account.
  std::function<std::string(const std::string& name_space, const std::string& name)> token;
};

// What all workers share. Outlives them.
struct PodServices {
  net::Reactor& reactor;
  registry::Registry& registry;
  controllers::Recorder& events;
  IpPool& ips;
  const KubeletConfig& config;
  std::function<std::string(const std::string& name_space)> hosts;
  std::function<void(const std::string& uid)> on_over;  // the worker may be dropped
};

class PodWorker final : public ContainerOwner {
 public:
  PodWorker(PodServices& services, store::Object pod);
  ~PodWorker() override;

  const std::string& name_space() const { return name_space_; }
  // The object has changed; a deletion mark starts the termination.
  void Update(store::Object pod);
  // The object is gone: whatever runs is killed.
  void Vanish();
  // ConfigMaps or Secrets of the namespace have changed.
  void RefreshVolumes();
  void RefreshHosts();
  void TrimLogs();
  // The cluster goes down: containers end, the object stays for the next start.
  void Suspend(int64_t grace_ms);
  void KillAll();
  bool AnyAlive() const;
  // kUnavailable: that container does not run.
  Result<nlohmann::json> ExecSpec(const std::string& container, const nlohmann::json& argv) const;

 private:
  void OnChanged(Container& container) override;
  void OnEnded(Container& container) override;
  void OnEvent(bool warning, const std::string& reason, const std::string& message) override;

  void Begin();
  bool TakeIp();
  void Setup();
  void RunNext();
  void Run(Container& container);
  void Restart(Container& container);
  bool WantsRestart(const Container& container) const;
  void Terminate();
  void FinishIfOver();
  void Publish();
  PodInputs InputsOf() const;
  Status WriteEtc(const std::string& file, const std::string& text);
  bool Stopping() const { return terminating_ || vanished_ || suspended_; }

  PodServices& services_;
  store::Object pod_;
  const std::string uid_, name_, name_space_, folder_;
  std::string ip_;
  std::map<std::string, std::string> volumes_;
  std::vector<std::unique_ptr<Container>> containers_;  // init containers first
  std::map<std::string, net::TimerId> restart_timers_;
  net::TimerId setup_timer_ = 0, linger_timer_ = 0;
  MonoTime terminating_since_{};
  bool ready_to_run_ = false, terminating_ = false, vanished_ = false, suspended_ = false;
  bool over_ = false;
  int64_t grace_ms_ = 0;
};

}  // namespace rha::local::kubelet
