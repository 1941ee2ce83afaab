// Groups as Redis Sentinel knows them: `sentinel monitor`, sidecars that find each other by hellos,
// nodes that come back in the role they had. What Redis' protocol does not promise is not asked of
// it: a minority goes on naming its primary, and an old one leads until somebody converts it.
#include "tests/sim/profiles.h"

namespace rha::sim {

using sidecar::core::FailoverCommand;

namespace {

// A failover, and the retry of one that found nobody in reach yet.
constexpr Millis kTakeOver{25000};

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
      const int replica = run.OtherThan(primary);
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

// False: no node and no network is disturbed by it.
bool DisturbMove(Run& run, int primary, int leader, bool coordinated) {
  Cluster& cluster = run.cluster;
  cluster.Run(run.Between(0, 150));
  switch (run.prng.Below(7)) {
    case 0:
      cluster.KillNode(primary);
      return true;
    case 1:
      cluster.KillNode(run.OtherThan(primary));
      return true;
    case 2:
      cluster.Partition({run.AnyPod()});
      return true;
    case 3:
      cluster.PauseNode(run.prng.Chance(0.5) ? primary : run.OtherThan(primary), true);
      return true;
    case 4:
      cluster.KillSidecar(leader);
      return false;
    case 5:
      cluster.PauseSidecar(leader, true);
      return false;
    default:
      // Somebody else wants one, too.
      cluster.SendCommand(run.AnyPod(),
                          {0, FailoverCommand{.group = kGroupName, .coordinated = coordinated}});
      return false;
  }
}

// Who may be asked to hand over loses nothing that it has acknowledged.
void CheckMove(Run& run, int before, bool coordinated, bool must_move) {
  Cluster& cluster = run.cluster;
  const int now = cluster.FirstPrimary();
  const bool hands_over = cluster.options().moves != HandsOver::kNeither;
  if (!hands_over && coordinated && now != before) {
    cluster.checkers().Fail("a coordinated move was forced");
  }
  if (!hands_over || now < 0) return;
  if (must_move && now == before) return cluster.checkers().Fail("the primary was not moved");
  if (now != before && !cluster.Holds(now, cluster.deposed_with())) {
    cluster.checkers().Fail("a planned move lost acknowledged writes");
  }
}

}  // namespace

// A person moves the primary of a group that is monitored, at times while something goes wrong.
void PlannedMoves(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const int primary = run.CalmPrimary("a move");
    if (primary < 0) return;
    const bool known = AllKnowEveryNode(cluster);
    const bool coordinated = run.prng.Chance(0.3);
    const int leader = run.AnyPod();
    const int forced = cluster.CountEvents("-failover-hand-over-refused");
    cluster.SendCommand(leader,
                        {0, FailoverCommand{.group = kGroupName, .coordinated = coordinated}});
    const bool disturbed = run.prng.Chance(0.4);
    bool broken = false;
    if (disturbed) {
      broken = DisturbMove(run, primary, leader, coordinated);
      cluster.Run(run.Between(0, 8000));
      cluster.Mend();
    } else {
      cluster.Run(Millis{5000});
    }
    run.Settle("after a planned move");
    // Who was refused goes on as it is, and has said so.
    broken = broken || forced != cluster.CountEvents("-failover-hand-over-refused");
    if (!broken) CheckMove(run, primary, coordinated, known && !disturbed);
    const int writes = cluster.acknowledged();
    cluster.Run(Millis{5000});
    if (cluster.acknowledged() == writes) return cluster.checkers().Fail("writes stay held back");
  }
}

// A firewall that refuses the sidecars is no death of the primary, which its replicas still hear.
void Firewalls(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const int primary = run.CalmPrimary("the firewall");
    if (primary < 0) return;
    const int attempts = cluster.CountEvents("+try-failover");
    const int fenced = run.prng.Chance(0.5) ? run.OtherThan(primary) : -1;
    cluster.Firewall(primary, true, fenced);
    // Silence for longer is down as ever.
    cluster.Run(run.Between(1, cluster.options().down_after.count() / 2));
    cluster.Firewall(primary, false, fenced);
    cluster.Run(Millis{3000});
    if (cluster.CountEvents("+try-failover") != attempts) {
      return cluster.checkers().Fail("a firewall's word was believed");
    }
  }
  run.Settle("after firewalls");
}

void Classic(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const int primary = run.CalmPrimary("the fault");
    if (primary < 0) return;
    OneFault(run, primary);
    cluster.Run(run.Between(0, 8000));
    cluster.Mend();
    run.Settle("after a fault of a classic group");
  }
}

}  // namespace rha::sim
