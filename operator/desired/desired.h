// What should exist for a RedisHA, as a pure function of its spec and a few facts.
//
// One file per kind of object; Desired() is the list of them, in the order in which they are
// applied (the StatefulSet last, so that its pods find everything else). The generated Secrets are
// apart: they are created once and never changed, since their content cannot be computed twice.
// No I/O, clock or randomness; any thread.
#pragma once

#include <string>
#include <vector>

#include "common/k8s/json.h"
#include "common/k8s/object_ref.h"
#include "operator/api/redisha.h"

namespace rha::op::desired {

struct Inputs {
  std::string image;      // of node and sentinel
  int server_minor = 34;  // of Kubernetes 1.x; old servers lack some fields
  // Pods share one loopback, as on `redisha local`: they must not listen there.
  bool shared_loopback = false;
  // Identity of the dataset, as its volume claims carry it. Empty: none do, and the resource's own
  // uid holds.
  std::string cluster_uid;
  // While the number of replicas is being changed (reconcile/scale.h); 0: as the spec says.
  int pods = 0;
  int voters = 0;
  // This dataset has had a primary: members that find no data wait for those that have some.
  bool initialised = false;
  // The Prometheus Operator's API is there.
  bool monitoring = false;

  int Pods(const api::RedisHa& redisha) const { return pods > 0 ? pods : redisha.spec.replicas; }
  int Voters(const api::RedisHa& redisha) const {
    return voters > 0 ? voters : redisha.spec.replicas;
  }
  const std::string& ClusterUid(const api::RedisHa& redisha) const {
    return cluster_uid.empty() ? redisha.uid : cluster_uid;
  }
};

struct DesiredObject {
  const k8s::ResourceType* type = nullptr;
  k8s::ObjectPtr object;
  std::string hash;  // of the object without its hash annotation, which carries it
};

std::vector<DesiredObject> Desired(const api::RedisHa& redisha, const Inputs& inputs);

// One file each.
k8s::Json ConfigMap(const api::RedisHa& redisha, const Inputs& inputs);
k8s::Json PrimaryService(const api::RedisHa& redisha);
k8s::Json ReplicasService(const api::RedisHa& redisha);
k8s::Json SentinelService(const api::RedisHa& redisha);
k8s::Json PodsService(const api::RedisHa& redisha);
k8s::Json PodDisruptionBudget(const api::RedisHa& redisha, const Inputs& inputs);
k8s::Json ServiceAccount(const api::RedisHa& redisha);
k8s::Json Role(const api::RedisHa& redisha, const Inputs& inputs);
k8s::Json RoleBinding(const api::RedisHa& redisha);
k8s::Json StatefulSet(const api::RedisHa& redisha, const Inputs& inputs,
                      const std::string& config_hash);
// Which ports of the pods may be reached from where. `pods`: the StatefulSet, which has the ports.
k8s::Json NetworkPolicy(const api::RedisHa& redisha, const k8s::Json& pods);
// Of the Prometheus Operator's API. Each gives the series of a pod the label `redisha`, which the
// alerts need.
k8s::Json ServiceMonitor(const api::RedisHa& redisha);
k8s::Json PodMonitor(const api::RedisHa& redisha);
// The alerts of charts/redisha-operator/files/alerts.yaml that are about one RedisHA, for this one.
k8s::Json PrometheusRule(const api::RedisHa& redisha);
// The Secret to create when the user named none.
k8s::Json GeneratedSecret(const api::RedisHa& redisha, const std::string& password);
// The Secret that only this RedisHA's own programs read.
k8s::Json PeerSecret(const api::RedisHa& redisha, const std::string& peer_key,
                     const std::string& admin_password);

// policy/v1 appeared in Kubernetes 1.21.
const k8s::ResourceType& PodDisruptionBudgetType(const Inputs& inputs);

// Lower-case hexadecimal SHA-256, cut to 16 digits: a fingerprint, not a seal.
std::string Hash(const std::string& text);

}  // namespace rha::op::desired
