// The RedisHA resource as values: what a user asks for (Spec). crds/redisha.yaml is its schema; a
// test keeps the two in step.
//
// A Spec that came out of ParseRedisHa has every default filled in. Values only; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/k8s/json.h"
#include "common/k8s/object_ref.h"

namespace rha::op::api {

inline constexpr k8s::ResourceType kRedisHas{"ha.redisha.io", "v1", "redishas", "RedisHA"};

inline constexpr int kReplicasMax = 15;
inline constexpr size_t kNameBytesMax = 40;  // leaves room for "-replicas" and ordinals
inline constexpr size_t kConfigEntriesMax = 128;
inline constexpr size_t kConfigValueBytesMax = 1024;
inline constexpr int kSnapshotSecondsMax = 86'400;
inline constexpr int kRewritePercentMax = 10'000;

enum class PersistenceMode { kNone, kRdb, kAof, kAofAndRdb };
std::string_view NameOf(PersistenceMode mode);  // as in the resource
enum class FsyncPolicy { kEverySecond, kAlways, kNever };
enum class Durability { kAsync, kMajority };
enum class StorageType { kPersistentVolumeClaim, kEmptyDir };

struct PersistenceSpec {
  PersistenceMode mode = PersistenceMode::kAof;
  int snapshot_seconds = 900;
  FsyncPolicy fsync = FsyncPolicy::kEverySecond;  // of the append-only file
  int rewrite_percent = 100;                      // of the same; 0: never

  bool snapshots() const {
    return mode == PersistenceMode::kRdb || mode == PersistenceMode::kAofAndRdb;
  }
  bool append_only() const {
    return mode == PersistenceMode::kAof || mode == PersistenceMode::kAofAndRdb;
  }
};

struct StorageSpec {
  StorageType type = StorageType::kPersistentVolumeClaim;
  std::string size = "1Gi";
  std::string storage_class_name;  // empty: the cluster's default
};

struct AuthSpec {
  bool enabled = true;
  bool sentinel = true;     // the sentinels' port wants the password too
  std::string secret_name;  // empty: generated, NAME-auth
  std::string secret_key = "password";
};

struct SentinelSpec {
  int quorum = 0;  // always set after parsing: the majority of replicas unless the user said
  int down_after_ms = 2000;
  int failover_timeout_ms = 30'000;
  int parallel_syncs = 1;
  std::string master_name;   // "<namespace>.<name>" unless the user said
  k8s::ObjectPtr resources;  // ResourceRequirements or null
};

// Where the image comes from that a RedisHA runs when its spec names none.
enum class ImageUpdate {
  kPinned,  // the operator's own when it was made, for ever
  kFollow,  // the operator's own
};

struct NetworkPolicySpec {
  bool enabled = true;
  k8s::ObjectPtr from;  // a list of NetworkPolicyPeers, or null: clients may be anywhere
};

// An object for the Prometheus Operator.
struct MonitorSpec {
  bool enabled = false;
  std::string interval = "30s";               // of a PrometheusRule: without effect
  std::map<std::string, std::string> labels;  // by which a Prometheus selects it
};

struct MetricsSpec {
  MonitorSpec service_monitor, pod_monitor, prometheus_rule;

  bool Any() const {
    return service_monitor.enabled || pod_monitor.enabled || prometheus_rule.enabled;
  }
};

struct Spec {
  int replicas = 3;
  std::string image;  // empty: see update
  ImageUpdate image_update = ImageUpdate::kPinned;
  std::string image_pull_policy = "IfNotPresent";
  std::vector<std::string> image_pull_secrets;
  k8s::ObjectPtr resources;  // ResourceRequirements or null
  std::map<std::string, std::string> config;
  PersistenceSpec persistence;
  StorageSpec storage;
  AuthSpec auth;
  Durability durability = Durability::kAsync;
  SentinelSpec sentinel;
  NetworkPolicySpec network_policy;
  MetricsSpec metrics;
  k8s::ObjectPtr pod_template;  // {metadata, spec} or null

  int Majority() const { return replicas / 2 + 1; }
};

struct RedisHa {
  k8s::ObjectKey key;
  std::string uid;
  int64_t generation = 0;
  bool deleting = false;
  Spec spec;
};

// What is wrong with one field: path "spec.replicas", message "must be …".
struct FieldError {
  std::string path;
  std::string message;

  bool operator==(const FieldError&) const = default;
  std::string ToString() const { return path + ": " + message; }
};

struct ParsedRedisHa {
  RedisHa redisha;
  std::vector<FieldError> errors;  // not empty: the spec must not be acted upon
};

// Reads and validates. Never fails otherwise: metadata is always usable. Fields of later versions
// are ignored.
ParsedRedisHa ParseRedisHa(const k8s::Json& object);
// "spec.replicas: must be …; spec.image: …"
std::string JoinErrors(const std::vector<FieldError>& errors);

// Settings of the node that the operator writes itself; spec.config may not name them.
const std::vector<std::string_view>& ReservedConfigKeys();
// Of the settings that only our node has ("redisha-…") those that it may name.
const std::vector<std::string_view>& OwnConfigKeys();

}  // namespace rha::op::api
