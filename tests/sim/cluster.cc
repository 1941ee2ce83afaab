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
using sidecar::core::Sentinel;
using sidecar::core::Tick;

namespace {

constexpr const char* kGroup = "demo";
constexpr Millis kReplicationPeriod{10};

std::string MemberId(int pod) {
  const std::string digits = std::to_string(pod);
  return std::string(40 - digits.size(), '0') + digits;
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options)
    : options_(options), prng_(options.seed), network_(prng_, options.network) {
  pods_.resize(options.members);
  for (int i = 0; i < options.members; ++i) pods_[i].node = std::make_unique<SimNode>(i);
  queue_.After(kReplicationPeriod, [this] { Replicate(); });
}

void Cluster::Trace(const std::string& line) {
  if (!trace) return;
  const auto ms = queue_.now().time_since_epoch().count() - 1000000;
  trace(std::to_string(ms) + " " + line);
}

// ---- pods --------------------------------------------------------------------------------------

std::string Cluster::Ip(int pod) const {
  return "10." + std::to_string(pods_[pod].ip_generation) + ".0." + std::to_string(pod + 1);
}

int Cluster::HostOfIp(const std::string& ip) const {
  for (int i = 0; i < size(); ++i) {
    if (Ip(i) == ip) return i;
  }
  return -1;
}

Config Cluster::MakeConfig(int pod) const {
  GroupConfig group;
  group.name = kGroup;
  group.quorum = options_.quorum;
  group.down_after = options_.down_after;
  for (int i = 0; i < size(); ++i) {
    const std::string name = "pod-" + std::to_string(i);
    group.members.push_back({.name = name, .host = name + ".pods", .id = MemberId(i)});
  }
  return Config{.my_id = MemberId(pod),
                .announce = {Ip(pod), 26379},
                .self = "pod-" + std::to_string(pod),
                .seed = options_.seed * 100 + pod + unique_,
                .groups = {group},
                .persisted = pods_[pod].disk};
}

void Cluster::StartNode(int pod, bool keep_data) {
  Pod& p = pods_[pod];
  if (p.node->alive()) return;
  p.node->Start(keep_data, unique_++);
  ++p.node_life;
  p.node_queued.clear();
  const bool all_empty = std::all_of(pods_.begin(), pods_.end(),
                                     [](const Pod& other) { return other.node->log().empty(); });
  if (all_empty) common_writes_.clear();
  Trace("node pod-" + std::to_string(pod) + (keep_data ? " starts" : " starts empty"));
}

void Cluster::KillNode(int pod) {
  if (!pods_[pod].node->alive()) return;
  pods_[pod].node->Kill();
  ++pods_[pod].node_life;
  Trace("node pod-" + std::to_string(pod) + " dies");
  CloseNodeLinks(pod);
}

void Cluster::PauseNode(int pod, bool pause) {
  Pod& p = pods_[pod];
  if (p.node->paused == pause || !p.node->alive()) return;
  p.node->paused = pause;
  Trace("node pod-" + std::to_string(pod) + (pause ? " stops" : " continues"));
  if (pause) return;
  auto work = std::move(p.node_queued);
  p.node_queued.clear();
  for (auto& item : work) item();
}

void Cluster::StartSidecar(int pod, bool keep_state) {
  Pod& p = pods_[pod];
  if (p.machine) return;
  if (!keep_state) {
    p.disk.reset();
    checkers_.OnMemoryLost(pod, MemberId(pod));
  }
  ++unique_;
  p.machine = std::make_unique<Sentinel>(MakeConfig(pod));
  ++p.life;
  p.paused = false;
  p.queued.clear();
  p.tick_at = LogicalTime::max();
  Trace("sidecar pod-" + std::to_string(pod) + (keep_state ? " starts" : " starts without memory"));
  Deliver(pod, Tick{});
}

void Cluster::KillSidecar(int pod) {
  Pod& p = pods_[pod];
  if (!p.machine) return;
  p.machine.reset();
  ++p.life;
  p.nodes.clear();
  p.peers.clear();
  p.replies.clear();
  p.queued.clear();
  Trace("sidecar pod-" + std::to_string(pod) + " dies");
  ClosePeerLinks(pod);
}

void Cluster::PauseSidecar(int pod, bool pause) {
  Pod& p = pods_[pod];
  if (p.paused == pause || !p.machine) return;
  p.paused = pause;
  Trace("sidecar pod-" + std::to_string(pod) + (pause ? " stops" : " continues"));
  if (pause) return;
  auto queued = std::move(p.queued);
  p.queued.clear();
  for (const Event& event : queued) StepMachine(pod, event);
}

void Cluster::MovePod(int pod) {
  KillNode(pod);
  KillSidecar(pod);
  ++pods_[pod].ip_generation;
}

void Cluster::Partition(const std::vector<int>& island) {
  const std::set<int> inside(island.begin(), island.end());
  for (int a = 0; a < size(); ++a) {
    for (int b = 0; b < size(); ++b) {
      if (inside.count(a) != inside.count(b)) network_.Cut(a, b);
    }
  }
}

// ---- events ------------------------------------------------------------------------------------

void Cluster::Deliver(int pod, const Event& event) {
  Pod& p = pods_[pod];
  if (!p.machine) return;
  if (p.paused) {
    p.queued.push_back(event);
    return;
  }
  StepMachine(pod, event);
}

void Cluster::StepMachine(int pod, const Event& event) {
  const uint64_t life = pods_[pod].life;
  const Actions actions = pods_[pod].machine->Step(queue_.now(), event);
  for (const Action& action : actions) {
    Observe(pod, action);
    Perform(pod, action);
    if (pods_[pod].life != life) return;  // it crashed
  }
  ArmTick(pod);
}

void Cluster::ArmTick(int pod) {
  Pod& p = pods_[pod];
  const LogicalTime wake = std::max(p.machine->NextWake(), queue_.now());
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
  Deliver(pod, command);
}

// ---- data --------------------------------------------------------------------------------------

void Cluster::Replicate() {
  for (int i = 0; i < size(); ++i) {
    const int primary = HostOfIp(pods_[i].node->follows());
    const bool reachable = primary >= 0 && network_.BothWays(i, primary);
    pods_[i].node->Replicate(reachable ? pods_[primary].node.get() : nullptr, queue_.now(),
                             [this] { return Millis{prng_.Between(10, 300)}; });
  }
  NoteCommonWrites();
  queue_.After(kReplicationPeriod, [this] { Replicate(); });
}

void Cluster::NoteCommonWrites() {
  size_t shortest = pods_[0].node->log().size();
  for (const Pod& p : pods_) shortest = std::min(shortest, p.node->log().size());
  if (shortest <= common_writes_.size()) return;
  const auto& first = pods_[0].node->log();
  for (const Pod& p : pods_) {
    if (!std::equal(first.begin(), first.begin() + shortest, p.node->log().begin())) return;
  }
  common_writes_.assign(first.begin(), first.begin() + shortest);
}

void Cluster::StartWriting(Millis period) {
  write_period_ = period;
  if (writing_) return;
  writing_ = true;
  queue_.After(write_period_, [this] { Write(); });
}

// A client as the Sentinel specification wants it: ask any sidecar, write where it says.
void Cluster::Write() {
  if (!writing_) return;
  queue_.After(write_period_, [this] { Write(); });
  const int first = static_cast<int>(prng_.Below(pods_.size()));
  for (int i = 0; i < size(); ++i) {
    const Pod& p = pods_[(first + i) % size()];
    if (!p.machine || p.paused) continue;
    const auto address = p.machine->PrimaryAddress(kGroup, queue_.now());
    const int host = address ? HostOfIp(address->host) : -1;
    if (host < 0 || pods_[host].node->paused || !pods_[host].node->primary()) continue;
    pods_[host].node->Append(next_write_++);
    last_write_ = queue_.now();
    return;
  }
}

// ---- verdicts ----------------------------------------------------------------------------------

int Cluster::FirstPrimary() const {
  for (int i = 0; i < size(); ++i) {
    if (pods_[i].node->primary()) return i;
  }
  return -1;
}

std::string Cluster::Disagreement() const {
  const int primary = FirstPrimary();
  if (primary < 0) return "no node is primary";
  for (int i = 0; i < size(); ++i) {
    const SimNode& node = *pods_[i].node;
    const std::string name = "pod-" + std::to_string(i);
    if (i != primary && node.primary()) return name + " is primary too";
    if (node.alive() && i != primary && (node.follows() != Ip(primary) || !node.link_up())) {
      return name + " does not follow pod-" + std::to_string(primary);
    }
    if (!pods_[i].machine) continue;
    const auto address = pods_[i].machine->PrimaryAddress(kGroup, queue_.now());
    if (!address) return "the sidecar of " + name + " names no primary";
    if (address->host != Ip(primary)) return "the sidecar of " + name + " names " + address->host;
  }
  return "";
}

std::optional<int> Cluster::AgreedPrimary() const {
  if (!Disagreement().empty()) return std::nullopt;
  return FirstPrimary();
}

int Cluster::CountEvents(const std::string& channel) const {
  auto it = event_counts_.find(channel);
  return it == event_counts_.end() ? 0 : it->second;
}

void Cluster::CheckNothingLost() {
  const int primary = FirstPrimary();
  if (primary < 0) return checkers_.Fail("no primary at the end");
  const auto& log = pods_[primary].node->log();
  const std::set<uint32_t> held(log.begin(), log.end());
  for (const uint32_t write : common_writes_) {
    if (held.count(write) > 0) continue;
    return checkers_.Fail("write " + std::to_string(write) + ", once held by every node, is lost");
  }
}

}  // namespace rha::sim
