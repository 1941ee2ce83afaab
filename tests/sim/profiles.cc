#include "tests/sim/profiles.h"

namespace rha::sim {
namespace {

// Kills the primary's process again and again; each kill must cost exactly one promotion.
void KillPrimary(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the kill");
    const int promotions = cluster.checkers().promotions();
    cluster.Run(run.Between(0, 1500));
    const LogicalTime killed = cluster.now();
    cluster.KillNode(*primary);
    while (cluster.last_write() <= killed && cluster.now() - killed < kSettleLimit) {
      cluster.Run(Millis{1});
    }
    if (cluster.last_write() <= killed) return cluster.checkers().Fail("no write after a kill");
    run.outcome.failover_ms.push_back((cluster.now() - killed).count());
    cluster.Note("writes were down for " + std::to_string(run.outcome.failover_ms.back()) + " ms");
    cluster.Run(run.Between(0, 3000));
    cluster.StartNode(*primary, run.prng.Chance(0.5));
    run.Settle("after a kill");
    cluster.Run(Millis{2500});
    if (cluster.checkers().promotions() != promotions + 1) {
      cluster.checkers().Fail("a single kill caused " +
                              std::to_string(cluster.checkers().promotions() - promotions) +
                              " promotions");
    }
  }
}

// The primary's process restarts before anyone could miss it, often without its data.
void QuickRestart(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 5; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the restart");
    cluster.Run(run.Between(0, 1000));
    cluster.KillNode(*primary);
    cluster.Run(run.Between(0, 120));
    cluster.StartNode(*primary, run.prng.Chance(0.3));
    run.Settle("after a quick restart");
    cluster.Run(run.Between(0, 2000));
  }
}

// The whole cluster loses power; nodes come back with their data, one of them perhaps late.
void ColdStart(Run& run) {
  Cluster& cluster = run.cluster;
  const int given_up = cluster.CountEvents("-failover-abort-slave-timeout");
  for (int round = 0; round < 2; ++round) {
    cluster.Run(run.Between(0, 1000));
    for (int i = 0; i < cluster.size(); ++i) {
      cluster.KillNode(i);
      cluster.KillSidecar(i);
    }
    cluster.Run(run.Between(0, 500));
    const int late = run.prng.Chance(0.5) ? run.AnyPod() : -1;
    const int empty = run.prng.Chance(0.5) ? run.AnyPod() : -1;
    for (int i = 0; i < cluster.size(); ++i) {
      const Millis delay = i == late ? run.Between(500, 9000) : run.Between(0, 400);
      cluster.queue().After(delay, [&cluster, i, empty] { cluster.StartNode(i, i != empty); });
      cluster.queue().After(delay + run.Between(0, 200),
                            [&cluster, i] { cluster.StartSidecar(i, true); });
    }
    cluster.Run(Millis{10000});
    run.Settle("after a cold start");
  }
  if (cluster.CountEvents("-failover-abort-slave-timeout") != given_up) {
    cluster.checkers().Fail("a promotion was given up though nothing stood in its way");
  }
}

// The primary, or any set of pods, is cut off, in both directions or one.
void Partitions(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    if (run.prng.Chance(0.6)) {
      const int primary = cluster.FirstPrimary();
      cluster.Partition({primary >= 0 && run.prng.Chance(0.6) ? primary : run.AnyPod()});
    } else {
      for (int i = 0; i < 3; ++i) cluster.Cut(run.AnyPod(), run.AnyPod());
    }
    cluster.Run(run.Between(200, 8000));
    cluster.HealNetwork();
    if (run.prng.Chance(0.5)) cluster.Run(run.Between(0, 3000));
  }
}

// Sidecars end and start again at any moment, some of them twice before anything happened, while
// primaries die: what was promised must still be known.
void SidecarRestarts(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 12; ++round) {
    const int primary = cluster.FirstPrimary();
    if (primary >= 0 && run.prng.Chance(0.6)) {
      cluster.KillNode(primary);
      cluster.queue().After(run.Between(0, 2500),
                            [&cluster, primary] { cluster.StartNode(primary, true); });
    }
    const int restarts = static_cast<int>(run.prng.Between(1, 4));
    for (int i = 0; i < restarts; ++i) {
      cluster.Run(run.Between(0, run.prng.Chance(0.7) ? 60 : 800));
      const int pod = run.AnyPod();
      cluster.KillSidecar(pod);
      cluster.Run(run.Between(0, 30));
      cluster.StartSidecar(pod, true);
    }
    cluster.Run(run.Between(0, 1500));
  }
}

// The sidecar that leads a failover at this moment; -1: none.
int Leader(const Cluster& cluster) {
  for (int i = 0; i < cluster.size(); ++i) {
    if (!cluster.sidecar_alive(i)) continue;
    if (cluster.machine(i)->FindGroup(kGroupName)->failover) return i;
  }
  return -1;
}

// Voters and candidates crash around the moment at which they promise something, and two users ask
// for a failover at once, so that one epoch has two candidates.
void VoteCrashes(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 8; ++round) {
    const int asked = static_cast<int>(run.prng.Between(1, 3));
    for (int i = 0; i < asked; ++i) {
      cluster.SendCommand(run.AnyPod(), {0, sidecar::core::FailoverCommand{kGroupName}});
    }
    const int crashes = static_cast<int>(run.prng.Between(1, 5));
    for (int i = 0; i < crashes; ++i) {
      cluster.Run(run.Between(0, 60));
      const int pod = run.AnyPod();
      cluster.KillSidecar(pod);
      cluster.Run(run.Between(0, 10));
      cluster.StartSidecar(pod, true);
    }
    cluster.Run(run.Between(0, 3000));
  }
}

// Sidecars stand still for a while, all of them perhaps; the nodes are well, so nothing may happen.
void Pauses(Run& run) {
  Cluster& cluster = run.cluster;
  const int promotions = cluster.checkers().promotions();
  const int alarms = cluster.CountEvents("+sdown master");
  for (int round = 0; round < 4; ++round) {
    const bool all = run.prng.Chance(0.3);
    const int pod = run.AnyPod();
    for (int i = 0; i < cluster.size(); ++i) {
      if (all || i == pod) cluster.PauseSidecar(i, true);
    }
    cluster.Run(run.Between(100, 8000));
    for (int i = 0; i < cluster.size(); ++i) cluster.PauseSidecar(i, false);
    cluster.Run(run.Between(0, 4000));
  }
  cluster.Run(Millis{3000});
  if (cluster.checkers().promotions() != promotions) {
    cluster.checkers().Fail("a failover without any fault of a node");
  }
  if (cluster.CountEvents("+sdown master") != alarms) {
    cluster.checkers().Fail("who was stopped calls the primary down");
  }
}

// The primary's process and some sidecar stand still while the others replace it, and go on at
// once: a machine that was suspended, with what it knew.
void Sleepers(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the suspension");
    const int other = run.prng.Chance(0.5) ? *primary : run.AnyPod();
    cluster.PauseNode(*primary, true);
    cluster.PauseSidecar(other, true);
    cluster.Run(run.Between(1000, 9000));
    cluster.PauseNode(*primary, false);
    cluster.PauseSidecar(other, false);
    if (run.prng.Chance(0.3)) {  // a probe has given up on it
      cluster.KillSidecar(*primary);
      cluster.StartSidecar(*primary, true);
    }
    cluster.Run(run.Between(0, 3000));
    run.Settle("after a suspension");
    cluster.Run(Millis{1500});
  }
}

// Whoever leads a failover is stopped in the middle of it, and goes on when others have finished.
void LeaderStops(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const int primary = cluster.FirstPrimary();
    if (primary >= 0) cluster.KillNode(primary);
    int leader = -1;
    for (int waited = 0; leader < 0 && waited < 4000; ++waited) {
      cluster.Run(Millis{1});
      leader = Leader(cluster);
    }
    if (leader >= 0) {
      cluster.Run(run.Between(0, 30));
      cluster.PauseSidecar(leader, true);
      cluster.Run(run.Between(1000, 8000));
      cluster.PauseSidecar(leader, false);
    }
    cluster.Run(run.Between(0, 500));
    if (primary >= 0) cluster.StartNode(primary, true);
    run.Settle("after a leader was stopped");
  }
}

// The process that was chosen ends before it is promoted, and comes back without its data.
void ChosenRestarts(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 4; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the kill");
    cluster.KillNode(*primary);
    for (int waited = 0; waited < 3000; ++waited) {
      cluster.Run(Millis{1});
      const int leader = Leader(cluster);
      if (leader < 0) continue;
      const auto& group = *cluster.machine(leader)->FindGroup(kGroupName);
      if (group.failover->stage.index() != 2 && group.failover->stage.index() != 3) continue;
      for (const auto& [id, node] : group.nodes) {
        if (!node.promoted || node.member < 0) continue;
        cluster.KillNode(node.member);
        cluster.Run(run.Between(0, 3));
        cluster.StartNode(node.member, false);
      }
      break;
    }
    cluster.Run(run.Between(0, 1000));
    cluster.StartNode(*primary, true);
    run.Settle("after the chosen one restarted");
    cluster.Run(Millis{2000});
  }
}

// The primary's machine is switched off: no end of stream, no patch of its own label.
void MachineLost(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 2; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the loss of a machine");
    cluster.MovePod(*primary, /*power_loss=*/true);
    cluster.Run(run.Between(3000, 9000));
    cluster.StartNode(*primary, run.prng.Chance(0.7));
    cluster.StartSidecar(*primary, true);
    run.Settle("after a machine was lost");
    cluster.Run(Millis{2000});
  }
}

// A second primary dies while replicas are still being pointed at it.
void KillTwice(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto first = cluster.AgreedPrimary();
    if (!first) return cluster.checkers().Fail("no primary before the kill");
    cluster.KillNode(*first);
    int second = -1;
    for (int waited = 0; second < 0 && waited < 5000; ++waited) {
      cluster.Run(Millis{1});
      second = cluster.FirstPrimary();
    }
    cluster.Run(run.Between(0, 400));
    if (second >= 0) cluster.KillNode(second);
    cluster.Run(run.Between(0, 4000));
    cluster.StartNode(*first, true);
    if (second >= 0) cluster.StartNode(second, run.prng.Chance(0.7));
    run.Settle("after two kills");
    cluster.Run(Millis{2000});
  }
}

// An old primary that wrote on in its minority comes back at the moment the new one dies: it has
// the longer history, the others have the newer one.
void RejoinRace(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto old = cluster.AgreedPrimary();
    if (!old) return cluster.checkers().Fail("no primary before the partition");
    cluster.Partition({*old});
    cluster.Run(run.Between(1500, 7000));
    int present = -1;
    for (int i = 0; i < cluster.size(); ++i) {
      if (i != *old && cluster.node(i).primary()) present = i;
    }
    cluster.HealNetwork();
    cluster.Run(run.Between(0, run.prng.Chance(0.5) ? 30 : 400));
    if (present >= 0) cluster.KillNode(present);
    cluster.Run(run.Between(500, 4000));
    if (present >= 0) cluster.StartNode(present, true);
    run.Settle("after an old primary came back");
    cluster.Run(Millis{2000});
  }
}

// All copies but one are lost while that one synchronises: what it held must still be there.
void LastCopy(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const auto primary = cluster.AgreedPrimary();
    if (!primary) return cluster.checkers().Fail("no primary before the loss");
    cluster.Run(run.Between(500, 1500));
    const int last = (*primary + 1) % cluster.size();
    for (int i = 0; i < cluster.size(); ++i) {
      if (i != *primary && i != last) cluster.KillNode(i);
    }
    cluster.KillNode(last);
    cluster.StartNode(last, true);
    const Position held = cluster.node(last).copy().position;
    cluster.Run(run.Between(50, 900));
    cluster.KillNode(*primary);
    if (run.prng.Chance(0.7)) {
      cluster.KillNode(last);  // in the middle of loading, perhaps
      cluster.StartNode(last, true);
    }
    for (int i = 0; i < cluster.size(); ++i) {
      cluster.Run(run.Between(0, 300));
      if (i != last) cluster.StartNode(i, false);
    }
    run.Settle("after all copies but one were lost");
    const int now = cluster.FirstPrimary();
    if (now < 0 || !cluster.Holds(now, held)) cluster.checkers().Fail("the last copy is lost");
    cluster.Run(Millis{1000});
  }
}

void OneFault(Run& run) {
  Cluster& cluster = run.cluster;
  const int pod = run.AnyPod();
  switch (run.prng.Below(12)) {
    case 0:
      return cluster.KillNode(pod);
    case 1: {
      const int primary = cluster.FirstPrimary();
      return cluster.KillNode(primary >= 0 ? primary : pod);
    }
    case 2:
      return cluster.KillSidecar(pod);
    case 3:
      return cluster.PauseNode(pod, true);
    case 4:
      return cluster.PauseSidecar(pod, true);
    case 5:
      return cluster.Partition({pod});
    case 6:
      return cluster.Cut(pod, run.AnyPod());
    case 7:
      return cluster.HealNetwork();
    case 8:
      return cluster.MovePod(pod, run.prng.Chance(0.3));
    case 9:
      return cluster.SendCommand(pod, {0, sidecar::core::FailoverCommand{kGroupName}});
    case 10:
      // A disk is lost. Only one at a time: with a majority's memory gone nobody could be safe.
      if (run.memoryless >= 0 && run.memoryless != pod) return;
      run.memoryless = pod;
      cluster.MovePod(pod);
      cluster.StartNode(pod, false);
      return cluster.StartSidecar(pod, false);
    default:
      break;
  }
  for (int i = 0; i < cluster.size(); ++i) {
    cluster.PauseNode(i, false);
    cluster.PauseSidecar(i, false);
    if (run.prng.Chance(0.8)) cluster.StartNode(i, run.prng.Chance(0.9));
    if (run.prng.Chance(0.8)) cluster.StartSidecar(i, true);
  }
}

void Chaos(Run& run) {
  const int faults = static_cast<int>(run.prng.Between(5, 40));
  for (int i = 0; i < faults; ++i) {
    OneFault(run);
    run.cluster.Run(run.Between(0, run.prng.Chance(0.2) ? 5000 : 600));
  }
}

// ---- worlds ------------------------------------------------------------------------------------

void CalmNetwork(ClusterOptions& options, Prng& prng) {
  options.network.delay_max = Millis{prng.Between(1, 8)};
}

void RoughNetwork(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  if (!prng.Chance(0.6)) return;
  options.network.slow = 0.05;
  options.network.drop = prng.Chance(0.5) ? 0.05 : 0.0;
  options.network.duplicate = 0.05;
  options.network.late = 0.2;
  options.persist_failure = prng.Chance(0.3) ? 0.1 : 0.0;
  options.fsync_max = Millis{prng.Between(1, 60)};
}

void SlowDisks(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  options.fsync_max = Millis{prng.Between(1, 60)};
  options.persist_failure = prng.Chance(0.3) ? 0.1 : 0.0;
}

void SlowLinks(ClusterOptions& options, Prng& prng) {
  options.network.delay_max = Millis{prng.Between(20, 60)};
  options.fsync_max = Millis{prng.Between(1, 30)};
}

// Any disk, any time to load, and a stream that lags.
void Lagging(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  options.disk = static_cast<Disk>(prng.Below(4));
  options.lag_max = Millis{prng.Between(0, 40)};
  options.load_max = Millis{prng.Chance(0.5) ? prng.Between(0, 3000) : 0};
  options.tells_data_epoch = prng.Chance(0.7);
}

void ReusedAddresses(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  options.addresses_reused = true;
}

void Scaled(ClusterOptions& options, Prng& prng) {
  SlowDisks(options, prng);
  options.members = 3;
  options.members_max = 5;
  options.quorum = 2;
}

// Nothing acknowledged is lost with a log, while the replicas lag behind it.
void KeptLogs(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  options.disk = prng.Chance(0.5) ? Disk::kLogAlways : Disk::kLogSeconds;
  options.lag_max = Millis{prng.Between(5, 60)};
  options.load_max = Millis{prng.Chance(0.5) ? prng.Between(0, 3000) : 0};
}

void Quorumless(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  options.quorum = static_cast<int>(prng.Between(1, options.members / 2));
}

// A stream that lags, but not for longer than a move waits for it.
void Moving(ClusterOptions& options, Prng& prng) {
  options.network.delay_max = Millis{prng.Between(1, 4)};
  options.disk = static_cast<Disk>(prng.Below(4));
  options.lag_max = Millis{prng.Between(0, 40)};
  options.quorum_writes = prng.Chance(0.3);
}

// A write is told once a majority has it, wherever that keeps it.
void Quorum(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  options.quorum_writes = true;
  options.disk = static_cast<Disk>(prng.Below(4));
  options.lag_max = Millis{prng.Between(0, 60)};
  options.load_max = Millis{prng.Chance(0.3) ? prng.Between(0, 2000) : 0};
  options.fsync_max = Millis{prng.Between(1, 30)};
}

void QuorumOnDisk(ClusterOptions& options, Prng& prng) {
  Quorum(options, prng);
  options.disk = Disk::kLogSeconds;
}

void QuorumTwo(ClusterOptions& options, Prng& prng) {
  Quorum(options, prng);
  options.members = options.quorum = 2;
}

void Monitored(ClusterOptions& options, Prng& prng) {
  RoughNetwork(options, prng);
  options.classic = true;
}

void MonitoredCalm(ClusterOptions& options, Prng&) { options.classic = true; }

// Replicas of redis-server tell whole seconds, which are too coarse for a short down-after.
void MonitoredHeard(ClusterOptions& options, Prng& prng) {
  options.classic = true;
  options.stock = prng.Chance(0.5);
  if (options.stock) options.down_after = Millis{3000};
}

void FiveOfEitherKind(ClusterOptions& options, Prng& prng) {
  CalmNetwork(options, prng);
  options.members = 5;
  options.classic = prng.Chance(0.5);
}

void MonitoredStock(ClusterOptions& options, Prng& prng) {
  Monitored(options, prng);
  options.stock = true;
}

void MonitoredMoving(ClusterOptions& options, Prng& prng) {
  Moving(options, prng);
  options.quorum_writes = false;
  options.disk = Disk::kLogAlways;  // a primary that comes back leads with what it has
  options.classic = true;
  options.moves = static_cast<HandsOver>(prng.Below(5));
  options.stock = options.moves != HandsOver::kOurs;
}

constexpr Profile kProfiles[] = {
    {"kill-primary", KillPrimary, CalmNetwork},
    {"quick-restart", QuickRestart, CalmNetwork},
    {"cold-start", ColdStart, CalmNetwork},
    {"cold-start-loads", ColdStart, Lagging},
    {"partitions", Partitions, RoughNetwork},
    {"chaos", Chaos, RoughNetwork},
    {"sidecar-restarts", SidecarRestarts, SlowDisks},
    {"kill-lagging", KillPrimary, Lagging},
    {"kill-slow-links", KillPrimary, SlowLinks},
    {"vote-crashes", VoteCrashes, SlowDisks},
    {"pauses", Pauses, CalmNetwork},
    {"leader-stops", LeaderStops, CalmNetwork},
    {"chosen-restarts", ChosenRestarts, CalmNetwork},
    {"kill-twice", KillTwice, CalmNetwork},
    {"rejoin-race", RejoinRace, CalmNetwork},
    {"last-copy", LastCopy, CalmNetwork},
    {"sleepers", Sleepers, CalmNetwork},
    {"machine-lost", MachineLost, CalmNetwork},
    {"strangers", Strangers, CalmNetwork},
    {"impersonators", Impersonators, CalmNetwork},
    {"address-reuse", AddressReuse, ReusedAddresses},
    {"sleeping-machines", SleepingMachines, CalmNetwork},
    {"full-disks", FullDisks, SlowDisks},
    {"scaling", Scaling, Scaled},
    {"last-leader", LastLeader, KeptLogs},
    {"brief-reign", BriefReign, KeptLogs},
    {"low-quorum", LowQuorum, Quorumless},
    {"lone-sidecar", LoneSidecar, CalmNetwork},
    {"memory-lost", MemoryLost, SlowDisks},
    {"lost-votes", LostVotes, SlowDisks},
    {"graceful-stops", GracefulStops, Lagging},
    {"moves", Moves, Moving},
    {"quorum", QuorumWrites, Quorum},
    {"quorum-two", QuorumOfTwo, QuorumTwo},
    {"quorum-stale", StaleCopy, QuorumOnDisk},
    {"classic", Classic, Monitored},
    {"classic-stock", Classic, MonitoredStock},
    {"classic-moves", PlannedMoves, MonitoredMoving},
    {"classic-firewall", Firewalls, MonitoredCalm},
    {"half-heard", HalfHeard, FiveOfEitherKind},
    {"deaf-primary", DeafPrimary, FiveOfEitherKind},
    {"classic-replicas-hear", ReplicasHear, MonitoredHeard},
    {"scripts", Scripts, FiveOfEitherKind},
};

}  // namespace

std::span<const Profile> Profiles() { return kProfiles; }

}  // namespace rha::sim
