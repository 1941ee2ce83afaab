// A simulated cluster: N pods, each a modelled node and a real Sentinel machine driven by this file
// the way the shell drives it, a network, a client that writes, and the checkers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/prng.h"
#include "sidecar/core/sentinel.h"
#include "tests/sim/checkers.h"
#include "tests/sim/network.h"
#include "tests/sim/queue.h"
#include "tests/sim/sim_node.h"

namespace rha::sim {

struct ClusterOptions {
  int members = 3;
  int quorum = 2;
  Millis down_after{1000};
  uint64_t seed = 1;
  NetworkOptions network;
  double persist_failure = 0;
  Millis fsync_max{5};
};

class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options);

  // ---- the world -------------------------------------------------------------------------------
  void Run(Millis period) { queue_.RunUntil(queue_.now() + period); }
  LogicalTime now() const { return queue_.now(); }
  Queue& queue() { return queue_; }
  Network& network() { return network_; }
  Prng& prng() { return prng_; }
  Checkers& checkers() { return checkers_; }
  int size() const { return static_cast<int>(pods_.size()); }

  void StartNode(int pod, bool keep_data);
  void KillNode(int pod);
  void PauseNode(int pod, bool pause);
  void StartSidecar(int pod, bool keep_state);
  void KillSidecar(int pod);
  void PauseSidecar(int pod, bool pause);
  // The pod is deleted and comes back at another address.
  void MovePod(int pod);
  void Partition(const std::vector<int>& island);
  void StartWriting(Millis period);
  void StopWriting() { writing_ = false; }
  void SendCommand(int pod, sidecar::core::CommandReceived command);
  void set_persist_failure(double probability) { options_.persist_failure = probability; }

  // ---- what a checker or a scenario asks
  // ----------------------------------------------------------
  const SimNode& node(int pod) const { return *pods_[pod].node; }
  bool sidecar_alive(int pod) const { return pods_[pod].machine != nullptr; }
  const sidecar::core::Sentinel* machine(int pod) const { return pods_[pod].machine.get(); }
  // The one primary every living sidecar names and every node follows; nothing: no agreement.
  std::optional<int> AgreedPrimary() const;
  std::string Disagreement() const;
  int FirstPrimary() const;  // some living primary; -1: none
  LogicalTime last_write() const { return last_write_; }
  int acknowledged() const { return next_write_; }
  int CountEvents(const std::string& channel) const;
  // Writes every node held at once and that the final primary must therefore have.
  void CheckNothingLost();

  void Note(const std::string& line) { Trace(line); }
  // Called with one line per noteworthy thing; set by --trace and by scenarios.
  std::function<void(const std::string&)> trace;

 private:
  void Trace(const std::string& line);
  struct Pod {
    std::unique_ptr<SimNode> node;
    std::unique_ptr<sidecar::core::Sentinel> machine;
    std::optional<sidecar::core::PersistedState> disk;
    uint64_t life = 0;  // of the machine: events for an earlier one are dropped
    uint64_t node_life = 0;
    bool paused = false;
    std::vector<sidecar::core::Event> queued;
    std::vector<std::function<void()>> node_queued;
    int ip_generation = 0;
    LogicalTime tick_at = LogicalTime::max();
    struct Conn {
      uint64_t generation = 0;
      bool up = false;
      int host = -1;
      uint64_t life = 0;  // of the process at the other end: a connection never reaches a later one
    };
    std::map<sidecar::core::NodeId, Conn> nodes;
    std::map<sidecar::core::PeerId, Conn> peers;
    std::map<sidecar::core::RequestId, std::function<void(const sidecar::core::Reply&)>> replies;
  };
  friend struct Performer;

  void Deliver(int pod, const sidecar::core::Event& event);
  void StepMachine(int pod, const sidecar::core::Event& event);
  void ArmTick(int pod);
  std::string Ip(int pod) const;
  int HostOfIp(const std::string& ip) const;
  sidecar::core::Config MakeConfig(int pod) const;
  // Runs at the node when it is not paused.
  void AtNode(int host, uint64_t node_life, std::function<void()> work);
  void CloseNodeLinks(int host);
  void ClosePeerLinks(int host);
  void Replicate();
  void Write();
  void NoteCommonWrites();
  void CheckNotEmpty(const SimNode& promoted);

  // Performing actions (perform.cc).
  void Perform(int pod, const sidecar::core::Action& action);
  void PerformOnNode(int pod, const sidecar::core::Action& action);
  void PerformOnPeer(int pod, const sidecar::core::Action& action);
  void PerformOnSelf(int pod, const sidecar::core::Action& action);
  void Dial(int pod, sidecar::core::NodeId id, const sidecar::core::Address& address, bool local);
  void DialPeer(int pod, sidecar::core::PeerId id, const sidecar::core::Address& address);
  void ToNode(int pod, sidecar::core::NodeId id, std::function<void(SimNode&)> work,
              std::function<sidecar::core::Event(SimNode&)> answer);
  void ToPeer(int pod, sidecar::core::PeerId id, std::function<void(int host)> deliver);
  void Request(int from, int to, std::function<sidecar::core::Event(uint64_t)> make,
               std::function<void(const sidecar::core::Reply&)> on_reply);
  void Observe(int pod, const sidecar::core::Action& action);

  ClusterOptions options_;
  Queue queue_;
  Prng prng_;
  Network network_;
  Checkers checkers_;
  std::vector<Pod> pods_;
  uint64_t unique_ = 1;
  uint64_t next_request_ = 1;
  std::map<std::string, int> event_counts_;
  bool writing_ = false;
  Millis write_period_{10};
  uint32_t next_write_ = 0;
  LogicalTime last_write_{};
  size_t common_prefix_ = 0;
  std::vector<uint32_t> common_writes_;  // held by all nodes at once
  uint64_t data_losses_ = 0;
};

}  // namespace rha::sim
