#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/api/field_reader.h"
#include "operator/api/quantity.h"
#include "operator/api/redisha.h"

namespace rha::op::api {
namespace {

constexpr int kMillisMax = 600'000;

const std::vector<std::string_view> kPersistenceModes = {"None", "RDB", "AOF", "AOFAndRDB"};

bool IsConfigKey(std::string_view key) {
  return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// A line break would smuggle in a setting of its own.
bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool IsMasterName(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool IsSetByOperator(std::string_view key) {
  const auto is_in = [key](const std::vector<std::string_view>& keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  return is_in(ReservedConfigKeys()) || (key.starts_with("redisha-") && !is_in(OwnConfigKeys()));
}

void ReadConfig(const FieldReader& spec, Spec* out) {
  out->config = spec.StringMap("config");
  if (out->config.size() > kConfigEntriesMax) {
    spec.Error("config", "may have at most " + std::to_string(kConfigEntriesMax) + " entries");
  }
  for (const auto& [key, value] : out->config) {
    const std::string field = "config[" + key + "]";
    if (!IsConfigKey(key)) {
      spec.Error(field, "the name of a setting has only lower-case letters, digits and dashes");
    } else if (IsSetByOperator(key)) {
      spec.Error(field, "is set by the operator and may not be given here");
    }
    if (HasControlCharacter(value) || value.size() > kConfigValueBytesMax) {
      spec.Error(field,
                 "must be one line of at most " + std::to_string(kConfigValueBytesMax) + " bytes");
    }
  }
}

void ReadStorage(const FieldReader& spec, Spec* out) {
  const FieldReader storage = spec.Object("storage");
  out->storage.type =
      static_cast<StorageType>(storage.Enum("type", {"PersistentVolumeClaim", "EmptyDir"}, 0));
  out->storage.size = storage.String("size", out->storage.size);
  const auto size = ParseQuantity(out->storage.size);
  if (!size.ok()) {
    storage.Error("size", size.status().message());
  } else if (*size <= 0) {
    storage.Error("size", "must be more than nothing");
  }
  out->storage.storage_class_name = storage.String("storageClassName", "");
  if (storage.Has("storageClassName") && out->storage.type == StorageType::kEmptyDir) {
    storage.Error("storageClassName", "is of volumes: type must be PersistentVolumeClaim");
  }
}

// What a RedisHA that names no mode has been made with holds for it, whatever the default has
// become: its volumes were measured for that. One of a version that wrote none down had RDB.
// Without a volume that is the default still: an append-only file needs three times the room, and
// a pod whose EmptyDir outgrows its limit is evicted.
PersistenceMode UnnamedMode(const k8s::Json& object, const Spec& spec) {
  const std::string made_with = k8s::StringAt(object, "status.persistenceMode");
  const auto known = std::find(kPersistenceModes.begin(), kPersistenceModes.end(), made_with);
  if (known != kPersistenceModes.end()) {
    return static_cast<PersistenceMode>(known - kPersistenceModes.begin());
  }
  const bool exists = !k8s::StringAt(object, "status.clusterUID").empty();
  const bool volumes = spec.storage.type == StorageType::kPersistentVolumeClaim;
  return volumes && !exists ? PersistenceMode::kAof : PersistenceMode::kRdb;
}

void ReadPersistence(const FieldReader& spec, PersistenceMode unnamed, Spec* out) {
  const FieldReader persistence = spec.Object("persistence");
  PersistenceSpec& to = out->persistence;
  to.mode = static_cast<PersistenceMode>(
      persistence.Enum("mode", kPersistenceModes, static_cast<size_t>(unnamed)));
  to.fsync =
      static_cast<FsyncPolicy>(persistence.Enum("fsync", {"EverySecond", "Always", "Never"}, 0));
  to.rewrite_percent =
      persistence.Int("rewritePercent", to.rewrite_percent, {0, kRewritePercentMax});
  to.snapshot_seconds =
      persistence.Int("snapshotSeconds", to.snapshot_seconds, {1, kSnapshotSecondsMax});

  const PersistenceSpec defaults;
  const std::string of_file = "is of the append-only file: mode must be AOF or AOFAndRDB";
  if (to.fsync != defaults.fsync && !to.append_only()) persistence.Error("fsync", of_file);
  if (to.rewrite_percent != defaults.rewrite_percent) {
    if (!to.append_only()) persistence.Error("rewritePercent", of_file);
    if (out->config.contains("auto-aof-rewrite-percentage")) {
      persistence.Error("rewritePercent",
                        "may not be given beside config[auto-aof-rewrite-percentage]");
    }
  }
  // Beside a mode that is named it has always been let stand.
  if (to.snapshot_seconds != defaults.snapshot_seconds && !to.snapshots() &&
      !persistence.Has("mode")) {
    persistence.Error("snapshotSeconds", "is of snapshots: mode must be RDB or AOFAndRDB");
  }
}

void ReadAuth(const FieldReader& spec, Spec* out) {
  const FieldReader auth = spec.Object("auth");
  out->auth.enabled = auth.Bool("enabled", out->auth.enabled);
  out->auth.sentinel = auth.Bool("sentinel", out->auth.sentinel);
  if (!auth.Has("secretRef")) return;
  const FieldReader secret = auth.Object("secretRef");
  out->auth.secret_name = secret.String("name", "");
  out->auth.secret_key = secret.String("key", out->auth.secret_key);
  if (out->auth.secret_name.empty()) secret.Error("name", "is required");
  if (out->auth.secret_key.empty()) secret.Error("key", "must not be empty");
  if (!out->auth.enabled) auth.Error("secretRef", "may not be given while auth.enabled is false");
}

void ReadSentinel(const FieldReader& spec, const k8s::ObjectKey& key, Spec* out) {
  const FieldReader sentinel = spec.Object("sentinel");
  SentinelSpec& to = out->sentinel;
  to.quorum = sentinel.Int("quorum", out->Majority(), {1, kReplicasMax});
  if (to.quorum < out->Majority() || to.quorum > out->replicas) {
    sentinel.Error("quorum", "must be a majority of the replicas: between " +
                                 std::to_string(out->Majority()) + " and " +
                                 std::to_string(out->replicas) + ", is " +
                                 std::to_string(to.quorum));
  }
  to.down_after_ms = sentinel.Int("downAfterMilliseconds", to.down_after_ms, {200, kMillisMax});
  to.failover_timeout_ms =
      sentinel.Int("failoverTimeoutMilliseconds", to.failover_timeout_ms, {1000, kMillisMax});
  to.parallel_syncs = sentinel.Int("parallelSyncs", to.parallel_syncs, {1, kReplicasMax});
  to.master_name = sentinel.String("masterName", key.ns + "." + key.name);
  if (!IsMasterName(to.master_name)) {
    sentinel.Error("masterName", "must be 1 to 128 letters, digits, dots, dashes or underscores");
  }
  to.resources = sentinel.Raw("resources");
}

void ReadNetworkPolicy(const FieldReader& spec, Spec* out) {
  const FieldReader policy = spec.Object("networkPolicy");
  out->network_policy.enabled = policy.Bool("enabled", out->network_policy.enabled);
  out->network_policy.from = policy.RawList("from");
}

// A number and a unit: what every version of the Prometheus Operator takes.
bool IsInterval(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  return digits > 0 && (unit == "ms" || unit == "s" || unit == "m" || unit == "h");
}

MonitorSpec ReadMonitor(const FieldReader& monitor) {
  MonitorSpec to;
  to.enabled = monitor.Bool("enabled", to.enabled);
  to.interval = monitor.String("interval", to.interval);
  if (!IsInterval(to.interval)) monitor.Error("interval", "must be a time such as 30s");
  to.labels = monitor.StringMap("labels");
  return to;
}

void ReadMetrics(const FieldReader& spec, Spec* out) {
  const FieldReader metrics = spec.Object("metrics");
  MetricsSpec& to = out->metrics;
  to.service_monitor = ReadMonitor(metrics.Object("serviceMonitor"));
  to.pod_monitor = ReadMonitor(metrics.Object("podMonitor"));
  to.prometheus_rule = ReadMonitor(metrics.Object("prometheusRule"));
  if (to.service_monitor.enabled && to.pod_monitor.enabled) {
    metrics.Error("podMonitor",
                  "may not be enabled together with serviceMonitor: each pod would "
                  "be scraped twice");
  }
}

void ReadPod(const FieldReader& spec, Spec* out) {
  static const std::vector<std::string_view> kPolicies = {"Always", "IfNotPresent", "Never"};
  out->image = spec.String("image", "");
  out->image_update =
      static_cast<ImageUpdate>(spec.Object("update").Enum("image", {"Pinned", "Follow"}, 0));
  out->image_pull_policy = kPolicies[spec.Enum("imagePullPolicy", kPolicies, 1)];
  out->image_pull_secrets = spec.Names("imagePullSecrets");
  out->resources = spec.Raw("resources");
  out->pod_template = spec.Raw("podTemplate");
  if (out->pod_template == nullptr) return;
  for (const auto& [name, value] : out->pod_template->items()) {
    if (name != "metadata" && name != "spec") {
      spec.Error("podTemplate." + name, "unknown field; a pod template has metadata and spec");
    } else if (!value.is_object()) {
      spec.Error("podTemplate." + name, "must be an object");
    }
  }
  const FieldReader metadata = spec.Object("podTemplate").Object("metadata");
  metadata.StringMap("labels");
  metadata.StringMap("annotations");
}

}  // namespace

std::string_view NameOf(PersistenceMode mode) {
  return kPersistenceModes[static_cast<size_t>(mode)];
}

const std::vector<std::string_view>& OwnConfigKeys() {
  static const std::vector<std::string_view> kKeys = {"redisha-slow-replica-brake-percent",
                                                      "redisha-stream-compression"};
  return kKeys;
}

const std::vector<std::string_view>& ReservedConfigKeys() {
  static const std::vector<std::string_view> kKeys = {"port",
                                                      "bind",
                                                      "dir",
                                                      "unixsocket",
                                                      "replicaof",
                                                      "slaveof",
                                                      "masterauth",
                                                      "requirepass",
                                                      "requirepass-file",
                                                      "save",
                                                      "appendonly",
                                                      "dbfilename",
                                                      "appendfilename",
                                                      "appenddirname",
                                                      "tls-port",
                                                      "daemonize",
                                                      "include",
                                                      "replica-announce-ip",
                                                      "replica-announce-port",
                                                      "slave-announce-ip",
                                                      "slave-announce-port"};
  return kKeys;
}

ParsedRedisHa ParseRedisHa(const k8s::Json& object) {
  ParsedRedisHa parsed;
  RedisHa& redisha = parsed.redisha;
  redisha.key = k8s::KeyOf(object);
  redisha.uid = k8s::UidOf(object);
  redisha.generation = k8s::IntAt(object, "metadata.generation");
  redisha.deleting = !k8s::StringAt(object, "metadata.deletionTimestamp").empty();
  if (redisha.key.name.size() > kNameBytesMax) {
    parsed.errors.push_back({"metadata.name", "must have at most " + std::to_string(kNameBytesMax) +
                                                  " characters, so that pod names fit"});
  }
  const FieldReader spec(k8s::Find(object, "spec"), "spec", &parsed.errors);
  Spec& out = redisha.spec;
  out.replicas = spec.Int("replicas", out.replicas, {1, kReplicasMax});
  if (out.replicas == 2) {
    spec.Error("replicas", "must be 1 or at least 3: two voters cannot survive the loss of one");
  }
  ReadPod(spec, &out);
  ReadConfig(spec, &out);
  ReadStorage(spec, &out);
  ReadPersistence(spec, UnnamedMode(object, out), &out);
  out.durability =
      static_cast<Durability>(spec.Object("durability").Enum("mode", {"Async", "Majority"}, 0));
  ReadAuth(spec, &out);
  ReadSentinel(spec, redisha.key, &out);
  ReadNetworkPolicy(spec, &out);
  ReadMetrics(spec, &out);
  return parsed;
}

std::string JoinErrors(const std::vector<FieldError>& errors) {
  std::string text;
  for (const FieldError& error : errors) text += (text.empty() ? "" : "; ") + error.ToString();
  return text;
}

}  // namespace rha::op::api
