// Names, labels, ports and paths that operator, node and sentinel agree on. All children of a
// RedisHA called NAME are named NAME or NAME-something; docs/operator.md lists them.
#pragma once

#include <string>
#include <string_view>

#include "common/k8s/json.h"
#include "operator/api/redisha.h"

namespace rha::op::desired {

inline constexpr int kNodePort = 6379;
inline constexpr int kSentinelPort = 26379;
inline constexpr int kMetricsPort = 9121;

inline constexpr std::string_view kLabelName = "app.kubernetes.io/name";
inline constexpr std::string_view kLabelInstance = "app.kubernetes.io/instance";
inline constexpr std::string_view kLabelManagedBy = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kLabelComponent = "app.kubernetes.io/component";
// Written by each pod's own sentinel; a new primary's takes it from the pod that had it.
inline constexpr std::string_view kLabelRole = "ha.redisha.io/role";
inline constexpr std::string_view kRolePrimary = "primary";
inline constexpr std::string_view kRoleReplica = "replica";

inline constexpr std::string_view kAppName = "redisha";
inline constexpr std::string_view kManager = "redisha-operator";
inline constexpr std::string_view kComponentData = "data";

// On every child: the hash of what was applied, so that nothing is written twice.
inline constexpr std::string_view kAnnotationHash = "ha.redisha.io/applied-hash";
// On the StatefulSet: how many voters its pods are configured with; on a pod, written by its own
// sentinel: how many that one goes by (reconcile/scale.h).
inline constexpr std::string_view kAnnotationVoters = "ha.redisha.io/voters";
// On a pod, by its own sentinel: whom it waits for before anybody is made primary, in words.
inline constexpr std::string_view kAnnotationWaitsFor = "ha.redisha.io/waits-for";
// On the StatefulSet: the image of its pods, which stays when the operator's own becomes another.
inline constexpr std::string_view kAnnotationImage = "ha.redisha.io/image";
// On the pod template: the hash of the configuration files, so that a change restarts the pods.
inline constexpr std::string_view kAnnotationConfigHash = "ha.redisha.io/config-hash";

// On the volume claims: the identity of the dataset they hold (reconcile/claims.h).
inline constexpr std::string_view kAnnotationClusterUid = "ha.redisha.io/cluster-uid";
// On a volume claim whose pod was scaled away: the dataset has gone on without it (claims.h).
inline constexpr std::string_view kAnnotationLeftOver = "ha.redisha.io/left-over";

inline constexpr std::string_view kConfigPath = "/redisha/config";
inline constexpr std::string_view kAuthPath = "/redisha/auth";
inline constexpr std::string_view kPeerPath = "/redisha/peer";
inline constexpr std::string_view kAdminPath = "/redisha/admin";
inline constexpr std::string_view kPeerKey = "peer-key";
inline constexpr std::string_view kAdminPasswordKey = "admin-password";
inline constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
inline constexpr std::string_view kRunPath = "/redisha/run";
inline constexpr std::string_view kDataVolume = "data";
inline constexpr std::string_view kDataPath = "/data";
inline constexpr std::string_view kNodeSocket = "/redisha/run/node.sock";
inline constexpr std::string_view kPeerKeyFile = "/redisha/peer/peer-key";
inline constexpr std::string_view kAdminPasswordFile = "/redisha/admin/admin-password";
inline constexpr std::string_view kPasswordFile = "/redisha/auth/password";
inline constexpr std::string_view kStateFile = "/data/sentinel.state";

// "app.kubernetes.io/managed-by=redisha-operator": what the operator's caches are limited to.
std::string ManagedSelector();

inline std::string ConfigMapName(const std::string& name) { return name + "-config"; }
inline std::string PeerSecretName(const std::string& name) { return name + "-peer"; }
inline std::string GeneratedSecretName(const std::string& name) { return name + "-auth"; }
inline std::string ReplicasServiceName(const std::string& name) { return name + "-replicas"; }
inline std::string SentinelServiceName(const std::string& name) { return name + "-sentinel"; }
inline std::string PodsServiceName(const std::string& name) { return name + "-pods"; }
inline std::string PodName(const std::string& name, int ordinal) {
  return name + "-" + std::to_string(ordinal);
}
inline std::string ClaimName(const std::string& name, int ordinal) {
  return std::string(kDataVolume) + "-" + PodName(name, ordinal);
}
// The host name of a pod inside the cluster, without the cluster's domain.
std::string PodHost(const k8s::ObjectKey& redisha, int ordinal);
// The Secret that holds the password: the user's or the generated one.
std::string AuthSecretName(const api::RedisHa& redisha);

// Labels of every child.
k8s::Json CommonLabels(const std::string& name);
// Labels that select the pods; never changed, since a StatefulSet's selector cannot be.
k8s::Json SelectorLabels(const std::string& name);
// The same as text, for the scale subresource.
std::string SelectorText(const std::string& name);

// A child's apiVersion, kind, name, namespace, labels and owner.
k8s::Json NewChild(const k8s::ResourceType& type, const api::RedisHa& redisha,
                   const std::string& name);

}  // namespace rha::op::desired
