// What reaches the group from outside: people without its key, another RedisHA at an address that
// was a pod's, volumes that fill up, clocks, and an operator that changes the number of members.
#include <limits>

#include "sidecar/core/extension.h"
#include "sidecar/core/hello.h"
#include "tests/sim/cluster.h"

namespace rha::sim {

using sidecar::core::Address;
using sidecar::core::Beat;
using sidecar::core::EncodeBeat;
using sidecar::core::EncodeDeath;
using sidecar::core::ExtensionReceived;
using sidecar::core::FormatHello;
using sidecar::core::Group;
using sidecar::core::HelloReceived;
using sidecar::core::VoteRequest;

// ---- clocks ------------------------------------------------------------------------------------

Millis Cluster::Ahead(int pod) const {
  const Pod& p = pods_[pod];
  return p.clock_ahead + (options_.fault == WorldFault::kWallClock ? p.wall_ahead : Millis{0});
}

void Cluster::SleepMachine(int pod) {
  PauseNode(pod, true);
  PauseSidecar(pod, true);
  network_.SetAway(pod, true);
  pods_[pod].asleep_since = queue_.now();
}

void Cluster::WakeMachine(int pod) {
  Pod& p = pods_[pod];
  if (p.asleep_since == LogicalTime{}) return;
  if (options_.fault == WorldFault::kClockStops) p.clock_ahead -= queue_.now() - p.asleep_since;
  network_.SetAway(pod, false);
  PauseNode(pod, false);
  Disturb(pod);
  Trace("machine of pod-" + std::to_string(pod) + " wakes up");
  if (p.machine && p.paused) Resume(pod, /*timer_first=*/true);
  p.asleep_since = {};
}

// ---- volumes -----------------------------------------------------------------------------------

void Cluster::FillDisk(int pod, bool full) {
  if (pods_[pod].node->disk_full == full) return;
  pods_[pod].node->disk_full = full;
  Trace("volume of pod-" + std::to_string(pod) + (full ? " is full" : " has room again"));
}

void Cluster::FailWrites(int pod, bool fail) {
  if (pods_[pod].disk_fails == fail) return;
  pods_[pod].disk_fails = fail;
  Trace("what the sidecar of pod-" + std::to_string(pod) +
        (fail ? " writes is lost" : " writes is kept again"));
}

// ---- members -----------------------------------------------------------------------------------

// As App::LookForOtherVoters: a sidecar begins anew with what it has made durable.
void Cluster::ScaleTo(int members, Millis within) {
  Trace("voters become " + std::to_string(members));
  const bool grows = members > members_;
  for (int i = members; i < members_; ++i) MovePod(i);
  if (!grows) members_ = members;
  voters_ = members;
  for (int i = 0; i < members_; ++i) {
    queue_.After(Millis{prng_.Between(0, within.count())}, [this, i] {
      if (!pods_[i].machine || pods_[i].paused || pods_[i].voters == voters_) return;
      KillSidecar(i);
      StartSidecar(i, true);
    });
  }
  if (!grows) return;
  const bool waits = options_.fault != WorldFault::kScaledAtOnce;
  queue_.After(waits ? within : Millis{0}, [this, members] {
    for (int i = members_; i < members; ++i) {
      ++members_;
      // Its volume may still be there from when it was a member before.
      const bool kept = pods_[i].disk.has_value() && prng_.Chance(0.7);
      StartNode(i, kept);
      StartSidecar(i, kept);
    }
  });
}

// ---- strangers ---------------------------------------------------------------------------------

void Cluster::MakeStranger() {
  stranger_ =
      std::make_unique<SimNode>(static_cast<int>(pods_.size()), histories_, Disk::kLogAlways);
  stranger_->Start(false, unique_++, queue_.now(), Millis{0});
  stranger_->BecomePrimary(unique_++, 0, queue_.now());
  for (int i = 0; i < 100; ++i) stranger_->Append(queue_.now());
}

void Cluster::Impersonate(int pod, bool on) {
  network_.SetAway(pod, on);
  if (on) {
    strangers_.insert(Ip(pod));
  } else {
    strangers_.erase(Ip(pod));
  }
  Disturb(pod);
  Trace(std::string("somebody else ") + (on ? "answers" : "answers no more") + " as pod-" +
        std::to_string(pod));
}

void Cluster::Silence(int pod, bool on) {
  pods_[pod].silenced = on;
  Trace(std::string("a firewall ") + (on ? "swallows" : "lets in") +
        " what sidecars send to the node of pod-" + std::to_string(pod));
}

void Cluster::Firewall(int pod, bool on, int fenced) {
  if (fenced >= 0) pods_[fenced].node->fenced = on;
  pods_[pod].firewall = on;
  Trace(std::string("a firewall ") + (on ? "refuses" : "lets in") + " who dials the node of pod-" +
        std::to_string(pod));
  if (!on) return;
  for (int i = 0; i < size(); ++i) {
    for (auto& [id, conn] : pods_[i].nodes) {
      if (i == pod || conn.host != pod || !conn.up) continue;
      queue_.After(Millis{1}, [this, i, id = id, generation = conn.generation] {
        LinkClosed(i, id, &Pod::nodes, generation);
      });
    }
  }
}

// What may be said in public, or after a connection to the sentinel port: everything but the proof.
// The words are as well chosen as somebody could choose them who has read along.
void Cluster::StrangerSpeaks(int pod) {
  if (!pods_[pod].machine) return;
  const sidecar::core::State& state = pods_[pod].machine->state();
  const Group& group = *pods_[pod].machine->FindGroup(kGroupName);
  const int other = static_cast<int>(prng_.Below(size()));
  const std::string id = prng_.Chance(0.7) ? MemberId(other) : std::string(40, 'f');
  const Address stranger{"10.66.0.1", 6379};
  const Address primary = prng_.Chance(0.5) ? Address{Ip(other), 6379} : stranger;
  const uint64_t steps[] = {0, 1, 2, 1000, std::numeric_limits<int64_t>::max()};
  const uint64_t epoch = state.current_epoch + steps[prng_.Below(5)];
  switch (prng_.Below(5)) {
    case 0:
      return Deliver(pod, HelloReceived{FormatHello({.sentinel = {stranger.host, 26379},
                                                     .id = id,
                                                     .current_epoch = epoch,
                                                     .group = kGroupName,
                                                     .primary = primary,
                                                     .config_epoch = epoch}),
                                        ""});
    case 1:
      return Deliver(pod, VoteRequest{next_request_++, kGroupName, {}, epoch, id, ""});
    case 2:
      return Deliver(
          pod, ExtensionReceived{
                   next_request_++,
                   EncodeDeath({id, kGroupName,
                                group.Primary() == nullptr ? "" : group.Primary()->info.run_id}),
                   ""});
    case 3:
      return Deliver(pod, VoteRequest{next_request_++, "", primary, epoch, "*", ""});
    default:
      break;
  }
  Beat beat{.id = id,
            .address = {stranger.host, 26379},
            .current_epoch = epoch,
            .group = kGroupName,
            .primary = primary,
            .config_leader = id,
            .belief = {.primary_member = "pod-" + std::to_string(prng_.Below(size())),
                       .config_epoch = prng_.Chance(0.5) ? epoch : group.config_epoch,
                       .leading_epoch = prng_.Chance(0.3) ? epoch : 0,
                       .forced = prng_.Chance(0.5)},
            .node = {.run_id = "f"}};
  beat.says_down = prng_.Chance(0.5);
  Deliver(pod, ExtensionReceived{next_request_++, EncodeBeat(beat), ""});
}

}  // namespace rha::sim
