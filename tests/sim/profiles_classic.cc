// Groups as Redis Sentinel knows them: `sentinel monitor`, sidecars that find each other by hellos,
// nodes that come back in the role they had. What Redis' protocol does not promise is not asked of
// it: a minority goes on naming its primary, and an old one leads until somebody converts it.
#include "tests/sim/profiles.h"

namespace rha::sim {
namespace {

// A failover, and the retry of one that found nobody in reach yet.
constexpr Millis kTakeOver{25000};

int Replica(Run& run, int primary) {
  const int other = static_cast<int>(run.prng.Below(run.cluster.size() - 1));
  return other < primary ? other : other + 1;
}

// A sidecar whose link broke learns of the replicas ten seconds later, and may lead until then: it
// finds nobody to promote, as in Redis.
bool AllKnowEveryNode(const Cluster& cluster) {
  for (int i = 0; i < cluster.size(); ++i) {
    const auto* machine = cluster.machine(i);
    const auto* group = machine != nullptr ? machine->FindGroup(kGroupName) : nullptr;
    if (group == nullptr || static_cast<int>(group->nodes.size()) < cluster.size()) return false;
  }
  return true;
}

// The replicas start anew while the primary is gone: one of them takes over all the same.
void ReplicasRestart(Run& run, int primary) {
  Cluster& cluster = run.cluster;
  const bool known = AllKnowEveryNode(cluster);
  for (int i = 0; i < cluster.size(); ++i) cluster.KillNode(i);
  cluster.Run(run.Between(0, 3000));
  for (int i = 0; i < cluster.size(); ++i) {
    if (i != primary) cluster.StartNode(i, true);
  }
  cluster.Run(kTakeOver);
  // An order that was on its way may have made a replica of whom was just promoted.
  if (cluster.FirstPrimary() < 0) cluster.Run(kTakeOver);
  if (known && cluster.FirstPrimary() < 0) {
    cluster.checkers().Fail("no replica that restarted took over");
  }
}

void OneFault(Run& run, int primary) {
  Cluster& cluster = run.cluster;
  switch (run.prng.Below(7)) {
    case 0: {  // a replica comes back empty and has not reached its primary when that dies
      const int replica = Replica(run, primary);
      cluster.KillNode(replica);
      cluster.Run(run.Between(0, 300));
      cluster.KillNode(primary);
      return cluster.StartNode(replica, /*keep_data=*/false);
    }
    case 1:
      return cluster.Partition({run.AnyPod()});
    case 2:
      return cluster.PauseNode(primary, true);
    case 3: {
      const int pod = run.AnyPod();
      cluster.PauseSidecar(pod, true);
      return cluster.KillNode(primary);
    }
    case 4: {
      const int pod = run.AnyPod();
      cluster.KillNode(primary);
      cluster.Run(run.Between(0, 3000));
      cluster.KillSidecar(pod);
      return cluster.StartSidecar(pod, true);
    }
    case 5:
      return ReplicasRestart(run, primary);
    default:
      return cluster.KillNode(primary);
  }
}

}  // namespace

void Classic(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    // Replicas are learned from the primary's INFO, every ten seconds.
    cluster.Run(run.Between(11000, 13000));
    const int primary = cluster.FirstPrimary();
    if (primary < 0) return cluster.checkers().Fail("no primary before the fault");
    OneFault(run, primary);
    cluster.Run(run.Between(0, 8000));
    cluster.Mend();
    run.Settle("after a fault of a classic group");
  }
}

}  // namespace rha::sim
