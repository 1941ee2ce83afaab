#include "tests/sim/cluster.h"

#include <algorithm>
#include <set>

namespace rha::sim {

using sidecar::core::Action;
using sidecar::core::Actions;
using sidecar::core::CommandReceived;
using sidecar::core::Config;
using sidecar::core::Event;
using sidecar::core::GroupConfig;
using sidecar::core::Persist;
using sidecar::core::Reply;
using sidecar::core::Sentinel;
using sidecar::core::Tick;

namespace {
constexpr uint16_t kNodePort = 6379;
constexpr Millis kClassicFailoverTimeout{3000};
}  // namespace

std::string MemberId(int pod) {
  const std::string digits = std::to_string(pod);
  return std::string(40 - digits.size(), '0') + digits;
}

Cluster::Cluster(const ClusterOptions& options)
    : options_(options), prng_(options.seed), network_(queue_, prng_, options.network) {
  pods_.resize(std::max(options.members, options.members_max));
  members_ = voters_ = options.members;
  for (int i = 0; i < static_cast<int>(pods_.size()); ++i) {
    pods_[i].clock_ahead = std::chrono::minutes(97 * i);
    pods_[i].node = std::make_unique<SimNode>(i, histories_, options.disk);
    // SLAVEOF, the order of a group that is no RedisHA's, names no epoch.
    pods_[i].node->obeys_any_epoch =
        options.classic || options_.fault == WorldFault::kAnyEpochObeyed;
    pods_[i].node->tells_epochs = !options.stock;
    pods_[i].node->tells_seconds = options.stock;
    pods_[i].node->moves = options.moves;
    pods_[i].node->tells_data_epoch = options.tells_data_epoch;
    pods_[i].node->flushes_before_load = options.fault == WorldFault::kFlushBeforeLoad;
    pods_[i].node->counts_connected = options.fault == WorldFault::kConnectedCommit;
    SetIp(i);
    if (options.classic) pods_[i].node->KeepRole(Ip(0));
  }
  checkers_.on_failure = [this](const std::string& what) { Trace("FAILED " + what); };
  if (options.fault == WorldFault::kProofSkipped) MakeStranger();
  Replicate();
  Watch();
}

void Cluster::TraceLine(const std::string& line) {
  const auto ms = queue_.now().time_since_epoch().count() - 1000000;
  trace(std::to_string(ms) + " " + line);
}

int Cluster::CountEvents(const std::string& channel) const {
  auto it = event_counts_.find(channel);
  return it == event_counts_.end() ? 0 : it->second;
}

// ---- pods --------------------------------------------------------------------------------------

void Cluster::SetIp(int pod) {
  pods_[pod].ip =
      "10." + std::to_string(pods_[pod].ip_generation) + ".0." + std::to_string(pod + 1);
}

int Cluster::HostOfIp(const std::string& ip) const {
  for (int i = 0; i < size(); ++i) {
    if (Ip(i) == ip) return i;
  }
  return -1;
}

Config Cluster::MakeConfig(int pod) const {
  const int voters = pods_[pod].voters;
  GroupConfig group;
  group.name = kGroupName;
  group.quorum = voters == options_.members ? options_.quorum : voters / 2 + 1;
  group.down_after = options_.down_after;
  group.initialised = options_.initialised;
  if (options_.quorum_writes) group.durability = sidecar::core::Durability::kQuorum;
  if (options_.classic) group.primary = {Ip(0), kNodePort};
  if (options_.classic) group.failover_timeout = kClassicFailoverTimeout;
  for (int i = 0; i < voters && !options_.classic; ++i) {
    const std::string name = "pod-" + std::to_string(i);
    group.members.push_back({.name = name, .host = name + ".pods", .id = MemberId(i)});
  }
  return Config{.my_id = MemberId(pod),
                .announce = {Ip(pod), 26379},
                .self = options_.classic ? "" : "pod-" + std::to_string(pod),
                .seed = options_.seed * 100 + pod + unique_,
                .groups = {group},
                .persisted = pods_[pod].disk};
}

void Cluster::StartNode(int pod, bool keep_data, std::optional<Millis> load) {
  Pod& p = pods_[pod];
  if (p.node->alive()) return;
  if (!load) load = Millis{prng_.Between(0, options_.load_max.count())};
  p.node->Start(keep_data, unique_++, queue_.now(), *load);
  ++p.node_life;
  p.node_queued.clear();
  Disturb(pod);
  const bool all_empty = std::all_of(pods_.begin(), pods_.end(), [](const Pod& other) {
    return other.node->copy().position.empty();
  });
  if (all_empty) common_ = {};
  Trace("node pod-" + std::to_string(pod) + (keep_data ? " starts" : " starts empty"));
}

void Cluster::Mend() {
  HealNetwork();
  for (int i = 0; i < size(); ++i) {
    PauseNode(i, false);
    PauseSidecar(i, false);
    StartNode(i, true);
    StartSidecar(i, true);
  }
}

void Cluster::KillNode(int pod, bool power_loss) {
  if (!pods_[pod].node->alive()) return;
  pods_[pod].node->Kill(power_loss);
  ++pods_[pod].node_life;
  Disturb(pod);
  Trace("node pod-" + std::to_string(pod) + (power_loss ? " loses power" : " dies"));
  if (!power_loss) CloseLinks(pod, &Pod::nodes);
}

void Cluster::PauseNode(int pod, bool pause) {
  Pod& p = pods_[pod];
  if (p.node->paused == pause || !p.node->alive()) return;
  p.node->paused = pause;
  Disturb(pod);
  Trace("node pod-" + std::to_string(pod) + (pause ? " stops" : " continues"));
  if (pause) return;
  auto work = std::move(p.node_queued);
  p.node_queued.clear();
  for (Task& item : work) item();
}

void Cluster::RunScript(int pod, bool on) {
  pods_[pod].node->busy = on;
  Trace("a script " + std::string(on ? "begins" : "ends") + " at the node of pod-" +
        std::to_string(pod));
}

// As Driver::Start: the state is written before the first step, to know that it can be.
void Cluster::StartSidecar(int pod, bool keep_state) {
  Pod& p = pods_[pod];
  if (p.machine) return;
  if (!keep_state) {
    p.disk.reset();
    checkers_.OnMemoryLost(pod, MemberId(pod));
  }
  ++unique_;
  p.voters = voters_;
  p.machine = std::make_unique<Sentinel>(MakeConfig(pod), ClockOf(pod));
  p.disk = p.machine->Snapshot();
  if (options_.fault == WorldFault::kStateBlanked) p.disk.emplace();
  ++p.life;
  p.paused = false;
  p.told = {};
  p.queued.clear();
  p.tick_at = LogicalTime::max();
  Disturb(pod);
  Trace("sidecar pod-" + std::to_string(pod) + (keep_state ? " starts" : " starts without memory"));
  Speaks();
  Deliver(pod, Tick{});
}

// A sidecar runs, perhaps for a moment only: nobody is alone from here on.
void Cluster::Speaks() {
  for (Pod& p : pods_) p.alone_since = queue_.now();
}

void Cluster::KillSidecar(int pod) {
  Pod& p = pods_[pod];
  if (!p.machine) return;
  p.machine.reset();
  ++p.life;
  p.nodes.clear();
  p.peers.clear();
  p.askers.clear();
  p.held.clear();
  p.queued.clear();
  Disturb(pod);
  Trace("sidecar pod-" + std::to_string(pod) + " dies");
  CloseLinks(pod, &Pod::peers);
}

void Cluster::PauseSidecar(int pod, bool pause) {
  Pod& p = pods_[pod];
  if (p.paused == pause || !p.machine) return;
  p.paused = pause;
  Disturb(pod);
  Trace("sidecar pod-" + std::to_string(pod) + (pause ? " stops" : " continues"));
  // Which the loop sees first, its timer or what has arrived, is anybody's guess.
  if (!pause) Resume(pod, prng_.Chance(0.5));
}

void Cluster::Resume(int pod, bool timer_first) {
  Pod& p = pods_[pod];
  p.paused = false;
  Speaks();
  auto queued = std::move(p.queued);
  p.queued.clear();
  if (timer_first) StepMachine(pod, Tick{});
  if (p.asleep_since != LogicalTime{}) CheckWaking(pod);
  for (const Event& event : queued) {
    if (p.machine) StepMachine(pod, event);
  }
}

void Cluster::MovePod(int pod, bool power_loss) {
  KillNode(pod, power_loss);
  KillSidecar(pod);
  if (options_.addresses_reused) strangers_.insert(Ip(pod));
  ++pods_[pod].ip_generation;
  SetIp(pod);
}

void Cluster::Partition(const std::vector<int>& island) {
  const std::set<int> inside(island.begin(), island.end());
  for (int a = 0; a < size(); ++a) {
    for (int b = 0; b < size(); ++b) {
      if (inside.count(a) != inside.count(b)) network_.Cut(a, b);
    }
  }
  for (int a = 0; a < size(); ++a) Disturb(a);
  for (int pod : inside) Trace("pod-" + std::to_string(pod) + " is on an island");
}

void Cluster::Cut(int from, int to) {
  network_.Cut(from, to);
  Trace("cut from pod-" + std::to_string(from) + " to pod-" + std::to_string(to));
}

void Cluster::HealNetwork() {
  network_.HealAll();
  Trace("all cuts heal");
}

// ---- events ------------------------------------------------------------------------------------

void Cluster::Deliver(int pod, Event event) {
  Pod& p = pods_[pod];
  if (!p.machine) return;
  if (p.paused) {
    p.queued.push_back(std::move(event));
    return;
  }
  StepMachine(pod, event);
}

// As Driver::Run: promises that come with a Persist wait until that is on disk.
void Cluster::StepMachine(int pod, const Event& event) {
  const uint64_t life = pods_[pod].life;
  Actions actions = pods_[pod].machine->Step(ClockOf(pod), event);
  uint64_t persist_seq = 0;
  for (const Action& action : actions) {
    if (const auto* persist = std::get_if<Persist>(&action)) persist_seq = persist->seq;
  }
  for (Action& action : actions) {
    Observe(pod, action);
    const auto* reply = std::get_if<Reply>(&action);
    if (reply != nullptr && reply->promise && persist_seq != 0) {
      pods_[pod].held.emplace(persist_seq, *reply);
    } else {
      Perform(pod, action);
    }
    if (pods_[pod].life != life) return;  // it crashed
  }
  TellPod(pod);
  ArmTick(pod);
}

void Cluster::ArmTick(int pod) {
  Pod& p = pods_[pod];
  const LogicalTime wake = std::max(p.machine->NextWake() - Ahead(pod), queue_.now());
  if (p.tick_at <= wake && p.tick_at >= queue_.now()) return;
  p.tick_at = wake;
  queue_.At(wake, [this, pod, life = p.life, wake] {
    if (pods_[pod].life != life || pods_[pod].tick_at != wake) return;
    pods_[pod].tick_at = LogicalTime::max();
    Deliver(pod, Tick{});
  });
}

void Cluster::SendCommand(int pod, CommandReceived command) {
  command.request = next_request_++;
  Trace("client sends a command to pod-" + std::to_string(pod));
  Deliver(pod, std::move(command));
}

}  // namespace rha::sim
