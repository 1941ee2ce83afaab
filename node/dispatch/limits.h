// Named limits of the command engine and its sessions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rha::node::dispatch {

constexpr size_t kCommandNameBytesMax = 64;  // longer names are unknown without a look
constexpr size_t kUnknownCommandEchoBytes =
    128;  // of an unknown command and its arguments, in the error
// Different codes of errors that are counted each for itself, and the name of all others.
constexpr size_t kErrorCodesMax = 128;
constexpr std::string_view kOtherErrorCodes = "ERRORSTATS_OVERFLOW";
constexpr size_t kQueuedCommandsReserve = 8;
// The largest proto-max-bulk-len, and so the largest text: an element of a list shares its gigabyte
// with its neighbours.
constexpr int64_t kBulkBytesMost = int64_t{768} << 20;
constexpr size_t kSlowlogArgsMax = 32;
constexpr size_t kSlowlogArgBytesMax = 128;
constexpr size_t kLatencySamplesMax = 160;  // of each event, as Redis keeps

// Eviction: what a point of maxmemory-eviction-tenacity is worth, and how often the clock is asked.
constexpr int64_t kEvictionUsPerTenacity = 50;
constexpr int64_t kTenacityDefault = 10;
constexpr int kEvictionsBetweenClockLooks = 16;
constexpr size_t kReclaimedPerStep = 16;  // members or keys of what waits to be freed

// Of what one command or EXEC has changed, before the first of it leaves for the replicas.
constexpr size_t kPropagationBytesMax = size_t{1} << 20;

// Client side caching: the default of tracking-table-max-keys; the memory of the table for each of
// the keys it may have, and the least; how many keys beyond it are forgotten at once, and of all
// keys the share that comes on top.
constexpr size_t kTrackedKeysDefault = 1'000'000;
constexpr size_t kTrackedBytesPerKey = 256;
constexpr size_t kTrackedBytesFloor = size_t{1} << 20;
constexpr size_t kTrackedForgottenAtOnce = 100;
constexpr size_t kTrackedForgottenShare = 128;
// Of the names that have changed by prefix, before they leave.
constexpr size_t kTrackingListBytesMax = size_t{1} << 20;

}  // namespace rha::node::dispatch
