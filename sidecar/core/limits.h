// Every period, bound and limit of the Sentinel machine. Those with a Redis counterpart name it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sidecar/core/types.h"

namespace rha::sidecar::core {

// ---- Redis Sentinel's own values (sentinel.c 7.0) ---------------------------------------------
inline constexpr Millis kPingPeriod{1000};           // sentinel_ping_period; less if down-after is
inline constexpr Millis kPingPeriodMin{50};          // ... nor less than this
inline constexpr Millis kInfoPeriod{10000};          // sentinel_info_period
inline constexpr Millis kInfoPeriodFast{1000};       // ... while the primary is in trouble
inline constexpr Millis kHelloPeriod{2000};          // sentinel_publish_period
inline constexpr Millis kAskPeriod{1000};            // sentinel_ask_period
inline constexpr Millis kAskReplyValid{5000};        // a peer's "it is down" counts this long
inline constexpr Millis kElectionTimeoutMax{10000};  // sentinel_election_timeout
inline constexpr Millis kDownAfterDefault{30000};
inline constexpr Millis kFailoverTimeoutDefault{180000};
inline constexpr Millis kReconfTimeout{10000};  // sentinel_slave_reconf_timeout
inline constexpr Millis kTiltTrigger{2000};
inline constexpr Millis kMinLinkReconnect{15000};
inline constexpr Millis kScriptRuntimeMax{60000};  // sentinel_script_max_runtime
inline constexpr Millis kScriptRetryDelay{30000};  // sentinel_script_retry_delay
inline constexpr int kParallelSyncsDefault = 1;
inline constexpr int kPriorityDefault = 100;

// ---- Links ------------------------------------------------------------------------------------
// Longest sleep between two Steps.
inline constexpr Millis kTickPeriod{100};
// Heartbeat between our own sidecars of a configured group.
inline constexpr Millis kBeatPeriod{200};
// Dial a lost node or peer again; the node beside us over its socket.
inline constexpr Millis kReconnectPeriod{200};
inline constexpr Millis kUnreachedPeriod{2000};  // ... a classic peer that was never reached
inline constexpr Millis kLocalReconnectPeriod{50};
// A connection attempt without any outcome.
inline constexpr Millis kDialTimeout{3000};
// Ask for a member's address again while the member is not reached.
inline constexpr Millis kResolvePeriod{1000};
// INFO of a configured group's nodes; of the own one, so that beats carry fresh offsets; of one
// whose change of role is awaited.
inline constexpr Millis kInfoPeriodMember{1000};
inline constexpr Millis kInfoPeriodLocal{200};
inline constexpr Millis kInfoPeriodStep{100};
// Of replicas that are to say whether they have lost a primary whose host refuses connections, and
// for how long.
inline constexpr Millis kInfoPeriodRefused{20};
inline constexpr Millis kRefusedAsk{1000};
// It must still be refused so much later: what restarts at once (a process under its supervisor, a
// forwarder that all come through) is back by then.
inline constexpr Millis kRefusedAgain{80};
// While somebody else hears the primary a quorum waits until it has been silent here for so many
// times down-after: under loss and delay a closed connection takes seconds to be there again.
inline constexpr int kHeardElsewhereFor = 5;
// A replica that is asked whether it still hears the primary answers within this, or is not waited
// for. What it heard must be so much newer than the silence that the clocks which both were read
// from cannot have made the difference (Redis reads its own ten times a second).
inline constexpr Millis kWitnessWait{100};
inline constexpr Millis kWitnessMargin{150};
// A node that says it is busy with a script is not down before this. Then it is, and is told to
// kill the script; with a longer down-after as in Redis, which takes -BUSY for no answer at all.
inline constexpr Millis kBusyPatience{10000};
// Who hears the primary tells those who do not at once, but not more often than that.
inline constexpr Millis kHearingAnswer{100};
// Older INFO says nothing about a candidate.
inline constexpr Millis kInfoFresh{5000};

// ---- Judgement --------------------------------------------------------------------------------
// Redis stops acting for 30 s when its clock jumped; a late clock blinds us no longer than needed.
inline constexpr Millis kTiltPeriod{3000};
// After a gap this long between Steps, or half of down-after if that is less, every unanswered
// ping is forgiven: we were late, not they.
inline constexpr Millis kLateTick{500};
// What a round trip may take without being told apart from none; what it takes beyond that on a
// link is no silence of the other side. At most half of down-after, though: a busy server's late
// answers look like a slow network's.
inline constexpr Millis kTripFree{50};
// Pings on the way of which is known when they were sent.
inline constexpr size_t kPingsOnTheWayMax = 512;
// A replica that lost the primary when this sidecar did says so in whole seconds.
inline constexpr Millis kLostTogether{2000};
// Without a majority heard this long, a member is in the minority and names no primary.
inline constexpr Millis kLease{2000};
// Who stood still for longer than that reads first, for this long, what the others said meanwhile.
inline constexpr Millis kBacklogRead{100};
// The group's primary calls itself replica this long: it is down (configured groups).
inline constexpr Millis kRoleMismatch{2000};

// ---- Election and failover --------------------------------------------------------------------
// A candidate of ours gives up and tries a new epoch.
inline constexpr Millis kElectionTimeout{1000};
// An unanswered vote request is repeated.
inline constexpr Millis kAskRetry{200};
// Next attempt after a failed or foreign one, randomised.
inline constexpr Millis kRetryMin{1000};
inline constexpr Millis kRetryMax{1500};
// ... and after a split vote, which is known to be lost before any timeout.
inline constexpr Millis kSplitRetryMin{50};
inline constexpr Millis kSplitRetryMax{300};
// Each lost election doubles what the next one may take and how far apart attempts are, so often at
// most: disks, on which votes wait, may be slow.
inline constexpr int kPatienceDoublings = 3;
// A classic group without a good replica looks again, and then after twice the time each time.
inline constexpr Millis kNoReplicaRetry{5000};
inline constexpr int kInVainDoublings = 10;
// A candidate of rank r waits r times this, plus a little chance.
inline constexpr Millis kRankStagger{60};
inline constexpr Millis kStaggerJitter{10};
// A leader whose beats stop this long may be replaced.
inline constexpr Millis kLeaderSilence{1000};
// The chosen one should have the newest offset: wait this long for INFO that was asked for.
inline constexpr Millis kSelectWait{100};
// ... and ask again this often while the offset may still grow.
inline constexpr Millis kSelectPoll{5};
// So that a majority stands still, a slow disk beside one of them gets this long.
inline constexpr Millis kSealWait{1000};
// A member that does not become primary in this time.
inline constexpr Millis kPromotionTimeout{5000};
// For a planned move of a classic group writes are held back for half of down-after at most, within
// these bounds; a primary that does not answer this long is not waited for.
inline constexpr Millis kHandoverLeast{200};
inline constexpr Millis kHandoverMost{5000};
// A replica of redis-server tells once a second how much it has.
inline constexpr Millis kHandoverAcks{1500};
inline constexpr Millis kHandoverAnswer{500};
// An unanswered Reconfigure is sent again.
inline constexpr Millis kReconfRetry{500};

// ---- Configured groups ------------------------------------------------------------------------
// Before an empty or restarted node is chosen, missing members get this long to appear.
inline constexpr Millis kBootstrapGrace{3000};
// ... and the member that led last this long, when everything was down: only it knows what it
// acknowledged last (redisha-cold-start-wait-milliseconds).
inline constexpr Millis kColdStartWaitDefault{30000};
// A member without memory votes after this even if it could not ask enough others; it then jumps
// over the epochs it may have voted in.
inline constexpr Millis kAmnesiaWait{20000};
inline constexpr Epoch kAmnesiaEpochSkip = 64;
// A node in the wrong role is corrected by the sidecar beside it at once, by others after this.
inline constexpr Millis kConvertDelay{2000};
// News of a promotion reaches every member within this.
inline constexpr Millis kPromotionNews{600};
// Write the state again after a failure.
inline constexpr Millis kPersistRetry{1000};
// A stopping sidecar waits this long for its node's end and for a successor.
inline constexpr Millis kStopTimeout{10000};

// ---- Plausibility -----------------------------------------------------------------------------
// One election is one step, so what others say is this far above what is known, at most: a forged
// hello must not use up the numbers. (A million elections are twelve days of one a second.)
inline constexpr Epoch kEpochJumpMax = 1 << 20;
// A majority of the known sentinels may be made up by one who forges hellos: what it names is
// caught up with as far as there can have been elections, and the numbers are not used up.
inline constexpr Epoch kEpochCatchUpMax = Epoch{1} << 40;
// Numbers on the wire are signed. What a file says beyond this is read as this: nobody can have won
// such an epoch, and as many again are left.
inline constexpr Epoch kEpochOnWireMax = (Epoch{1} << 63) - 1;
inline constexpr Epoch kEpochInFileMax = Epoch{1} << 62;
// The same complaint about implausible epochs, at most this often.
inline constexpr Millis kImplausibleNotePeriod{60000};

// ---- Sizes ------------------------------------------------------------------------------------
inline constexpr Millis kPeriodMost{1000LL * 60 * 60 * 24 * 365};  // of a setting
inline constexpr size_t kGroupsMax = 1000;
inline constexpr size_t kNodesPerGroupMax = 256;
inline constexpr size_t kPeersMax = 1000;
inline constexpr size_t kMembersMax = 15;
inline constexpr size_t kInfoBytesMax = 1 << 20;
inline constexpr int64_t kInfoSecondsMax = int64_t{100} * 365 * 86400;
inline constexpr int64_t kInfoCountMax = int64_t{1} << 60;  // offsets, keys; sums of two still fit
inline constexpr size_t kNameBytesMax = 256;
// Histories remembered of the own node's data: as many promotions may lie between two saves.
inline constexpr size_t kLineageMax = 16;

}  // namespace rha::sidecar::core
