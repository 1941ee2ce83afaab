// Limits and periods of the kubelet.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::local::kubelet {

constexpr int64_t kBackoffFirstMillis = 10'000;  // as Kubernetes; the very first restart is at once
constexpr int64_t kBackoffMaxMillis = 300'000;
constexpr int64_t kBackoffResetMillis = 600'000;  // of running well
constexpr int64_t kSetupRetryMillis = 1'000;      // a volume's Secret is missing
constexpr int64_t kHostsDelayMillis = 20;         // changes that come together are written once
constexpr size_t kLogBytesMax = 64u << 20;        // of one run; then its older half is dropped
constexpr int64_t kLogCheckMillis = 10'000;
constexpr size_t kPodIpsMax = 60'000;
constexpr size_t kProbeAnswerBytesMax = 4096;
constexpr int64_t kStopGraceMillis = 5'000;  // of all containers when the cluster goes down
// From the deletion mark to the object's end. `kubectl delete` gets a pod, then lists it by name to
// watch it; whoever is listed by then is the one it waits for, and a StatefulSet's pod has a
// successor of its name in milliseconds.
constexpr int64_t kTerminationMillisMin = 1'000;
constexpr size_t kInitMessageBytesMax = 2048;
constexpr int kExecStartMillisMax = 10'000;
constexpr int kExecAnswerSecondsMax = 10;  // of the kubelet's thread, to whoever asks for an exec
constexpr size_t kLogTailBytesMax = 2048;  // of a run that failed, as its last message

}  // namespace rha::local::kubelet
