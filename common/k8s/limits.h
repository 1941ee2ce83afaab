// Every bound of the Kubernetes client, in one place.
#pragma once

#include <chrono>
#include <cstddef>

namespace rha::k8s {

// etcd refuses objects above 1.5 MiB; JSON of the same object, with managed fields, stays well
// below.
inline constexpr size_t kWatchLineBytesMax = 16u << 20;
inline constexpr size_t kWatchReadBytes = 64u << 10;
inline constexpr int kListPageSize = 500;
// An ordinary request that has not progressed for this long has failed.
inline constexpr std::chrono::seconds kRequestTimeout{30};
// A renewal of a lease must fail early enough to be tried again before the lease is lost.
inline constexpr std::chrono::seconds kLeaseRequestTimeout{4};
// The server ends a watch after this time; the transport waits a little longer before it gives up.
inline constexpr std::chrono::seconds kWatchDuration{290};
inline constexpr std::chrono::seconds kWatchIdleTimeout{320};
// Service account tokens rotate about hourly; the file is read again at most this often.
inline constexpr std::chrono::seconds kTokenFileMaxAge{60};
// List and watch retries.
inline constexpr std::chrono::milliseconds kRelistBackoffMin{200};
inline constexpr std::chrono::milliseconds kRelistBackoffMax{30'000};
// Work queue retries, as in client-go's default limiter.
inline constexpr std::chrono::milliseconds kRetryBackoffMin{50};
inline constexpr std::chrono::milliseconds kRetryBackoffMax{120'000};
// The threads cpprestsdk may use for the whole process (its own default is 40).
inline constexpr int kHttpThreads = 4;
// Error bodies are quoted in messages up to this length.
inline constexpr size_t kErrorTextBytesMax = 2048;

}  // namespace rha::k8s
