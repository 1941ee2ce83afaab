// Resources of other operators: RedisFailover (spotahome, its forks), RedisReplication (OpsTree).
#include "cli/migrate/migration.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Str;

constexpr const char* kOwnImage = "the servers are RedisHA's own";
constexpr const char* kMetrics = "pods export metrics on port 9121 without an exporter";
constexpr const char* kServices = "the Services are the operator's";
constexpr const char* kContainers = "spec.podTemplate.spec.containers, by name";

std::vector<std::string> TextList(const Json& list) {
  std::vector<std::string> lines;
  if (!list.is_array()) return lines;
  for (const Json& line : list) {
    if (line.is_string()) lines.push_back(line.get<std::string>());
  }
  return lines;
}

void MapClaim(const Json& claim_spec, Migration* to) {
  Json storage = Json::object();
  SetUnlessEmpty(&storage, "size", Str(claim_spec, {"resources", "requests", "storage"}));
  SetUnlessEmpty(&storage, "storageClassName", Str(claim_spec, {"storageClassName"}));
  SetUnlessEmpty(&to->redisha["spec"], "storage", storage);
}

void SetMemoryOnly(Migration* to) {
  to->redisha["spec"]["storage"] = {{"type", "EmptyDir"}};
  SetPersistenceMode("None", to);
}

void MapPodFields(SourceValues& values, const std::string& prefix, Migration* to) {
  for (const char* field : {"nodeSelector", "tolerations", "affinity", "topologySpreadConstraints",
                            "priorityClassName"}) {
    AddPodField(field, values.Get(prefix + field), to);
  }
}

void SetSecret(const std::string& secret, const std::string& key, Migration* to) {
  Json& auth = to->redisha["spec"]["auth"];
  auth["enabled"] = !secret.empty();
  if (secret.empty()) {
    to->notes.push_back(
        "there was no password, so there is none here; auth.enabled: true asks "
        "for a generated one");
    return;
  }
  auth["secretRef"] = {{"name", secret}, {"key", key}};
  to->secret = secret;
  to->secret_key = key;
}

// "down-after-milliseconds 2000"
void MapSentinelLines(const std::vector<std::string>& lines, Migration* to) {
  Json& sentinel = to->redisha["spec"]["sentinel"];
  for (const std::string& line : lines) {
    const size_t space = line.find(' ');
    const std::string word = line.substr(0, space);
    const char* into = word == "down-after-milliseconds" ? "downAfterMilliseconds"
                       : word == "failover-timeout"      ? "failoverTimeoutMilliseconds"
                       : word == "parallel-syncs"        ? "parallelSyncs"
                                                         : nullptr;
    if (into == nullptr || space == std::string::npos) {
      to->left.push_back({"sentinel.customConfig: " + word, "use the fields of spec.sentinel"});
    } else {
      sentinel[into] = std::strtoll(line.c_str() + space, nullptr, 10);
    }
  }
}

}  // namespace

Result<Migration> FromSpotahome(const Json& failover, const std::string& asked_name) {
  static const std::vector<Advice> kAdvice = {
      {"redis.image", kOwnImage},
      {"sentinel.image", kOwnImage},
      {"redis.exporter", kMetrics},
      {"sentinel.exporter", kMetrics},
      {"redis.extraContainers", kContainers},
      {"redis.initContainers", "spec.podTemplate.spec.initContainers"},
      {"redis.serviceAnnotations", kServices},
      {"sentinel.serviceAnnotations", kServices},
      {"redis.customCommandRenames", "rename-command is not carried over"},
      {"redis.shutdownConfigMap", "a pod that ends hands the primary over by itself"},
      {"redis.port", "the port is 6379"},
      {"redis.hostNetwork", "pods have addresses of their own"},
      {"auth.admin", "no users are made: mount an ACL file, name it in config.aclfile"},
      {"auth.users", "no users are made: mount an ACL file, name it in config.aclfile"},
      {"bootstrapNode", "replicating from a server outside is not there yet"},
      {"labelWhitelist", "labels of the resource are never copied"}};
  const std::string old_name = object::Name(failover);
  const std::string name = asked_name.empty() ? old_name : asked_name;
  const Json nothing = Json::object();
  const Json& spec = object::Map(failover, {"spec"});
  SourceValues values(spec, nothing);
  Migration to;
  to.source = "RedisFailover " + old_name;
  to.redisha = NewRedisHa(name, object::Namespace(failover));
  SetReplicas(values.Number("redis.replicas", 3), &to);
  if (const int64_t sentinels = values.Number("sentinel.replicas", 3);
      sentinels != object::Int(to.redisha, {"spec", "replicas"})) {
    to.notes.push_back(std::to_string(sentinels) +
                       " sentinels have become one in every pod; they are the voters");
  }
  AddConfigLines(TextList(values.Get("redis.customConfig")), "redis.customConfig", &to);
  SetUnlessEmpty(&to.redisha["spec"], "resources", values.Get("redis.resources"));
  const Json claim = values.Get("redis.storage.persistentVolumeClaim");
  if (claim.is_object() && !claim.empty()) {
    MapClaim(object::Map(claim, {"spec"}), &to);
  } else {
    SetMemoryOnly(&to);
  }
  values.Ignore({"redis.storage.emptyDir", "redis.storage.keepAfterDeletion",
                 "redis.imagePullPolicy", "sentinel.imagePullPolicy"});
  SetSecret(values.Text("auth.secretPath"), "password", &to);
  // Its group is called mymaster, whatever the resource is called.
  Json& sentinel = to.redisha["spec"]["sentinel"];
  sentinel["masterName"] = "mymaster";
  MapSentinelLines(TextList(values.Get("sentinel.customConfig")), &to);
  SetUnlessEmpty(&sentinel, "resources", values.Get("sentinel.resources"));
  MapPodFields(values, "redis.", &to);
  const Json annotations = values.Get("redis.podAnnotations");
  if (annotations.is_object() && !annotations.empty()) {
    object::Make(to.redisha, {"spec", "podTemplate", "metadata", "annotations"}) = annotations;
  }
  SetUnlessEmpty(&to.redisha["spec"], "imagePullSecrets", values.Get("redis.imagePullSecrets"));
  for (LeftOut& left : values.Left(kAdvice)) to.left.push_back(std::move(left));
  to.snapshot_pod = "rfr-" + old_name + "-0";
  to.snapshot_container = "redis";
  to.notes.push_back("the snapshot is taken from pod " + to.snapshot_pod +
                     ": take the one that is master now (redis-cli ROLE)");
  to.addresses = {{"rfs-" + old_name + ":26379 (Sentinel)", name + "-sentinel:26379"},
                  {"rfrm-" + old_name + ":6379", name + ":6379"}};
  to.removal = "kubectl delete redisfailover " + old_name;
  return to;
}

Result<Migration> FromOpstree(const Json& replication, const std::string& asked_name) {
  static const std::vector<Advice> kAdvice = {
      {"kubernetesConfig.image", kOwnImage},
      {"kubernetesConfig.service", kServices},
      {"kubernetesConfig.updateStrategy", "pods are replaced one by one"},
      {"redisExporter", kMetrics},
      {"TLS", "TLS is not there yet"},
      {"acl", "no users are made: mount an ACL file, name it in config.aclfile"},
      {"sidecars", kContainers},
      {"initContainer", "spec.podTemplate.spec.initContainers"},
      {"env", "spec.podTemplate.spec.containers, by name"},
      {"pdb", "a drain takes one pod at a time"},
      {"readinessProbe", "the sentinel says whether a node is ready"},
      {"livenessProbe", "spec.podTemplate.spec.containers, by name"},
      {"redisConfig.additionalRedisConfig", "put the settings of that ConfigMap into spec.config"},
      {"hostPort", "pods have addresses of their own"}};
  const std::string old_name = object::Name(replication);
  const std::string name = asked_name.empty() ? old_name + "-ha" : asked_name;
  const Json nothing = Json::object();
  const Json& spec = object::Map(replication, {"spec"});
  SourceValues values(spec, nothing);
  Migration to;
  to.source = "RedisReplication " + old_name;
  to.redisha = NewRedisHa(name, object::Namespace(replication));
  SetReplicas(values.Number("clusterSize", 3), &to);
  SetUnlessEmpty(&to.redisha["spec"], "resources", values.Get("kubernetesConfig.resources"));
  SetUnlessEmpty(&to.redisha["spec"], "imagePullSecrets",
                 values.Get("kubernetesConfig.imagePullSecrets"));
  const Json claim = values.Get("storage.volumeClaimTemplate");
  if (claim.is_object() && !claim.empty()) {
    MapClaim(object::Map(claim, {"spec"}), &to);
  } else {
    SetMemoryOnly(&to);
  }
  const Json secret = values.Get("kubernetesConfig.redisSecret");
  SetSecret(Str(secret, {"name"}), Str(secret, {"key"}, "password"), &to);
  values.Ignore({"kubernetesConfig.imagePullPolicy", "storage.keepAfterDelete"});
  MapPodFields(values, "", &to);
  if (const int64_t seconds = values.Number("terminationGracePeriodSeconds", 0); seconds > 0) {
    AddPodField("terminationGracePeriodSeconds", seconds, &to);
  }
  for (LeftOut& left : values.Left(kAdvice)) to.left.push_back(std::move(left));
  to.notes.push_back(
      "a RedisSentinel beside it is not read: every pod has a sentinel here; its "
      "master name goes to spec.sentinel.masterName");
  to.snapshot_pod = Str(replication, {"status", "masterNode"}, old_name + "-0");
  to.snapshot_container = old_name;
  to.addresses = {{old_name + "-master:6379", name + ":6379"},
                  {old_name + "-replica:6379", name + "-replicas:6379"}};
  to.removal = "kubectl delete redisreplication " + old_name;
  return to;
}

}  // namespace rha::cli
