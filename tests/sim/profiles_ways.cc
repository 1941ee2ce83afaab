// Ways that fail while nobody is dead: some sidecars miss the primary, others hear it.
#include "tests/sim/profiles.h"

namespace rha::sim {
namespace {

using sidecar::core::kHeardElsewhereFor;

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
    cluster.Run(run.Between(11000, 13000));
    const int primary = cluster.FirstPrimary();
    if (primary < 0) return cluster.checkers().Fail("no primary before the cut");
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
    cluster.Run(run.Between(11000, 13000));
    const int primary = cluster.FirstPrimary();
    if (primary < 0) return cluster.checkers().Fail("no primary before it is deaf");
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

}  // namespace rha::sim
