// What is done to a cluster in one seeded run. A profile is a row of the table at the end of
// profiles.cc: which faults, in which world, under which switches.
#pragma once

#include <span>

#include "tests/sim/cluster.h"
#include "tests/sim/faults.h"

namespace rha::sim {

inline constexpr Millis kSettleLimit{30000};
inline constexpr Millis kLateOrders{15000};  // longer than what a connection takes to give up

// One run: the cluster, what it tells, and the chance that draws the faults.
struct Run {
  Cluster& cluster;
  Outcome& outcome;
  Prng& prng;
  int memoryless = -1;  // the one member that may have lost its disk lately

  int AnyPod() { return static_cast<int>(prng.Below(cluster.size())); }
  int OtherThan(int pod) {
    const int other = static_cast<int>(prng.Below(cluster.size() - 1));
    return other < pod ? other : other + 1;
  }
  Millis Between(int64_t low, int64_t high) { return Millis{prng.Between(low, high)}; }
  // The primary, once its replicas have been learned: its INFO is read every ten seconds. -1, which
  // is a failure: there is none.
  int CalmPrimary(const char* before);
  // Runs until everyone agrees, or that is a failure.
  void Settle(const char* after);
};

struct Profile {
  const char* name;
  void (*faults)(Run&);
  // Draws the world it happens in; what is not set is the same for all.
  void (*world)(ClusterOptions&, Prng&);
};

std::span<const Profile> Profiles();

// profiles_outside.cc
void Strangers(Run& run);
void Impersonators(Run& run);
void AddressReuse(Run& run);
void SleepingMachines(Run& run);
void FullDisks(Run& run);
void Scaling(Run& run);
void LastLeader(Run& run);
void BriefReign(Run& run);
void LowQuorum(Run& run);
void LoneSidecar(Run& run);
void MemoryLost(Run& run);

// profiles_classic.cc
void Classic(Run& run);
void Firewalls(Run& run);
void PlannedMoves(Run& run);

// profiles_quorum.cc
void Moves(Run& run);
void QuorumWrites(Run& run);
void QuorumOfTwo(Run& run);
void StaleCopy(Run& run);

// profiles_ways.cc
void HalfHeard(Run& run);
void DeafPrimary(Run& run);
void ReplicasHear(Run& run);
void Scripts(Run& run);

// profiles_stops.cc
void LostVotes(Run& run);
void GracefulStops(Run& run);

}  // namespace rha::sim
