// Every bound and period of the sidecar's shell. The machine's own are in sidecar/core/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace rha::sidecar::shell {

// Clients of our port.
constexpr size_t kClientsMax = 10000;
constexpr size_t kClientOutputBytesMax = 32 << 20;  // pub/sub of a client that does not read
constexpr size_t kClientInputBytesMax = 1 << 20;    // one request
constexpr int64_t kClientBulkBytesMax = 512 << 10;
constexpr Millis kAcceptPause{200};  // when descriptors have run out
constexpr size_t kReadBytes = 16 * 1024;
constexpr size_t kSubscriptionsPerClientMax = 1000;

// Links to nodes and peers.
constexpr size_t kLinkPendingMax = 100;      // SENTINEL_MAX_PENDING_COMMANDS
constexpr Millis kConnectTimeout{1000};      // until introduced
constexpr Millis kLocalConnectTimeout{500};  // over the unix socket
constexpr Millis kSubscriptionRetry{1000};   // the pub/sub channel alone was lost

constexpr size_t kCachedInfosMax = 1024;
constexpr Millis kCachedInfoAgeMax = std::chrono::hours(1);

// The process.
constexpr Millis kStopPoll{50};         // how often a stopping sidecar asks whether it may leave
constexpr Millis kStopMax{10000};       // ... and how long it stays at most
constexpr Millis kLoopLateMax{5000};    // /healthz fails when the loop has not turned for this long
constexpr Millis kPageWait{1000};       // how long a page waits for the loop
constexpr Millis kNodeScrapeWait{500};  // ... and the loop for the own node's INFO
constexpr Millis kVotersPoll{500};      // how often the file is looked at for other voters
constexpr Millis kVotersStagger{1000};  // between two members that take them over
constexpr size_t kConfigBytesMax = 16 << 20;

// The role label.
constexpr Millis kLabelRetryMin{200};
constexpr Millis kLabelRetryMax{30000};
constexpr Millis kLabelRequestTimeout{5000};

// What clients are told of the protocol's generation.
constexpr char kRedisVersion[] = "7.0.15";

constexpr uint16_t kSentinelPort = 26379;
constexpr uint16_t kMetricsPort = 9121;

}  // namespace rha::sidecar::shell
