// Faults that the simulator must notice. Each is one `if (Mutated(...))` at the place where the
// rule it breaks is kept; tests/sim/mutants.cc says what each does, and `sim_mutants --all` how
// many seeds it takes to catch it. In production Mutated() is a constant, so that nothing of it is
// left.
#pragma once

#include <cstdint>

namespace rha::sidecar::core {

enum class Mutant : uint8_t {
  kNone,
  kVoteBeforeDurable,
  kVotesForgotten,
  kAmnesiacVotes,
  kMajorityOfConnected,
  kVoteAgainstHealthy,
  kInfoFromBeforeSwitch,
  kAnyProcessPromoted,
  kNotSuperseded,
  kNoFreshInfo,
  kOldPrimaryStaysPrimary,
  kHealsInMinority,
  kMinorityNamesPrimary,
  kAddressFrozen,
  kSdownEndsPromotion,
  kLatenessIgnored,
  kLengthBeforeEpoch,
  kEpochRestamped,
  kEmptyPromoted,
  kPriorityFirst,
  kLoadingPromoted,
  kLabelFromMemory,
  kStrangersBelieved,
  kHelloBelieved,
  kLastPrimaryNotWaited,
  kInitialisedForgotten,
  kMisconfIsDown,
  kFailedVoteAnswered,
  kTiltBlindsHealing,
  kLeadsAfterPause,
  kLeavesWithItsNode,
  kKinshipIgnored,
  kNeverUpIsForEver,
  kUnsealed,
  kUnprovenCounts,
  kLoneMajority,
  kPlannedByForce,
  kUndrained,
  kHelloWhileHeld,
  kRefusedIsDead,
  kVetoIgnored,
  kHearsayIgnored,
  kHeardForEver,
  kDeafWitness,
  kReplicasNotHeard,
  kOldWitness,
  kBusyIsDown,
  kBusyForEver,
};

#ifdef RHA_MUTANTS
inline Mutant active_mutant = Mutant::kNone;
inline bool Mutated(Mutant mutant) { return active_mutant == mutant; }
#else
constexpr bool Mutated(Mutant) { return false; }
#endif

}  // namespace rha::sidecar::core
