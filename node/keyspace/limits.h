// Named limits of the keyspace.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::node::keyspace {

constexpr int kDatabasesDefault = 16;
constexpr size_t kStringBytesMaxDefault = 512u << 20;  // proto-max-bulk-len
constexpr size_t kEmbeddedStringBytesMax = 44;         // OBJECT ENCODING embstr

// Active expiry, one slice: this many keys are looked at between two looks at the clock, and the
// slice goes on while more than this share of them was expired.
constexpr size_t kExpireSampleKeys = 20;
constexpr int kExpireStalePercentAccepted = 10;

}  // namespace rha::node::keyspace
