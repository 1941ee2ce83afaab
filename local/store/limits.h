// Limits of the object store.
#pragma once

#include <cstddef>

namespace rha::local::store {

constexpr size_t kHistoryEventsMax = 10'000;   // older versions answer a watch with 410 Gone
constexpr size_t kObjectBytesMax = 1'500'000;  // as etcd
constexpr size_t kJournalBytesMin = 8u << 20;  // no compaction below this size
constexpr size_t kJournalGrowthFactor = 4;     // rewritten when this many times the live objects

}  // namespace rha::local::store
