// Every bound and period of the sidecar's shell. The machine's own are in sidecar/core/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace rha::sidecar::shell {

// Clients of our port. Beyond kClientsMax there is room for members of the RedisHA alone.
constexpr size_t kClientsMax = 10000;
constexpr size_t kStrangersMax = 1024;                // ... that have not authenticated: oldest out
constexpr size_t kStrangerInputBytesMax = 32 << 10;   // AUTH and its words
constexpr size_t kStrangerOutputBytesMax = 4 << 10;   // errors that are not read: closed
constexpr size_t kClientOutputPauseBytes = 64 << 10;  // no further request until these are read
constexpr size_t kClientOutputBytesMax = 32 << 20;    // of one answer, not read: closed
constexpr size_t kClientsOutputBytesMax = 64 << 20;   // ... of all clients together
constexpr size_t kSubscriberOutputBytesMax = 1 << 20;    // messages that are not read: closed
constexpr size_t kSubscribersOutputBytesMax = 32 << 20;  // ... of all subscribers together
constexpr size_t kClientInputBytesMax = 256 << 10;       // one request
constexpr int64_t kClientBulkBytesMax = 64 << 10;
constexpr size_t kClientWordBytesMax = 1024;  // what is kept of it: its name, each channel
constexpr size_t kDescriptorsKept = 256;      // for our own links and files; clients have the rest
constexpr Millis kIdlePoll{1000};             // how often clients are looked for that say nothing
constexpr Millis kAcceptPause{200};           // when descriptors have run out
constexpr size_t kReadBytes = 16 * 1024;
constexpr size_t kSubscriptionsPerClientMax = 1000;

// Secrets.
constexpr size_t kSecretFileBytesMax = 16 << 10;
constexpr Millis kSecretOverlap = std::chrono::minutes(10);  // old and new count

// Links to nodes and peers.
constexpr size_t kLinkReplyBytesMax = 2 << 20;   // INFO is the largest
constexpr size_t kPeerReplyBytesMax = 16 << 10;  // a vote, an OK or an error
constexpr size_t kReasonBytesMax = 200;          // of another's words, in the log
constexpr size_t kLinkPendingMax = 100;          // SENTINEL_MAX_PENDING_COMMANDS
// Until introduced: four ways there and back, one of them with a packet that is lost.
constexpr Millis kConnectTimeout{2500};
constexpr Millis kLocalConnectTimeout{500};  // over the unix socket
constexpr Millis kSubscriptionRetry{1000};   // the pub/sub channel alone was lost

constexpr size_t kCachedInfoBytesMax = 32 << 20;  // of all nodes together

// Scripts, as in Redis.
constexpr size_t kScriptsRunningMax = 16;
constexpr size_t kScriptsQueuedMax = 256;
constexpr int kScriptTriesMax = 10;
constexpr Millis kScriptsPoll{50};  // while there are any

// Addresses that this sidecar has had and told; beyond that nobody is said to have the same id.
constexpr size_t kToldAddressesMax = 256;

// The process.
constexpr Millis kStopPoll{50};         // how often a stopping sidecar asks whether it may leave
constexpr Millis kStopMax{10000};       // ... and how long it stays at most
constexpr Millis kLoopLateMax{5000};    // /healthz fails when the loop has not turned for this long
constexpr Millis kPageWait{1000};       // how long a page waits for the loop
constexpr Millis kNodeScrapeWait{500};  // ... and the loop for the own node's INFO
constexpr Millis kVotersPoll{500};      // how often the file is looked at for other voters
constexpr Millis kVotersStagger{1000};  // between two members that take them over
// Of a configured group's state: kMembersMax names, kLineageMax histories.
constexpr size_t kStateRecordBytesMax = 16 << 10;

// The role label.
constexpr Millis kLabelRetryMin{200};
constexpr Millis kLabelRetryMax{30000};
constexpr Millis kLabelCheckPeriod{30000};  // whether the pod still has it
constexpr Millis kLabelRequestTimeout{5000};

// What clients are told of the protocol's generation.
constexpr char kRedisVersion[] = "7.0.15";

constexpr uint16_t kSentinelPort = 26379;
constexpr uint16_t kMetricsPort = 9121;

}  // namespace rha::sidecar::shell
