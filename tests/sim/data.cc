// The data's side of a simulated cluster: replication, the client, and what may be lost.
#include <algorithm>
#include <tuple>

#include "tests/sim/cluster.h"

namespace rha::sim {

namespace {

constexpr Millis kReplicationPeriod{10};
// A copy counts as in reach when nothing was done to its pod for this long.
constexpr Millis kSteady{1500};

}  // namespace

void Cluster::Replicate() {
  const LogicalTime now = queue_.now();
  for (int i = 0; i < size(); ++i) {
    SimNode& node = *pods_[i].node;
    node.Sync(now);
    StepHandover(node);
    ReleaseHeld(i);
    if (!node.alive() || node.primary()) continue;
    TakeArrived(i);
    const int primary = HostOfIp(node.follows());
    const bool reachable = primary >= 0 && network_.BothWays(i, primary);
    node.Connect(
        reachable ? pods_[primary].node.get() : nullptr, now,
        [this] { return Millis{prng_.Between(10, 300)}; },
        [this] { return Millis{prng_.Between(0, options_.lag_max.count())}; });
    Acknowledge(i);
  }
  NoteCommonWrites();
  queue_.After(kReplicationPeriod, [this] { Replicate(); });
}

void Cluster::FeedFollowers(const SimNode& from) {
  for (Pod& p : pods_) {
    if (!p.node->ReplicatesFrom(from)) continue;
    p.node->Feed(from.copy().position, queue_.now(),
                 Millis{prng_.Between(0, options_.lag_max.count())});
    if (options_.lag_max == Millis{0}) TakeArrived(p.node->host());
  }
}

void Cluster::TakeArrived(int pod) {
  SimNode& node = *pods_[pod].node;
  const int primary = HostOfIp(node.follows());
  const bool reachable = primary >= 0 && network_.BothWays(pod, primary);
  if (!node.TakeArrived(queue_.now(), reachable)) return;
  FeedFollowers(node);
  Acknowledge(pod);
}

void Cluster::NoteCommonWrites() {
  Position common = pods_[0].node->safe();
  for (int i = 1; i < size(); ++i) common = histories_.Common(common, pods_[i].node->safe());
  if (common.length > common_.length && histories_.Holds(common, common_)) common_ = common;
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
  const int first = static_cast<int>(prng_.Below(size()));
  for (int i = 0; i < size(); ++i) {
    const int asked = (first + i) % size();
    const Pod& p = pods_[asked];
    if (!p.machine || p.paused) continue;
    const auto address = p.machine->PrimaryAddress(kGroupName, ClockOf(asked));
    const int host = address ? HostOfIp(address->host) : -1;
    if (host < 0 || pods_[host].node->paused || !pods_[host].node->primary()) continue;
    if (pods_[host].node->busy) continue;
    if (pods_[host].node->disk_full || pods_[host].node->stopping) continue;
    if (pods_[host].node->copies_missing()) continue;
    if (pods_[host].node->HoldsWrites(queue_.now())) {
      pods_[host].node->write_waits = true;
      return;
    }
    return WriteAt(*pods_[host].node);
  }
}

void Cluster::WriteAt(SimNode& node) {
  node.Append(queue_.now());
  FeedFollowers(node);
  Tell(node);
  ++writes_;
  last_write_ = queue_.now();
}

// ---- what a promotion may lose -----------------------------------------------------------------

// No empty node takes the place of data that every node held once and some node still holds.
void Cluster::CheckNotEmpty(const SimNode& promoted) {
  if (!promoted.copy().position.empty() || common_.empty()) return;
  for (const Pod& other : pods_) {
    if (other.node->copy().position.empty()) continue;
    return checkers_.Fail("the empty pod-" + std::to_string(promoted.host()) +
                          " is promoted although others hold data");
  }
}

// Redis' choice knows no epochs, but who came back empty and has not reached its primary since is
// not chosen over a replica that has, and is well.
void Cluster::CheckInStep(int leader, const SimNode& promoted) {
  if (!promoted.copy().position.empty() || network_.rough() || network_.any_cut()) return;
  for (int i = 0; i < size(); ++i) {
    const Pod& p = pods_[i];
    const bool well = p.node->alive() && !p.node->paused && !p.node->primary() && p.machine;
    const LogicalTime disturbed = std::max(p.disturbed, pods_[leader].disturbed);
    if (!well || p.node->copy().position.empty() || !Redialled()) continue;
    if (queue_.now() - disturbed < kSteady) continue;
    checkers_.Fail("the empty pod-" + std::to_string(promoted.host()) + " is promoted over pod-" +
                   std::to_string(i) + ", which was in step");
  }
}

// The other pod holds acknowledged writes of the newest history that the promoted one lacks, and
// the leader could have known: nothing was wrong with that pod, or with the way to it, lately.
bool Cluster::Overlooked(int leader, const SimNode& promoted, int other) const {
  const Pod& p = pods_[other];
  const Copy& copy = p.node->copy();
  if (!copy.Newer(promoted.copy())) return false;
  if (histories_.Holds(promoted.copy().position, copy.position)) return false;
  if (!p.node->alive() || p.node->paused || !p.machine || p.paused) return false;
  if (!network_.BothWays(leader, other) || !Redialled()) return false;
  if (queue_.now() - std::max(p.disturbed, pods_[leader].disturbed) < kSteady) return false;
  // A primary that lives on and has it all is not replaced for want of data.
  return std::none_of(pods_.begin(), pods_.end(), [&](const Pod& any) {
    return any.node->primary() && histories_.Holds(any.node->copy().position, copy.position);
  });
}

void Cluster::OnPromotion(int leader, SimNode& promoted) {
  if (options_.classic) return CheckInStep(leader, promoted);
  CheckNotEmpty(promoted);
  // (Where a write is told by its copies, told.cc judges.)
  if (network_.rough() || !options_.judge_copies || options_.quorum_writes) return;
  for (int i = 0; i < size(); ++i) {
    if (i == promoted.host() || !Overlooked(leader, promoted, i)) continue;
    const Position& held = pods_[i].node->copy().position;
    const Position common = histories_.Common(held, promoted.copy().position);
    checkers_.Fail("pod-" + std::to_string(promoted.host()) + " is promoted without " +
                   std::to_string(held.length - common.length) + " writes that pod-" +
                   std::to_string(i) + " holds");
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
    // Its memory is one that may be lost, as long as it lacks what it once acknowledged.
    if (options_.quorum_writes && node.alive() && !node.proven()) return name + " is not in step";
    if (!pods_[i].machine) continue;
    const auto address = pods_[i].machine->PrimaryAddress(kGroupName, ClockOf(i));
    if (!address) return "the sidecar of " + name + " names no primary";
    if (address->host != Ip(primary)) return "the sidecar of " + name + " names " + address->host;
  }
  return "";
}

std::optional<int> Cluster::AgreedPrimary() const {
  if (!Disagreement().empty()) return std::nullopt;
  return FirstPrimary();
}

void Cluster::CheckNothingLost() {
  const int primary = FirstPrimary();
  if (primary < 0) return checkers_.Fail("no primary at the end");
  CheckTold(*pods_[primary].node);
  const Position held = histories_.Common(pods_[primary].node->copy().position, common_);
  if (held.length >= common_.length) return;
  checkers_.Fail(std::to_string(common_.length - held.length) +
                 " writes, once held by every node, are lost");
}

}  // namespace rha::sim
