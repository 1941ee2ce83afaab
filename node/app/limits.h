// Named limits of the server's connections.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace rha::node::app {

constexpr size_t kReadChunkBytes = 64 * 1024;      // one read of a ready connection
constexpr size_t kQueryBufferBytesMax = 1u << 30;  // client-query-buffer-limit
constexpr size_t kInputKeptBytesMax = 32 * 1024;   // an idle connection gives back more than that
constexpr int64_t kOutputKeptMsMax = 2000;         // and its last chunk of output after so long
constexpr size_t kWriteBytesPerTurn =
    256 * 1024;  // of one connection, so that others get their turn
constexpr size_t kRequestBytesPerTurn = 1 << 20;  // likewise of input
constexpr size_t kReplyBytesPerTurn = 1 << 20;    // then its further requests wait a turn
constexpr int64_t kExecuteMsPerTurn = 5;
constexpr size_t kPiecesPerWrite = 17;       // of output, so about kWriteBytesPerTurn at once
constexpr size_t kStreamPiecesPerWrite = 2;  // and behind it of a replica's stream

// Requests that have come while others are executed wait in our memory up to here, then in the
// kernel's.
constexpr size_t kInputWaitingBytesMax = 1 << 20;

// Who has never authenticated is trusted with no more than this; beyond it the connection ends.
constexpr size_t kUnauthenticatedInputBytesMax = 64 * 1024;  // an incomplete request
constexpr size_t kUnauthenticatedOutputBytesMax = 32 * 1024;
constexpr size_t kUnauthenticatedReplyBytesPerTurn = 16 * 1024;
// All of them together (admission.h). Many, because after a failover all clients come at once.
constexpr size_t kStrangersMax = 4096;
constexpr size_t kStrangersBytesMax = 32u << 20;
// Beyond maxclients: those who may prove to be members, and the members.
constexpr size_t kOverLimitMax = 128;
constexpr int kMemberDescriptors = 128 + static_cast<int>(kOverLimitMax);

// maxmemory-clients below it counts as this: nobody could be talked to.
constexpr size_t kClientBytesMaxLeast = 128 * 1024;

constexpr size_t kSamplesMost = 64;  // maxmemory-samples beyond it count as this

constexpr int kLooksPerDearTurn = 8;  // while there are replicas, see Reactor::set_looks_per_turn
constexpr int kAcceptsPerTurn = 1000;
constexpr Millis kGivenUpFileWait{500};  // at the end; what takes longer the next start removes
constexpr Millis kAcceptPause{100};      // when descriptors have run out
constexpr int64_t kDeadlineWaitMsMax = 3'600'000;  // then the clock is looked at again
constexpr int kReservedDescriptors = 32;           // files, listeners, epoll; besides maxclients

// What of the append-only file may wait for the disk before writes wait, too; and before the file
// is given up until it is rewritten (a replica's primary does not wait).
constexpr int64_t kAofLagBytesMax = int64_t{64} << 20;
constexpr int64_t kAofLagBytesMost = 4 * kAofLagBytesMax;

// Data of an RDB file that is no larger have their append-only file before anybody is served.
constexpr uint64_t kFirstBaseAtOnceBytesMax = uint64_t{16} << 20;

// Connections of MIGRATE to other servers: how many are kept, and for how long without use.
constexpr size_t kMigrationLinksMax = 64;
constexpr Millis kMigrationLinkKept{10'000};
constexpr Millis kMigrationIdleLook{1000};
constexpr Millis kMigrationHeldLook{1};  // while values may not leave yet

// Files of secrets: passwords and keys are short.
constexpr size_t kSecretFileBytesMax = 16 * 1024;
// How often they are looked at, and how long one that was replaced is still accepted, so
// that nobody is locked out while the new one makes its way to all who use it.
constexpr Millis kSecretLookInterval{1000};
constexpr Millis kReplacedSecretTime{120'000};

// In dir: what repl/role_memory.h keeps.
constexpr const char* kRoleFileName = "redisha-role";

}  // namespace rha::node::app
