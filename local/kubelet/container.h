// One container of a pod: its process, its probes, its restarts. Owned by the pod's worker; reactor
// thread only.
//
//   waiting ──Start──▶ starting ──status pipe closes──▶ running ──process ends──▶ ended ──┐
//      ▲                   └────────── error line ────────────────────────────────▶       │
//      └───────────────────── back-off is over (the worker decides) ──────────────────────┘
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/net/reactor.h"
#include "local/kubelet/backoff.h"
#include "local/kubelet/container_spec.h"
#include "local/kubelet/pod_status.h"
#include "local/kubelet/probe.h"
#include "local/kubelet/process.h"

namespace rha::local::kubelet {

class Container;

// What a container tells its pod's worker.
class ContainerOwner {
 public:
  virtual ~ContainerOwner() = default;
  virtual void OnChanged(Container& container) = 0;  // ready, started, running
  virtual void OnEnded(Container& container) = 0;
  virtual void OnEvent(bool warning, const std::string& reason, const std::string& message) = 0;
};

struct ContainerOptions {
  net::Reactor& reactor;
  const Clock& clock;
  ContainerOwner& owner;
  std::string program;
  std::string log_folder;
  int64_t backoff_max_ms = kBackoffMaxMillis;
};

class Container {
 public:
  enum class State { kWaiting, kStarting, kRunning, kEnded };

  Container(const ContainerOptions& options, nlohmann::json spec, bool init);
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const std::string& name() const { return name_; }
  const nlohmann::json& spec() const { return spec_; }
  bool init() const { return init_; }
  State state() const { return state_; }
  bool alive() const { return child_.pid_fd.valid(); }
  int exit_code() const { return exit_.code; }
  ContainerView View() const;

  // Continues after a restart of the kubelet, from the stored containerStatuses entry.
  void Restore(const nlohmann::json& stored);
  // A start that could not even be tried.
  void SetWaiting(const std::string& reason, const std::string& message);
  void Start(const nlohmann::json& run_spec, const std::string& pod_ip);
  // SIGTERM now, SIGKILL after the grace.
  void Stop(int64_t grace_ms);
  void Kill();
  // Milliseconds until the next start, by the rules of CrashLoopBackOff; counts the restart.
  int64_t PlanRestart();
  void TrimLog();
  // What container-exec needs to run a command in the running container.
  nlohmann::json ExecSpec(const nlohmann::json& argv) const;

 private:
  void OnStatusPipe();
  void OnExit();
  void BecomeRunning();
  void StartProbes();
  void StartReadiness();
  void AddProbe(const char* field, std::unique_ptr<Prober>& slot, Prober::Callback callback);
  void OnLiveness(ProbeCounter::Verdict verdict, const std::string& what,
                  const std::string& message);
  void Ended(const std::string& reason, const std::string& message);
  std::string LogPath() const;
  std::string LogTail() const;

  ContainerOptions options_;
  nlohmann::json spec_;
  std::string name_;
  bool init_;
  State state_ = State::kWaiting;
  std::string waiting_reason_, waiting_message_;
  nlohmann::json ended_, last_ended_;  // "terminated" entries of this run and the one before
  int64_t restarts_ = 0, started_ms_ = 0;
  bool ready_ = false, started_ = false, ever_ran_ = false;
  Exit exit_;
  Backoff backoff_;

  Child child_;
  std::string start_error_, pod_ip_;
  nlohmann::json run_spec_;
  net::IoWatch exit_watch_, status_watch_;
  net::TimerId kill_timer_ = 0;
  std::unique_ptr<Prober> liveness_, readiness_, startup_;
};

}  // namespace rha::local::kubelet
