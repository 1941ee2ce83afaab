// Ways that fail while nobody is dead: some sidecars miss the primary, others hear it.
#include "tests/sim/profiles.h"

namespace rha::sim {
namespace {

using sidecar::core::kBusyPatience;
using sidecar::core::kHeardElsewhereFor;

// How much later than another's silence that of a replica's primary is noticed, and voted on.
Millis WitnessLapse(const ClusterOptions& options) { return Millis{options.stock ? 4000 : 1000}; }

// All but the witness have lost the way to the primary, both ends of it.
void CutOff(Run& run, int primary, int witness) {
  for (int i = 0; i < run.cluster.size(); ++i) {
    if (i == primary || i == witness) continue;
    run.cluster.Cut(i, primary);
    run.cluster.Cut(primary, i);
  }
}

}  // namespace

// Most have lost the way to the primary, one beside them has not: that is no death, for a while.
void HalfHeard(Run& run) {
  Cluster& cluster = run.cluster;
  const Millis down_after = cluster.options().down_after;
  for (int round = 0; round < 3; ++round) {
    const int primary = run.CalmPrimary("the cut");
    if (primary < 0) return;
    const int attempts = cluster.CountEvents("+try-failover");
    CutOff(run, primary, run.OtherThan(primary));
    if (run.prng.Chance(0.5)) {
      cluster.Run(run.Between(down_after.count(), (kHeardElsewhereFor - 1) * down_after.count()));
      cluster.HealNetwork();
      cluster.Run(down_after);
      if (cluster.CountEvents("+try-failover") != attempts) {
        return cluster.checkers().Fail("a primary was replaced that somebody hears");
      }
    } else {
      cluster.Run((kHeardElsewhereFor + 4) * down_after);
      if (cluster.CountEvents("+try-failover") == attempts) {
        return cluster.checkers().Fail("who is heard by one is never replaced");
      }
      cluster.HealNetwork();
    }
    run.Settle("after a cut that one does not see");
  }
}

// The primary's pod hears nobody, and says to all that its primary is well.
void DeafPrimary(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const int primary = run.CalmPrimary("it is deaf");
    if (primary < 0) return;
    const int attempts = cluster.CountEvents("+try-failover");
    for (int i = 0; i < cluster.size(); ++i) {
      if (i != primary) cluster.Cut(i, primary);
    }
    cluster.Run((kHeardElsewhereFor - 1) * cluster.options().down_after);
    if (cluster.CountEvents("+try-failover") == attempts) {
      return cluster.checkers().Fail("a deaf primary's word for itself was believed");
    }
    cluster.HealNetwork();
    run.Settle("after a primary was deaf");
  }
}

// No sidecar reaches the primary, whose replicas hear it: that is no death either. If it hangs
// meanwhile, they hear nothing more.
void ReplicasHear(Run& run) {
  Cluster& cluster = run.cluster;
  const Millis down_after = cluster.options().down_after;
  for (int round = 0; round < 3; ++round) {
    const int primary = run.CalmPrimary("the firewall");
    if (primary < 0) return;
    const int attempts = cluster.CountEvents("+try-failover");
    cluster.Silence(primary, true);
    cluster.Run(
        run.Between(down_after.count() * 3 / 2, (kHeardElsewhereFor - 2) * down_after.count()));
    const bool hangs = run.prng.Chance(0.5);
    if (cluster.CountEvents("+try-failover") != attempts) {
      return cluster.checkers().Fail("a primary was replaced that its replicas hear");
    }
    if (hangs) {
      cluster.PauseNode(primary, true);
      cluster.Run(down_after + WitnessLapse(cluster.options()));
      if (cluster.CountEvents("+try-failover") == attempts) {
        return cluster.checkers().Fail("what replicas heard once holds up a failover");
      }
      cluster.PauseNode(primary, false);
    }
    cluster.Silence(primary, false);
    run.Settle("after a firewall that swallows");
  }
}

// Who says that a script keeps it busy is up, unless it never ends.
void Scripts(Run& run) {
  Cluster& cluster = run.cluster;
  for (int round = 0; round < 3; ++round) {
    const int primary = run.CalmPrimary("the script");
    if (primary < 0) return;
    const int attempts = cluster.CountEvents("+try-failover");
    const bool ends = run.prng.Chance(0.5);
    cluster.RunScript(primary, true);
    cluster.Run(ends ? run.Between(1000, kBusyPatience.count() - 500)
                     : kBusyPatience + Millis{6000});
    const bool replaced = cluster.CountEvents("+try-failover") != attempts;
    if (ends && replaced) return cluster.checkers().Fail("a script counted as death");
    if (!ends && !replaced)
      return cluster.checkers().Fail("a script that never ends was waited for");
    cluster.RunScript(primary, false);
    run.Settle("after a script");
  }
}

}  // namespace rha::sim
