// Every period, bound and limit of the Sentinel machine. Those with a Redis counterpart name it.
#pragma once

#include <cstddef>

#include "sidecar/core/types.h"

namespace rha::sidecar::core {

// ---- Redis Sentinel's own values (sentinel.c 7.0)
// ------------------------------------------------
inline constexpr Millis kPingPeriod{1000};           // sentinel_ping_period; at most down-after
inline constexpr Millis kInfoPeriod{10000};          // sentinel_info_period
inline constexpr Millis kInfoPeriodFast{1000};       // while the primary is down or a failover runs
inline constexpr Millis kHelloPeriod{2000};          // sentinel_publish_period
inline constexpr Millis kAskPeriod{1000};            // sentinel_ask_period
inline constexpr Millis kAskReplyValid{5000};        // a peer's "it is down" counts this long
inline constexpr Millis kElectionTimeoutMax{10000};  // sentinel_election_timeout
inline constexpr Millis kDownAfterDefault{30000};    // sentinel_default_down_after
inline constexpr Millis kFailoverTimeoutDefault{180000};
inline constexpr Millis kReconfTimeout{10000};     // sentinel_slave_reconf_timeout
inline constexpr Millis kTiltTrigger{2000};        // sentinel_tilt_trigger
inline constexpr Millis kMinLinkReconnect{15000};  // sentinel_min_link_reconnect_period
inline constexpr int kParallelSyncsDefault = 1;
inline constexpr int kPriorityDefault = 100;

// ---- Ours ------------------------------------------------------------------------------------
inline constexpr Millis kTickPeriod{100};  // longest sleep between two Steps
inline constexpr Millis kTiltPeriod{
    3000};  // Redis: 30 s; a late clock blinds us no longer than needed
inline constexpr Millis kLateTick{500};    // a gap this long forgives every unanswered ping
inline constexpr Millis kBeatPeriod{200};  // heartbeat between our own sidecars
inline constexpr Millis kLease{
    2000};  // without a majority heard this long, a sidecar is in the minority
inline constexpr Millis kReconnectPeriod{200};      // dial a lost node or peer again
inline constexpr Millis kLocalReconnectPeriod{50};  // ... over the local socket
inline constexpr Millis kResolvePeriod{
    1000};  // ask for a member's address again while it is not reached
inline constexpr Millis kInfoPeriodMember{1000};  // INFO of every node of a configured group
inline constexpr Millis kInfoPeriodStep{100};     // INFO of a node whose role change is awaited
inline constexpr Millis kDeathConfirm{
    50};  // a death notice waits this long for the own link to close
inline constexpr Millis kElectionTimeout{
    1000};                                 // a candidate of ours gives up and tries a new epoch
inline constexpr Millis kRetryMin{1000};   // next attempt after a failed or foreign one ...
inline constexpr Millis kRetryMax{1500};   // ... randomised up to this
inline constexpr Millis kRankStagger{60};  // candidate of rank r waits r times this
inline constexpr Millis kLeaderSilence{
    1000};  // a leader whose beats stop this long may be replaced
inline constexpr Millis kBootstrapGrace{
    3000};  // no primary known: wait this long for missing members
inline constexpr Millis kReturnGrace{
    1000};  // the known primary restarted: wait for the others' state
inline constexpr Millis kAmnesiaWait{
    20000};  // a member without memory votes after this, if it must
inline constexpr Epoch kAmnesiaEpochSkip = 64;  // ... and jumps over epochs it may have voted in
inline constexpr Millis kReplicaFixDelay{
    2000};                                    // a member's replica of a wrong primary is re-pointed
inline constexpr Millis kConvertDelay{2000};  // a member claiming primary wrongly is demoted
inline constexpr Millis kReconfRetry{500};    // an unanswered Reconfigure is sent again

inline constexpr size_t kGroupsMax = 1000;
inline constexpr size_t kNodesPerGroupMax = 256;
inline constexpr size_t kPeersMax = 1000;
inline constexpr size_t kMembersMax = 15;
inline constexpr size_t kInfoBytesMax = 1 << 20;
inline constexpr size_t kNameBytesMax = 256;

}  // namespace rha::sidecar::core
