#include "tests/sim/mutants.h"

namespace rha::sim {
namespace {

using sidecar::core::Mutant;

constexpr MutantRow Machine(const char* name, Mutant mutant, const char* what) {
  return {.name = name, .machine = mutant, .what = what};
}
constexpr MutantRow World(const char* name, WorldFault fault, const char* what) {
  return {.name = name, .world = fault, .what = what};
}

constexpr MutantRow kTable[] = {
    // Votes and memory.
    Machine("vote-before-durable", Mutant::kVoteBeforeDurable,
            "P3: a vote is answered before it is on disk"),
    Machine("votes-forgotten", Mutant::kVotesForgotten, "P3: a restart forgets the last vote"),
    Machine("amnesiac-votes", Mutant::kAmnesiacVotes,
            "P3: who lost its disk votes at once, perhaps again in an epoch it voted in"),
    World("state-blanked", WorldFault::kStateBlanked,
          "the driver writes the state before the machine has read what was saved"),
    // Who may decide.
    Machine("majority-of-connected", Mutant::kMajorityOfConnected,
            "P4, P5: the majority is one of those connected, not of those configured"),
    Machine("vote-against-healthy", Mutant::kVoteAgainstHealthy,
            "a late candidate gets votes against a primary promoted a moment before"),
    Machine("info-from-before-switch", Mutant::kInfoFromBeforeSwitch,
            "INFO from before the promotion says that the new primary lost its role"),
    Machine("minority-names-primary", Mutant::kMinorityNamesPrimary,
            "a sidecar without a majority goes on naming the old primary"),
    Machine("heals-in-minority", Mutant::kHealsInMinority,
            "a node is re-pointed on the word of one sidecar"),
    Machine("lateness-ignored", Mutant::kLatenessIgnored,
            "after a pause the others' silence is held against them"),
    // The failover.
    Machine("not-superseded", Mutant::kNotSuperseded,
            "P13: a leader that was stopped goes on with a failover that others have finished"),
    Machine("any-process-promoted", Mutant::kAnyProcessPromoted,
            "the process that is promoted is not the one that was chosen: it restarted empty"),
    Machine("sdown-ends-promotion", Mutant::kSdownEndsPromotion,
            "an old primary that gets its role again counts as down until it has it"),
    Machine("old-primary-stays", Mutant::kOldPrimaryStaysPrimary,
            "P9: a primary that comes back keeps its role"),
    Machine("address-frozen", Mutant::kAddressFrozen, "a pod's new address is not taken over"),
    // Which copy.
    Machine("no-fresh-info", Mutant::kNoFreshInfo,
            "the choice is made from offsets as they were before the death"),
    Machine("length-before-epoch", Mutant::kLengthBeforeEpoch,
            "the longest history wins, whichever epoch it is of"),
    Machine("epoch-restamped", Mutant::kEpochRestamped,
            "P1: data counts as of the present epoch before it holds that epoch's stream"),
    Machine("empty-promoted", Mutant::kEmptyPromoted,
            "an empty node is promoted while data may exist"),
    Machine("priority-first", Mutant::kPriorityFirst, "the ordinal goes before the history"),
    Machine("loading-promoted", Mutant::kLoadingPromoted, "a loading node is chosen"),
    Machine(
        "label-from-memory", Mutant::kLabelFromMemory,
        "a sidecar that restarts takes the primary's label on old memory, from the new primary"),
    World("any-epoch-obeyed", WorldFault::kAnyEpochObeyed,
          "P13: the node obeys an order of an epoch older than one it has seen"),
    World("label-not-taken", WorldFault::kLabelNotTaken,
          "a pod that is switched off keeps its label, so the primary Service has a dead endpoint"),
    World("flush-before-load", WorldFault::kFlushBeforeLoad,
          "P2: a full synchronisation empties the replica before the new data is whole"),
    // What reaches it from outside.
    Machine("strangers-believed", Mutant::kStrangersBelieved,
            "votes, beats and deaths count whoever says them"),
    Machine("hello-believed", Mutant::kHelloBelieved,
            "a hello, which everybody can publish, is news, and any epoch is plausible"),
    World("proof-skipped", WorldFault::kProofSkipped,
          "whoever answers at a member's address is taken for it, and its PONG for being heard"),
    Machine("last-primary-not-waited", Mutant::kLastPrimaryNotWaited,
            "P12: after everything was down a majority begins without the one that led last"),
    Machine("initialised-forgotten", Mutant::kInitialisedForgotten,
            "P12: an empty majority begins anew over a volume that is late"),
    Machine("misconf-is-down", Mutant::kMisconfIsDown, "a full volume counts as death"),
    World("votes-unreserved", WorldFault::kVotesUnreserved,
          "a full volume takes the space of the votes too"),
    Machine("failed-vote-answered", Mutant::kFailedVoteAnswered,
            "P3: a vote is answered although it could not be written"),
    Machine("tilt-blinds-healing", Mutant::kTiltBlindsHealing,
            "who was stopped does not demote its own returning primary for 3 s"),
    Machine("leads-after-pause", Mutant::kLeadsAfterPause,
            "P13: a leader that was stopped goes on with what it had begun"),
    World("clock-stops", WorldFault::kClockStops,
          "the clock stands still while the machine sleeps, so a sleep is not noticed"),
    World("wall-clock", WorldFault::kWallClock, "the driver reads a clock that can be set"),
    World("scaled-at-once", WorldFault::kScaledAtOnce,
          "P4: two voters come or go at a time, so that two majorities have no member in common"),
    // Writes that need copies.
    Machine(
        "unsealed", Mutant::kUnsealed,
        "the choice is made from copies that go on: one may acknowledge more to the old primary"),
    Machine("unproven-counts", Mutant::kUnprovenCounts,
            "P3: what a restarted node finds counts as all that it ever acknowledged"),
    Machine("lone-majority", Mutant::kLoneMajority, "P11: of two members one is a majority"),
    World("connected-commit", WorldFault::kConnectedCommit,
          "P5: a write needs copies of those connected, not of those configured"),
    World("unknown-answered", WorldFault::kUnknownAnswered,
          "P6: a primary that is deposed answers the writes whose outcome it does not know"),
    World("dirty-reads", WorldFault::kDirtyReads,
          "P7: others read what is not yet in enough copies"),
    World("acts-alone", WorldFault::kActsAlone,
          "P10: a replica expires or evicts by its own clock"),
    // Classic groups.
    Machine("kinship-ignored", Mutant::kKinshipIgnored,
            "classic: priority and offset choose, as in Redis, whoever's data it is"),
    Machine("never-up-is-for-ever", Mutant::kNeverUpIsForEver,
            "classic: a replica that started after its primary had died is no candidate"),
    Machine("planned-by-force", Mutant::kPlannedByForce,
            "classic: a primary that lives is replaced without asking it, while it takes writes"),
    Machine("undrained", Mutant::kUndrained,
            "classic: the replica is promoted before it has what the primary acknowledged last"),
    Machine("hello-while-held", Mutant::kHelloWhileHeld,
            "classic: a hello to a primary whose writes are held back holds up its demotion"),
    Machine("refused-is-dead", Mutant::kRefusedIsDead,
            "classic: a refused connection is death, whatever the replicas say"),
    Machine("veto-ignored", Mutant::kVetoIgnored,
            "classic: one replica that has lost the primary outvotes another that hears it"),
    // Ways that fail.
    Machine("hearsay-ignored", Mutant::kHearsayIgnored,
            "a primary is replaced although somebody within reach hears it"),
    Machine("heard-for-ever", Mutant::kHeardForEver,
            "a primary that one sidecar hears is never replaced, whoever else has lost it"),
    Machine("deaf-witness", Mutant::kDeafWitness,
            "who hears nobody is believed that the primary is well"),
    Machine("replicas-not-heard", Mutant::kReplicasNotHeard,
            "classic: a primary is replaced although its replicas hear it"),
    Machine("old-witness", Mutant::kOldWitness,
            "classic: what a replica heard once holds up the failover of a primary that hangs"),
    Machine("busy-is-down", Mutant::kBusyIsDown, "who says that a script keeps it busy is down"),
    Machine("busy-for-ever", Mutant::kBusyForEver, "a script that never ends is waited for"),
    // Pods that are told to stop.
    Machine("leaves-with-its-node", Mutant::kLeavesWithItsNode,
            "a sidecar that is told to stop leaves before another primary is known"),
};

}  // namespace

std::span<const MutantRow> MutantTable() { return kTable; }

}  // namespace rha::sim
