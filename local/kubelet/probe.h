// One probe of a container: runs it each period and counts results against the thresholds.
// Belongs to the reactor's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/net/reactor.h"
#include "common/net/socket.h"
#include "local/kubelet/process.h"

namespace rha::local::kubelet {

struct ProbeSpec {
  enum class Kind { kHttp, kTcp, kExec };
  Kind kind = Kind::kTcp;
  net::Endpoint to;
  std::string path, headers;  // of kHttp
  int64_t initial_delay_ms = 0, period_ms = 10'000, timeout_ms = 1'000;
  int success_threshold = 1, failure_threshold = 3;
};

// Turns single results into a verdict that changes only at the thresholds. Pure.
class ProbeCounter {
 public:
  ProbeCounter(int success_threshold, int failure_threshold)
      : success_threshold_(success_threshold), failure_threshold_(failure_threshold) {}
  enum class Verdict { kNone, kGood, kBad };  // kNone: nothing is decided by this result
  Verdict Count(bool success) {
    run_ = success == last_ ? run_ + 1 : 1;
    last_ = success;
    if (run_ < (success ? success_threshold_ : failure_threshold_)) return Verdict::kNone;
    return success ? Verdict::kGood : Verdict::kBad;
  }

 private:
  int success_threshold_, failure_threshold_;
  bool last_ = false;
  int run_ = 0;
};

class Prober {
 public:
  struct Target {
    net::Reactor& reactor;
    std::string program;       // for exec probes
    nlohmann::json exec_spec;  // Container::ExecSpec
  };
  // `success`: the single result; `verdict` what the thresholds make of it.
  using Callback =
      std::function<void(bool success, ProbeCounter::Verdict verdict, const std::string& message)>;

  Prober(Target target, ProbeSpec spec, Callback callback);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

 private:
  void Begin();
  void BeginConnect();
  void BeginExec();
  void OnSocket(uint32_t events);
  void OnExit();
  void ReadAnswer();
  void Finish(bool success, const std::string& message);

  Target target_;
  ProbeSpec spec_;
  Callback callback_;
  ProbeCounter counter_;
  net::TimerId next_timer_ = 0, timeout_timer_ = 0;
  UniqueFd socket_;
  bool connected_ = false;
  std::string answer_;
  Child child_;
  net::IoWatch socket_watch_, exit_watch_;
};

// The probe of a container's spec ("readinessProbe"…), for a pod at `ip`; ports may be named.
ProbeSpec MakeProbeSpec(const nlohmann::json& container, const nlohmann::json& probe,
                        const std::string& ip);

}  // namespace rha::local::kubelet
