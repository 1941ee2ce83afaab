// Every limit and period of replication, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/clock.h"
#include "common/trust/peer_proof.h"
#include "node/dispatch/limits.h"
#include "node/persist/limits.h"

namespace rha::node::repl {

// The history of the stream is kept in pieces of this size.
constexpr size_t kBacklogChunkBytes = 64 * 1024;
constexpr uint64_t kBacklogBytesMin = 1;

using persist::kReplIdBytes;
// What snapshots say wrote them: the release whose format they have.
constexpr std::string_view kRedisVersion = "7.0.15";
// Of connected_slaves, those that INFO describes.
constexpr int kReplicasShownMax = 1000;
// A line of the handshake: error texts are the longest.
constexpr size_t kHandshakeLineBytesMax = 4096;
// Words of the answer to REDISHA HELLO: uid, name, nonce and a proof for each key.
constexpr size_t kHelloWordsMax = 3 + trust::kKeysMax;
// What a command of the stream that was larger has left is given back.
constexpr size_t kStreamInputKeptBytesMax = 1 << 20;
constexpr size_t kErrorTextBytesMax = 512;  // as INFO shows it
constexpr size_t kEofMarkBytes = 40;
constexpr size_t kAnnouncedIpBytesMax = 255;
// What role_memory.h keeps: three names and a number.
constexpr size_t kRoleRecordBytesMax = 2048;
// A capability that only nodes of this kind answer with +REDISHA: then replicas acknowledge every
// batch.
constexpr std::string_view kOwnKindCapability = "redisha-ack";
constexpr std::string_view kOwnKindAnswer = "+REDISHA ";
// Another: the stream is to come compressed (stream_packer.h).
constexpr std::string_view kPackedCapability = "redisha-lz4";
constexpr std::string_view kPackedAnswer = "+REDISHA-LZ4";

// What is read from the primary at once, and sent to a replica at once.
constexpr size_t kReadBytes = 256 * 1024;
constexpr size_t kSnapshotReadBytes = 256 * 1024;
// Reads from the primary in one turn of the loop, so that clients are served meanwhile.
constexpr int kReadsPerTurnMax = 4;
// While CLIENT PAUSE holds back the stream, no more is read than this, or than it goes beyond with
// one read: what goes on then takes no longer than any turn.
constexpr size_t kHeldInputBytesMax = kReadsPerTurnMax * kReadBytes;
// A command of the stream may be this large before the link counts as broken.
constexpr int64_t kStreamBulkBytesMax = dispatch::kBulkBytesMost;

// Connecting again after a failure: at once, then after growing pauses, which stay at the least
// while nobody answers at an address.
constexpr Millis kReconnectPauseMin{100};
constexpr Millis kReconnectPauseMax{1000};

// How often a snapshot that is still being written is looked at for more to send.
constexpr Millis kSnapshotPollInterval{5};
// Writes that are held back for a replica that lags wait no longer than this at a time, and only
// while it was heard of so lately.
constexpr Millis kBrakeHoldMax{100};
constexpr std::chrono::seconds kBrakeSilenceMax{2};
// Signs of life to a replica that waits for its snapshot.
constexpr Millis kKeepAliveInterval{1000};
// Acknowledgements to the primary, and the look at timeouts.
constexpr Millis kCronInterval{1000};
// FAILOVER … TIMEOUT: beyond this it is as good as none.
constexpr Millis kFailoverTimeoutMax = std::chrono::hours(24 * 365);
// Loading a snapshot goes on for this long before others are served.
constexpr Millis kLoadSlice{20};

}  // namespace rha::node::repl
