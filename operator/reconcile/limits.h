// Bounds and periods of the reconciler.
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace rha::op::reconcile {

// Everything is looked at again this often, even when no event came.
inline constexpr Millis kResyncPeriod{600'000};
// An API that is asked for and does not exist is looked for this often.
inline constexpr Millis kDiscoveryPeriod{10'000};
// A missing Secret is looked for this often; Secrets are not watched (least privilege).
inline constexpr Millis kMissingSecretPeriod{10'000};
// Volume claims are not watched either; those that are in the way are looked for this often.
inline constexpr Millis kClaimsPeriod{5'000};
// A Secret that was there is not asked for again within this time.
inline constexpr Millis kSecretCheckPeriod{60'000};
// How long a cache may take to show what we wrote ourselves.
inline constexpr Millis kCacheLagMax{5'000};
inline constexpr Millis kCacheLagRetry{20};
// The same event is sent again only after this time, as a count.
inline constexpr Millis kEventRepeatPeriod{60'000};
inline constexpr size_t kEventsRemembered = 4096;
// Messages of conditions and events are cut here; the API server refuses events above 1 KiB.
inline constexpr size_t kMessageBytesMax = 1000;
// Of what a container said before it ended, so much of its end is shown.
inline constexpr size_t kLastWordsBytesMax = 400;
inline constexpr size_t kPasswordDigits = 32;
inline constexpr size_t kPeerKeyDigits = 64;  // 32 bytes

}  // namespace rha::op::reconcile
