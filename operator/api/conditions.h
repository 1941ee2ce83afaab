// The conditions a RedisHA reports and the reasons each can have. docs/operator.md is the same list
// for users.
#pragma once

#include <string_view>

namespace rha::op::api {

// Everything that was asked for is there: all pods ready, one primary, a quorum.
inline constexpr std::string_view kReady = "Ready";
// The operator is changing something, or waits for what it changed.
inline constexpr std::string_view kProgressing = "Progressing";
// Something is wrong or missing, although the data may still be served.
inline constexpr std::string_view kDegraded = "Degraded";
// One pod is primary and ready: writes are possible.
inline constexpr std::string_view kPrimaryAvailable = "PrimaryAvailable";
// Enough sentinels run to elect a primary.
inline constexpr std::string_view kQuorumHealthy = "QuorumHealthy";
// All replicas follow the primary.
inline constexpr std::string_view kReplicationHealthy = "ReplicationHealthy";
// Something asked for is not done, and cannot be by this version; what runs is not affected.
inline constexpr std::string_view kConfigurationWarning = "ConfigurationWarning";
// The operator brings a newer image, which this RedisHA does not run before it is allowed to.
inline constexpr std::string_view kUpdateAvailable = "UpdateAvailable";
// Aliases that kstatus reads (kubectl, Flux, Argo CD, Helm 4).
inline constexpr std::string_view kReconciling = "Reconciling";
inline constexpr std::string_view kStalled = "Stalled";

namespace reason {
inline constexpr std::string_view kAllReady = "AllReady";
inline constexpr std::string_view kInvalidSpec = "InvalidSpec";
inline constexpr std::string_view kNoImage = "NoImage";
inline constexpr std::string_view kSecretMissing = "SecretMissing";
inline constexpr std::string_view kSecretKeyMissing = "SecretKeyMissing";
inline constexpr std::string_view kForbidden = "Forbidden";
inline constexpr std::string_view kRejected = "Rejected";    // the API server refused a child
inline constexpr std::string_view kNameTaken = "NameTaken";  // a child's name is someone else's
inline constexpr std::string_view kApiUnavailable = "ApiUnavailable";
inline constexpr std::string_view kCreatingPods = "CreatingPods";
inline constexpr std::string_view kPodsNotReady = "PodsNotReady";
inline constexpr std::string_view kPodCannotStart = "PodCannotStart";
inline constexpr std::string_view kRollingUpdate = "RollingUpdate";
inline constexpr std::string_view kScaling = "Scaling";
inline constexpr std::string_view kUpToDate = "UpToDate";
inline constexpr std::string_view kHealthy = "Healthy";
inline constexpr std::string_view kPrimaryReady = "PrimaryReady";
inline constexpr std::string_view kNoPrimary = "NoPrimary";
inline constexpr std::string_view kWaitingForData = "WaitingForData";
inline constexpr std::string_view kPrimaryNotReady = "PrimaryNotReady";
inline constexpr std::string_view kTwoPrimaries = "TwoPrimaries";
inline constexpr std::string_view kQuorumReachable = "QuorumReachable";
inline constexpr std::string_view kQuorumLost = "QuorumLost";
inline constexpr std::string_view kReplicasInSync = "ReplicasInSync";
inline constexpr std::string_view kReplicasMissing = "ReplicasMissing";
inline constexpr std::string_view kNewImage = "NewImage";
inline constexpr std::string_view kStorageUnchangeable = "StorageUnchangeable";
inline constexpr std::string_view kMonitoringApiMissing = "MonitoringApiMissing";
inline constexpr std::string_view kMonitoringApiUnreadable = "MonitoringApiUnreadable";
inline constexpr std::string_view kDatasetUndecided = "DatasetUndecided";
inline constexpr std::string_view kVolumesGoing = "VolumesGoing";
inline constexpr std::string_view kNone = "None";
}  // namespace reason

}  // namespace rha::op::api
