// Named limits of the keyspace.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::keyspace {

constexpr int kDatabasesDefault = 16;

// The sweep: buckets (of about 11 keys) between two looks at the clock; a slice goes on while more
// than this share of the keys with a time to live was expired, and passes at least 1/500 of the
// keys, so that ten slices a second pass each key within a minute (AgeClock needs that).
// Keys that a writable replica deletes by itself, and how many of them are looked at in a slice.
constexpr size_t kOwnTimedKeysMax = 1'000'000;
constexpr size_t kOwnTimedPerSlice = 256;

constexpr size_t kSweepBuckets = 16;
constexpr size_t kSweepKeysMin = 1000;
constexpr size_t kSweepShare = 500;
constexpr size_t kSweepStalePercentAccepted = 10;

// Keys that are known to be ripe for eviction, and buckets to search for more at one go.
constexpr size_t kEvictionPoolMax = 16;
constexpr size_t kEvictionBucketsMax = 1000;

}  // namespace rha::node::keyspace
