// Profiles of votes that do not reach the disk, and of pods that are told to stop.
#include <algorithm>

#include "sidecar/core/limits.h"
#include "tests/sim/profiles.h"

namespace rha::sim {

// Two users ask for a failover at once, so that one epoch has two candidates. The others cannot
// write what they promise, and forget it at once.
void LostVotes(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 6; ++round) {
    const int first = run.AnyPod();
    const int second =
        (first + 1 + static_cast<int>(run.prng.Below(cluster.size() - 1))) % cluster.size();
    for (int i = 0; i < cluster.size(); ++i) {
      cluster.FailWrites(i, i != first && i != second && run.prng.Chance(0.8));
    }
    cluster.SendCommand(first, {0, sidecar::core::FailoverCommand{kGroupName}});
    cluster.Run(run.Between(0, 3));
    cluster.SendCommand(second, {0, sidecar::core::FailoverCommand{kGroupName}});
    const int crashes = static_cast<int>(run.prng.Between(1, 4));
    for (int i = 0; i < crashes; ++i) {
      cluster.Run(run.Between(0, 80));
      const int pod = run.AnyPod();
      if (pod == first || pod == second) continue;
      cluster.KillSidecar(pod);
      cluster.Run(run.Between(0, 10));
      cluster.StartSidecar(pod, true);
    }
    cluster.Run(run.Between(0, 1500));
    for (int i = 0; i < cluster.size(); ++i) cluster.FailWrites(i, false);
    cluster.Run(run.Between(0, 2000));
  }
}

namespace {

constexpr Millis kLeavesLate{1000};  // over the longest that a stop may take
constexpr Millis kTakeOverLimit{5000};

std::vector<int> DrawStopped(Run& run, int primary) {
  const int size = run.cluster.size();
  std::vector<int> stopped;
  const bool all = run.prng.Chance(0.3);
  const bool several = run.prng.Chance(0.5);
  for (int i = 0; i < size; ++i) {
    if (all || (i == primary ? run.prng.Chance(0.7) : several && run.prng.Chance(0.5))) {
      stopped.push_back(i);
    }
  }
  if (stopped.empty()) stopped.push_back(run.AnyPod());
  return stopped;
}

bool Gone(const Cluster& cluster, const std::vector<int>& pods) {
  return std::none_of(pods.begin(), pods.end(), [&](int pod) {
    return cluster.node(pod).alive() || cluster.sidecar_alive(pod);
  });
}

// The others can elect while the sidecar of the primary that was stopped is still there. (Not where
// its successor was told to stop as well: what that one alone has acknowledged is waited for.)
void AwaitSuccessor(Run& run, const std::vector<int>& stopped, int primary) {
  Cluster& cluster = run.cluster;
  const int size = cluster.size();
  const int left = size - static_cast<int>(stopped.size());
  const bool replaced = std::find(stopped.begin(), stopped.end(), primary) != stopped.end();
  if (!replaced || cluster.last_leader() != primary) return;
  if (left == 0 || left + 1 <= size / 2) return;
  const LogicalTime start = cluster.now();
  while (cluster.FirstPrimary() < 0 && cluster.now() - start < kTakeOverLimit) {
    cluster.Run(Millis{10});
  }
  if (cluster.FirstPrimary() < 0) {
    cluster.checkers().Fail("nobody took over from a primary that was told to stop");
  }
}

}  // namespace

// Pods are told to stop, one, several or all, and come back, as a rollout, a drain or a deletion
// does it. Nothing that was acknowledged is lost, and nobody waits for ever.
void GracefulStops(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before pods are told to stop");
    cluster.Run(run.Between(500, 1500));
    const std::vector<int> stopped = DrawStopped(run, *primary);
    const bool all = static_cast<int>(stopped.size()) == cluster.size();
    const Position before = cluster.node(*primary).copy().position;
    const Millis spread = run.prng.Chance(0.5) ? Millis{300} : Millis{0};
    for (const int pod : stopped) {
      cluster.queue().After(run.Between(0, spread.count()),
                            [&cluster, pod] { cluster.StopPod(pod); });
    }
    const LogicalTime told = cluster.now();
    const Millis limit = spread + sidecar::core::kStopTimeout + kLeavesLate;
    cluster.Run(spread);
    while (!Gone(cluster, stopped) && cluster.now() - told < limit) cluster.Run(Millis{10});
    if (!Gone(cluster, stopped)) return cluster.checkers().Fail("a stop does not end");
    AwaitSuccessor(run, stopped, *primary);
    cluster.Run(run.Between(0, 2000));
    const bool moved = run.prng.Chance(0.5);
    for (const int pod : stopped) {
      if (moved) cluster.MovePod(pod);
      const Millis delay = run.Between(0, 1500);
      cluster.queue().After(delay, [&cluster, pod] { cluster.StartNode(pod, true); });
      cluster.queue().After(delay + run.Between(0, 200),
                            [&cluster, pod] { cluster.StartSidecar(pod, true); });
    }
    cluster.Run(Millis{2000});
    run.Settle("after pods were told to stop");
    const int now = cluster.FirstPrimary();
    if (now < 0 || (all && cluster.options().disk == Disk::kNone)) continue;
    if (!cluster.Holds(now, before)) cluster.checkers().Fail("a graceful stop lost writes");
    // In memory alone, a successor that is told to stop before anyone follows it leaves nothing.
    if (cluster.options().disk == Disk::kNone && stopped.size() > 1) continue;
    // Nor does one whose node leaves it to its sidecar to say of which epoch the data are: that one
    // may not have heard of it.
    if (!cluster.options().tells_data_epoch && stopped.size() > 1) continue;
    for (const int pod : stopped) {
      if (cluster.Holds(now, cluster.stopped_with(pod))) continue;
      cluster.checkers().Fail("what pod-" + std::to_string(pod) +
                              " acknowledged before it stopped is lost");
    }
  }
}

}  // namespace rha::sim
