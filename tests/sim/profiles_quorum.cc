// Profiles of writes that need copies. What was told to anybody must be there as long as a majority
// of the copies is: so one memory at a time is lost, while everything else may happen at once.
#include "tests/sim/profiles.h"

namespace rha::sim {
namespace {

bool KeepsData(const Cluster& cluster) {
  const Disk disk = cluster.options().disk;
  return disk == Disk::kLogAlways || disk == Disk::kLogSeconds;
}

// The one fault of a round that may cost a memory.
void LoseOne(Run& run) {
  Cluster& cluster = run.cluster;
  const int primary = cluster.FirstPrimary();
  const int pod = primary >= 0 && run.prng.Chance(0.7) ? primary : run.AnyPod();
  switch (run.prng.Below(5)) {
    case 0:
      cluster.KillNode(pod);
      cluster.Run(run.Between(0, 200));
      return cluster.StartNode(pod, run.prng.Chance(0.7));
    case 1:
      return cluster.MovePod(pod, run.prng.Chance(0.5));
    case 2:
      // All processes end; the disks have what was written.
      if (!KeepsData(cluster)) return cluster.KillNode(pod);
      for (int i = 0; i < cluster.size(); ++i) cluster.KillNode(i);
      return cluster.Run(run.Between(0, 500));
    default:
      return cluster.KillNode(pod);
  }
}

void DisturbOne(Run& run) {
  Cluster& cluster = run.cluster;
  const int primary = cluster.FirstPrimary();
  const int pod = primary >= 0 && run.prng.Chance(0.5) ? primary : run.AnyPod();
  switch (run.prng.Below(7)) {
    case 0:
      return cluster.Partition({pod});
    case 1:
      return cluster.Cut(pod, run.AnyPod());
    case 2:
      return cluster.PauseNode(pod, true);
    case 3:
      return cluster.PauseSidecar(pod, true);
    case 4:
      cluster.KillSidecar(pod);
      cluster.Run(run.Between(0, 30));
      return cluster.StartSidecar(pod, true);
    case 5:
      return cluster.HealNetwork();
    default:
      return cluster.SendCommand(run.AnyPod(), {0, sidecar::core::FailoverCommand{kGroupName}});
  }
}

}  // namespace

// A person moves the primary while writes go on: all that was acknowledged moves along.
void Moves(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 5; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before a move");
    cluster.Run(run.Between(300, 1500));
    const int pod = run.AnyPod();
    int now = *primary;
    // What a member was told of a replica that synchronised may be old; refused, it asks anew.
    for (int tries = 0; tries < 2 && now == *primary; ++tries) {
      cluster.SendCommand(pod, {0, sidecar::core::FailoverCommand{kGroupName}});
      cluster.Run(Millis{1000});
      run.Settle("after a move");
      now = cluster.FirstPrimary();
      if (now < 0) return;
    }
    if (now == *primary) cluster.checkers().Fail("the primary was not moved");
    if (!cluster.Holds(now, cluster.deposed_with())) {
      cluster.checkers().Fail("a move lost acknowledged writes");
    }
  }
}

void QuorumWrites(Run& run) {
  for (int round = 0; round < 4; ++round) {
    const int faults = static_cast<int>(run.prng.Between(1, 4));
    const int loss = static_cast<int>(run.prng.Between(0, faults));
    for (int i = 0; i < faults; ++i) {
      if (i == loss) LoseOne(run);
      DisturbOne(run);
      run.cluster.Run(run.Between(0, run.prng.Chance(0.3) ? 3000 : 300));
    }
    run.cluster.Mend();
    run.Settle("after a round of faults");
    run.cluster.Run(run.Between(0, 500));
  }
}

// What was told lies with the primary and one replica. That one loses power, and a part of it, and
// the primary ends before it is in step again: the others together are a majority, and lack it.
void StaleCopy(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before a copy is lost");
    const int stale = (*primary + 1) % cluster.size();
    for (int i = 0; i < cluster.size(); ++i) {
      if (i == *primary || i == stale) continue;
      cluster.Cut(i, *primary);
      cluster.Cut(*primary, i);
    }
    cluster.Run(run.Between(300, 1500));
    cluster.KillNode(stale, /*power_loss=*/true);
    cluster.Run(run.Between(0, 20));
    cluster.StartNode(stale, true);
    cluster.Run(run.Between(0, 400));
    cluster.KillNode(*primary);
    cluster.Run(run.Between(1000, 6000));
    run.cluster.Mend();
    run.Settle("after a copy was lost");
    cluster.Run(run.Between(0, 500));
  }
}

// Of two members both are a majority: neither the loss of one nor a cut lets the other lead alone.
void QuorumOfTwo(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    if (run.prng.Chance(0.7)) {
      cluster.Partition({run.AnyPod()});
    } else {
      DisturbOne(run);
    }
    cluster.Run(run.Between(200, 6000));
    run.cluster.Mend();
    run.Settle("after two were parted");
    cluster.Run(run.Between(0, 500));
  }
}

}  // namespace rha::sim
