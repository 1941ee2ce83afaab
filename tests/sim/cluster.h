// A simulated cluster: N pods, each a modelled node and a real Sentinel machine driven by this file
// the way the shell drives it, a network, a client that writes, the API server's labels, and the
// checkers.
//
//   cluster.cc   pods, clocks, events        data.cc   replication, the client, what may be lost
//   perform.cc   the machine's actions       watch.cc  labels, and what is watched all the time
//   outside.cc   who has no key, addresses, disks and clocks, and how many members there are
//   stopping.cc  pods that are told to stop
//   told.cc      writes that need copies, and what was told of them
//   handover.cc  a primary that hands its role over
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/prng.h"
#include "sidecar/core/sentinel.h"
#include "tests/sim/checkers.h"
#include "tests/sim/network.h"
#include "tests/sim/queue.h"
#include "tests/sim/sim_node.h"

namespace rha::sim {

inline constexpr const char* kGroupName = "demo";
// An attempt into a cut takes this long to fail, and the next one a moment.
inline constexpr Millis kRedialLimit{4000};
// The other end of a connection that a stranger has accepted.
inline constexpr int kStranger = -2;

// The id of a pod's sidecar, which it proves on every connection.
std::string MemberId(int pod);

// A fault of what stands around the machine, put back to see that it would be noticed.
enum class WorldFault : uint8_t {
  kNone,
  kStateBlanked,     // the driver
  kFlushBeforeLoad,  // the node
  kAnyEpochObeyed,   // the node
  kLabelNotTaken,    // the patcher of labels
  kProofSkipped,     // the dialer: whoever answers at a member's address is that member
  kVotesUnreserved,  // the state file: a full disk takes votes too
  kClockStops,       // the driver: its clock stands still while the machine sleeps
  kWallClock,        // the driver: it reads a clock that can be set
  kScaledAtOnce,     // the operator: voters come and go by twos
  kConnectedCommit,  // the node: of its copies only those connected must have a write
  kUnknownAnswered,  // the node: a write that it cannot tell any more is answered all the same
  kDirtyReads,       // the node: others read what is not yet in enough copies
  kActsAlone,        // the node: a replica expires or evicts by itself
};

struct ClusterOptions {
  int members = 3;
  int members_max = 0;  // what it may be scaled to; 0: it is not
  int quorum = 2;       // of the first number of members; a majority of any other
  Millis down_after{1000};
  uint64_t seed = 1;
  NetworkOptions network;
  double persist_failure = 0;
  Millis fsync_max{5};
  Disk disk = Disk::kLogAlways;
  Millis load_max{0};             // a restarted node loads its data up to this long
  Millis lag_max{0};              // a write reaches a replica after up to this long
  bool tells_data_epoch = true;   // the nodes, in INFO
  bool addresses_reused = false;  // by another RedisHA, once a pod has left them
  // `sentinel monitor` of pod-0 instead of a list of members: sidecars find each other by hellos,
  // nodes start in the role they had. `stock`: the nodes are Redis', which know no epochs, and no
  // sidecar speaks the extension.
  bool classic = false;
  bool stock = false;
  bool quorum_writes = false;  // redisha-durability quorum
  HandsOver moves = HandsOver::kNeither;
  WorldFault fault = WorldFault::kNone;
  // The resource says that this group has had data once (redisha-initialised).
  bool initialised = false;
  // Whoever is promoted must hold the newest copy in reach (data.cc), the primary has its label and
  // is not called down while it is well (watch.cc): where it can be said who is in reach of whom.
  bool judge_copies = true;
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
  int size() const { return members_; }

  // `load`: how long the node loads what its disk holds; nothing: drawn from the options.
  void StartNode(int pod, bool keep_data, std::optional<Millis> load = std::nullopt);
  void KillNode(int pod, bool power_loss = false);
  void PauseNode(int pod, bool pause);
  void StartSidecar(int pod, bool keep_state);
  void KillSidecar(int pod);
  void PauseSidecar(int pod, bool pause);
  // The pod is deleted, or its machine loses power, and it comes back at another address.
  void MovePod(int pod, bool power_loss = false);
  // The pod is told to stop; it is gone once neither its node nor its sidecar runs any more.
  void StopPod(int pod);
  // Its machine sleeps: processes stand still and packets are lost; only CLOCK_BOOTTIME goes on.
  void SleepMachine(int pod);
  void WakeMachine(int pod);
  // Nothing more can be written to the pod's volume, but for what was reserved.
  void FillDisk(int pod, bool full);
  // What the pod's sidecar writes does not reach the disk.
  void FailWrites(int pod, bool fail);
  // Somebody sets the clock of the pod's machine.
  void SetWallClock(int pod, Millis ahead) { pods_[pod].wall_ahead = ahead; }
  // Somebody who has no key answers at the pod's address instead of it, as long as he likes.
  void Impersonate(int pod, bool on);
  // Somebody without a key says something to the pod's sidecar (outside.cc).
  void StrangerSpeaks(int pod);
  // One voter more or less, as the operator does it: the list first, then the pod; or the pod
  // first, then the list. Sidecars read it when they see it, at most `within` later.
  void ScaleTo(int members, Millis within);
  void Partition(const std::vector<int>& island);
  // A firewall resets the connections of the other pods' sidecars to the pod's node, and refuses
  // new ones; also the stream to the node of `fenced` (-1: of nobody).
  void Firewall(int pod, bool on, int fenced = -1);
  // A firewall swallows what all sidecars send to the pod's node; streams pass.
  void Silence(int pod, bool on);
  // A script keeps the pod's node busy.
  void RunScript(int pod, bool on);
  void Cut(int from, int to);  // one way
  void HealNetwork();
  // Nothing is cut off, paused or dead any more; disks and memories are what they were.
  void Mend();
  void StartWriting(Millis period);
  void StopWriting() { writing_ = false; }
  void SendCommand(int pod, sidecar::core::CommandReceived command);
  void set_persist_failure(double probability) { options_.persist_failure = probability; }
  const ClusterOptions& options() const { return options_; }

  // ---- what a checker or a scenario asks -------------------------------------------------------
  const SimNode& node(int pod) const { return *pods_[pod].node; }
  // What the pod's node had acknowledged when it ended as it was told to; nothing: as a replica.
  Position stopped_with(int pod) const { return pods_[pod].stopped_with; }
  // What the last primary held when it was told to lead no more.
  Position deposed_with() const { return deposed_with_; }
  bool sidecar_alive(int pod) const { return pods_[pod].machine != nullptr; }
  const sidecar::core::Sentinel* machine(int pod) const { return pods_[pod].machine.get(); }
  LogicalTime ClockOf(int pod) const { return queue_.now() + Ahead(pod); }
  // The one primary every living sidecar names and every node follows; nothing: no agreement.
  std::optional<int> AgreedPrimary() const;
  std::string Disagreement() const;
  int FirstPrimary() const;  // some living primary; -1: none
  LogicalTime last_write() const { return last_write_; }
  int acknowledged() const { return writes_; }
  // Who led last, whatever state it is in; -1: nobody yet.
  int last_leader() const { return last_leader_; }
  int CountEvents(const std::string& channel) const;
  bool Holds(int pod, Position part) const {
    return histories_.Holds(pods_[pod].node->copy().position, part);
  }
  // Writes every node held at once and that the final primary must therefore have.
  void CheckNothingLost();

  void Note(const std::string& line) { Trace(line); }
  // Called with one line per noteworthy thing; set by --trace and by scenarios.
  std::function<void(const std::string&)> trace;

 private:
  void Trace(const std::string& line) {
    if (trace) TraceLine(line);
  }
  void TraceLine(const std::string& line);
  struct Conn {
    uint64_t generation = 0;
    bool up = false;
    int host = -1;
    uint64_t life = 0;  // of the process at the other end: a connection never reaches a later one
    std::string ip;     // whose kernel says so, as long as that is the pod's
    LogicalTime last_there{};  // when the newest of what was sent arrives
    LogicalTime last_back{};
    std::vector<Task> held;  // behind a PUBLISH that waits as writes do
  };
  // Whom a Reply of the machine is for, and what becomes of it there.
  struct Asker {
    int pod = -1;
    uint64_t life = 0;
    sidecar::core::PeerId peer = sidecar::core::kNoPeer;  // how the asker calls this sidecar
    std::string group;
    bool vote = false;
  };
  struct Pod {
    std::unique_ptr<SimNode> node;
    std::unique_ptr<sidecar::core::Sentinel> machine;
    std::optional<sidecar::core::PersistedState> disk;
    LogicalTime disk_busy_until{};
    bool disk_fails = false;
    uint64_t life = 0;  // of the machine: events for an earlier one are dropped
    uint64_t node_life = 0;
    bool firewall = false;  // before its node
    bool silenced = false;  // ... that swallows
    bool paused = false;
    std::vector<sidecar::core::Event> queued;
    std::vector<Task> node_queued;
    int ip_generation = 0;
    std::string ip;
    Millis clock_ahead{0};  // of the machine's clock: no two are alike
    Millis wall_ahead{0};   // of the clock that can be set
    LogicalTime asleep_since{};
    LogicalTime stopped_at{};
    Position stopped_with;  // its node, if it was primary then
    int voters = 0;         // in the list that its sidecar has read
    LogicalTime tick_at = LogicalTime::max();
    sidecar::core::Role label = sidecar::core::Role::kUnknown;  // as the API server has it
    uint64_t label_epoch = 0;  // in which it was given as the primary's
    uint64_t label_wish = 0;
    std::pair<sidecar::core::Role, uint64_t> told;  // what the sidecar last wished
    LogicalTime labelled_at{};
    LogicalTime old_primary_since = LogicalTime::max();
    int heals_seen = 0;
    LogicalTime alone_since{};  // without packets from a majority of sidecars that run
    bool named_alone = false;   // named a primary then; said once
    LogicalTime disturbed{};    // last time anything was done to this pod
    std::map<sidecar::core::NodeId, Conn> nodes;
    std::map<sidecar::core::PeerId, Conn> peers;
    std::map<sidecar::core::RequestId, Asker> askers;
    std::multimap<uint64_t, sidecar::core::Reply> held;  // by the Persist they wait for
  };

  void Deliver(int pod, sidecar::core::Event event);
  void StepMachine(int pod, const sidecar::core::Event& event);
  void ArmTick(int pod);
  void Speaks();
  Millis Ahead(int pod) const;
  void MakeStranger();
  void Resume(int pod, bool timer_first);
  void Disturb(int pod) { pods_[pod].disturbed = queue_.now(); }
  const std::string& Ip(int pod) const { return pods_[pod].ip; }
  void SetIp(int pod);
  int HostOfIp(const std::string& ip) const;
  sidecar::core::Config MakeConfig(int pod) const;
  // Runs at the node when it is not paused.
  void AtNode(int host, uint64_t node_life, Task work);
  // When a message arrives that takes so long: a connection keeps its order, except for what a cut
  // swallowed.
  LogicalTime InOrder(LogicalTime& newest, Millis transit) const;
  // What arrived at a pod for a process that has ended is answered by the end of the stream.
  template <typename Id>
  void Refuse(int pod, Id id, std::map<Id, Conn> Pod::*links, uint64_t generation);
  template <typename Id>
  void LinkClosed(int pod, Id id, std::map<Id, Conn> Pod::*links, uint64_t generation);
  template <typename Id>
  void CloseLinks(int host, std::map<Id, Conn> Pod::*links);

  // Stopping (stopping.cc).
  bool FollowersHaveAll(const SimNode& node) const;
  void PollNodeStop(int pod, uint64_t life);
  void PollSidecarStop(int pod, uint64_t life);

  // Watching (watch.cc).
  // Links that were being dialled when a cut healed are there again.
  bool Redialled() const { return queue_.now() - network_.healed_at() > kRedialLimit; }
  void Watch();
  void WatchMinority();
  void WatchNames();
  void WatchLabels();
  void WatchOldPrimaries();
  bool HearsWell(int pod) const;
  void CheckWaking(int pod);
  void CheckLabelWish(int pod, uint64_t epoch);
  // An order to lead is so young that another leader's may be on its way.
  bool OrdersMayCross() const;
  void CheckSeenWell(const sidecar::core::Failover& failover);
  bool Alone(int pod) const;
  void CheckOrder(int pod, bool leads);
  void CheckFalseAlarm(int pod);
  void CheckStaleOrder(const SimNode& node, const std::string& primary, uint64_t obeyed);
  void TellPod(int pod);
  void Patch(int pod, sidecar::core::Role role, uint64_t epoch);

  // Data (data.cc).
  void Replicate();
  void FeedFollowers(const SimNode& from);
  void TakeArrived(int pod);
  void Write();
  void WriteAt(SimNode& node);
  void NoteCommonWrites();
  void OnPromotion(int leader, SimNode& promoted);
  void CheckNotEmpty(const SimNode& promoted);
  void CheckInStep(int leader, const SimNode& promoted);
  // Writes that need copies (told.cc).
  void Acknowledge(int pod);
  void Tell(SimNode& primary);
  void NoteTold(Position told);
  void OnDeposed(SimNode& primary);
  void CheckTold(const SimNode& promoted);
  bool Overlooked(int leader, const SimNode& promoted, int other) const;
  // Handing over (handover.cc).
  std::optional<sidecar::core::Event> TakeRequest(int pod, SimNode& node,
                                                  const sidecar::core::AskToHandOver& request,
                                                  uint64_t epoch);
  void BeginHandover(SimNode& node, const sidecar::core::AskToHandOver& request, uint64_t epoch);
  void StepHandover(SimNode& node);
  void GiveUpHandover(SimNode& node);
  void ReleaseHeld(int host);

  // Performing actions (perform.cc).
  void Perform(int pod, sidecar::core::Action& action);
  std::string ReplicaLines(const SimNode& primary) const;
  bool PerformOnNode(int pod, sidecar::core::Action& action);
  bool PerformOnPeer(int pod, sidecar::core::Action& action);
  void PerformOnSelf(int pod, sidecar::core::Action& action);
  void Dial(int pod, sidecar::core::NodeId id, const sidecar::core::Address& address, bool local);
  template <typename Id>
  void DialStranger(int pod, Id id, std::map<Id, Conn> Pod::*links);
  void DialPeer(int pod, sidecar::core::PeerId id, const sidecar::core::Address& address);
  // A request over a node link: `work` at the node gives the answer's event, or nothing.
  template <typename Work>
  void ToNode(int pod, sidecar::core::NodeId id, Work work, bool publish = false);
  template <typename Work>
  void ToPeer(int pod, sidecar::core::PeerId id, Work deliver);
  bool Refuses(int host, int dialer) const {
    return !pods_[host].node->alive() || (pods_[host].firewall && host != dialer);
  }
  // Who answers there is of another RedisHA, or of none.
  bool StrangerAt(const std::string& ip) const { return strangers_.count(ip) > 0; }
  template <typename Work>
  void ToStranger(int pod, sidecar::core::NodeId id, Work work);
  void Answer(int pod, const sidecar::core::Reply& reply);
  void Reconfigure(int pod, const sidecar::core::Reconfigure& action);
  void Observe(int pod, const sidecar::core::Action& action);

  ClusterOptions options_;
  Queue queue_;
  Prng prng_;
  Network network_;
  Checkers checkers_;
  Histories histories_;
  std::vector<Pod> pods_;
  int members_ = 0;  // pods that there should be, the first ones
  int voters_ = 0;   // in the newest list
  std::unique_ptr<SimNode> stranger_;
  std::set<std::string> strangers_;  // where it answers
  uint64_t unique_ = 1;
  uint64_t next_request_ = 1;
  uint64_t newest_reign_ = 0;
  int last_leader_ = -1;
  std::map<std::string, int> event_counts_;
  bool writing_ = false;
  Millis write_period_{10};
  int writes_ = 0;
  LogicalTime last_write_{};
  LogicalTime last_promotion_{};
  LogicalTime labels_wrong_since_{};
  LogicalTime names_differ_since_{};
  Position common_;  // held by all nodes at once
  Position deposed_with_;
  Position told_;  // with quorum_writes: what somebody was told, as a writer or a reader
};

}  // namespace rha::sim
