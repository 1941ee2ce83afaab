// Profiles of what reaches a group from outside: strangers, another RedisHA, sleep, full volumes,
// scaling. And of what is left when most of it is gone.
#include <algorithm>

#include "tests/sim/profiles.h"

namespace rha::sim {

// People without the key say whatever could help them, while the group goes about its business.
void Strangers(Run& run) {
  Cluster& cluster = run.cluster;
  const int before = cluster.checkers().promotions();
  int kills = 0;
  for (int round = 0; round < 4; ++round) {
    const int primary = run.prng.Chance(0.5) ? cluster.FirstPrimary() : -1;
    for (int64_t i = run.prng.Between(10, 40); i > 0; --i) {
      cluster.StrangerSpeaks(run.AnyPod());
      cluster.Run(run.Between(0, 100));
    }
    if (primary >= 0) {
      cluster.KillNode(primary);
      ++kills;
    }
    for (int64_t i = run.prng.Between(10, 40); i > 0; --i) {
      cluster.StrangerSpeaks(run.AnyPod());
      cluster.Run(run.Between(0, 100));
    }
    if (primary >= 0) cluster.StartNode(primary, true);
    run.Settle("while strangers speak");
    cluster.Run(Millis{2000});
  }
  if (cluster.checkers().promotions() != before + kills) {
    cluster.checkers().Fail("a stranger's word changed who leads");
  }
  for (int i = 0; i < cluster.size(); ++i) {
    const auto epoch = cluster.machine(i)->state().current_epoch;
    if (epoch <= static_cast<uint64_t>(cluster.CountEvents("+try-failover"))) continue;
    cluster.checkers().Fail("pod-" + std::to_string(i) + " believes in an epoch nobody opened");
  }
}

// Somebody without the key stands in the network, and answers as one of the pods.
void Impersonators(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const int primary = cluster.FirstPrimary();
    const int pod = primary >= 0 && run.prng.Chance(0.5) ? primary : run.AnyPod();
    cluster.Impersonate(pod, true);
    for (int64_t i = run.prng.Between(2, 12); i > 0; --i) {
      cluster.Run(run.Between(100, 800));
      cluster.StrangerSpeaks(run.AnyPod());
    }
    cluster.Impersonate(pod, false);
    cluster.Run(run.Between(0, 3000));
  }
}

// Pods move, and another RedisHA gets the addresses that they had.
void AddressReuse(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before a pod moves");
    const int pod = run.prng.Chance(0.4) ? *primary : run.AnyPod();
    cluster.MovePod(pod, run.prng.Chance(0.5));
    cluster.Run(run.Between(100, 6000));
    cluster.StartNode(pod, run.prng.Chance(0.7));
    cluster.StartSidecar(pod, true);
    if (run.prng.Chance(0.3)) {
      cluster.Run(run.Between(0, 1000));
      const int present = cluster.FirstPrimary();
      if (present >= 0) cluster.KillNode(present);
      cluster.Run(run.Between(500, 3000));
      if (present >= 0) cluster.StartNode(present, true);
    }
    run.Settle("after a pod moved");
    cluster.Run(Millis{1000});
  }
}

// Machines sleep, packets to them are lost, and clocks are set to any time.
void SleepingMachines(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const int primary = cluster.FirstPrimary();
    const int first = primary >= 0 && run.prng.Chance(0.6) ? primary : run.AnyPod();
    const int second = run.prng.Chance(0.2) ? run.AnyPod() : first;
    cluster.SetWallClock(run.AnyPod(), run.Between(-7200000, 7200000));
    cluster.SleepMachine(first);
    cluster.SleepMachine(second);
    cluster.Run(run.Between(300, 9000));
    cluster.WakeMachine(first);
    cluster.WakeMachine(second);
    cluster.Run(run.Between(0, 3000));
    run.Settle("after a sleep");
  }
}

// Volumes fill up: no reason to move, and no reason not to, when somebody dies.
void FullDisks(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the volumes fill up");
    const int promotions = cluster.checkers().promotions();
    const bool all = run.prng.Chance(0.5);
    for (int i = 0; i < cluster.size(); ++i) {
      if (all || run.prng.Chance(0.4)) cluster.FillDisk(i, true);
    }
    cluster.Run(run.Between(500, 5000));
    if (cluster.checkers().promotions() != promotions) {
      cluster.checkers().Fail("a failover because of a full volume");
    }
    if (run.prng.Chance(0.7)) {
      cluster.KillNode(*primary);
      cluster.Run(run.Between(500, 3000));
      cluster.StartNode(*primary, true);
    }
    run.Settle("with full volumes");
    for (int i = 0; i < cluster.size(); ++i) cluster.FillDisk(i, false);
    cluster.Run(run.Between(500, 2000));
  }
}

// Members come and go while others die or cannot hear one another.
void Scaling(Run& run) {
  Cluster& cluster = run.cluster;
  const int step = cluster.options().fault == WorldFault::kScaledAtOnce ? 2 : 1;
  const int fewest = cluster.options().members;
  for (int round = 0; round < 4; ++round) {
    run.Settle("before the number of members changes");
    cluster.Run(Millis{500});
    const bool grows = cluster.size() == fewest ||
                       (cluster.size() < cluster.options().members_max && run.prng.Chance(0.6));
    const Millis within = run.Between(100, 9000);
    cluster.ScaleTo(cluster.size() + (grows ? step : -step), within);
    cluster.Run(run.Between(0, 7000));
    if (run.prng.Chance(0.7)) {
      // Of those who were there before, some may not have read the new list yet.
      const auto of_old = [&] { return static_cast<int>(run.prng.Below(fewest)); };
      cluster.Partition({of_old(), of_old()});
    }
    const int primary = run.prng.Chance(0.6) ? cluster.FirstPrimary() : -1;
    if (primary >= 0) cluster.KillNode(primary);
    cluster.Run(run.Between(500, 9000));
    cluster.HealNetwork();
    if (primary >= 0 && primary < cluster.size()) cluster.StartNode(primary, true);
    cluster.Run(within);
  }
}

// Everything was down, and who led last is late, or does not come at all. What it acknowledged
// last, perhaps only its own disk knows.
void LastLeader(Run& run) {
  Cluster& cluster = run.cluster;
  run.Settle("before everything goes down");
  cluster.Run(run.Between(500, 1500));
  const int last = cluster.last_leader();
  for (int i = 0; i < cluster.size(); ++i) {
    cluster.KillNode(i, run.prng.Chance(0.5));
    cluster.KillSidecar(i);
  }
  const Position held = cluster.node(last).copy().position;
  const bool empty = run.prng.Chance(0.2);  // the other volumes are lost
  const bool comes = empty || run.prng.Chance(0.8);
  for (int i = 0; i < cluster.size(); ++i) {
    const Millis delay = i == last ? run.Between(0, 28000) : run.Between(0, 400);
    if (i == last && !comes) continue;
    cluster.queue().After(
        delay, [&cluster, i, keep = i == last || !empty] { cluster.StartNode(i, keep); });
    cluster.queue().After(delay + run.Between(0, 200),
                          [&cluster, i] { cluster.StartSidecar(i, true); });
  }
  int with_data = 0;  // on the disks of those that come back
  for (int i = 0; i < cluster.size(); ++i) {
    with_data += (i != last || comes) && !cluster.node(i).copy().position.empty() ? 1 : 0;
  }
  cluster.Run(comes ? Millis{29000} : Millis{35000});
  if (!comes && with_data < cluster.size() / 2 + 1) {
    // What the others hold may be nothing: only a person may say that this is the dataset.
    if (cluster.FirstPrimary() < 0) return;
    return cluster.checkers().Fail("a minority with data elected without the last leader");
  }
  run.Settle("after everything was down");
  if (!comes) return;
  const int now = cluster.FirstPrimary();
  if (now < 0 || cluster.Holds(now, held)) return;
  cluster.checkers().Fail("what the last leader's disk held is lost, though it came back in time");
}

// A primary that is cut off goes on for a moment, the one that follows it does not get far, then
// everything goes down: the longest history is not the newest.
void BriefReign(Run& run) {
  Cluster& cluster = run.cluster;
  run.Settle("before a cut");
  cluster.Run(run.Between(500, 2000));
  const auto old = cluster.AgreedPrimary();
  if (!old) return cluster.checkers().Fail("no primary before a cut");
  cluster.Partition({*old});
  const int promotions = cluster.checkers().promotions();
  const LogicalTime cut = cluster.now();
  while (cluster.checkers().promotions() == promotions && cluster.now() - cut < Millis{10000}) {
    cluster.Run(Millis{20});
  }
  cluster.Run(run.Between(20, 400));
  for (int i = 0; i < cluster.size(); ++i) {
    cluster.KillNode(i);
    cluster.KillSidecar(i);
  }
  cluster.HealNetwork();
  cluster.Run(kRedialLimit);
  for (int i = 0; i < cluster.size(); ++i) {
    // Late enough for the others to be well known, and early enough to be waited for.
    const Millis delay = i == *old ? run.Between(1800, 2600) : run.Between(0, 100);
    cluster.queue().After(delay, [&cluster, i] { cluster.StartNode(i, true); });
    cluster.queue().After(delay + run.Between(0, 200),
                          [&cluster, i] { cluster.StartSidecar(i, true); });
  }
  cluster.Run(Millis{10000});
  run.Settle("after everything was down");
}

// With a quorum below the majority, one member that does not reach the primary may call it down.
// Most of the others see it well.
void LowQuorum(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before a cut");
    cluster.Run(kRedialLimit + run.Between(100, 1000));
    const int pod =
        (*primary + 1 + static_cast<int>(run.prng.Below(cluster.size() - 1))) % cluster.size();
    if (run.prng.Chance(0.8)) cluster.Cut(pod, *primary);
    cluster.Cut(*primary, pod);
    cluster.Run(run.Between(1000, 9000));
    cluster.HealNetwork();
    run.Settle("after one member was cut off from the primary");
  }
}

// One sidecar is left while nodes restart: it may wait, but not decide.
void LoneSidecar(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the sidecars stop");
    const int lone = run.AnyPod();
    for (int i = 0; i < cluster.size(); ++i) {
      if (i == lone) continue;
      if (run.prng.Chance(0.5))
        cluster.PauseSidecar(i, true);
      else
        cluster.KillSidecar(i);
    }
    cluster.Run(run.Between(3200, 6000));
    for (int i = 0; i < cluster.size(); ++i) {
      if (i == *primary || run.prng.Chance(0.4)) continue;
      cluster.KillNode(i);
      cluster.Run(run.Between(0, 100));
      cluster.StartNode(i, true);
    }
    cluster.Run(run.Between(500, 4000));
    for (int i = 0; i < cluster.size(); ++i) {
      cluster.PauseSidecar(i, false);
      cluster.StartSidecar(i, true);
    }
    run.Settle("after most sidecars were gone");
    cluster.Run(Millis{1000});
  }
}

// One member loses its memory again and again, while others, and it, ask for votes.
void MemoryLost(Run& run) {
  Cluster& cluster = run.cluster;
  const int forgetful = run.AnyPod();
  for (int round = 0; round < 8; ++round) {
    const int asked = static_cast<int>(run.prng.Between(1, 3));
    for (int i = 0; i < asked; ++i) {
      cluster.SendCommand(run.AnyPod(), {0, sidecar::core::FailoverCommand{kGroupName}});
    }
    cluster.Run(run.Between(0, 40));
    cluster.KillSidecar(forgetful);
    cluster.Run(run.Between(0, 10));
    cluster.StartSidecar(forgetful, false);
    cluster.Run(run.Between(0, 60));
    if (run.prng.Chance(0.5)) {
      cluster.SendCommand(run.AnyPod(), {0, sidecar::core::FailoverCommand{kGroupName}});
    }
    cluster.Run(run.Between(0, 4000));
  }
}

}  // namespace rha::sim
