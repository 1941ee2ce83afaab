// Helm releases of the Bitnami redis chart, or of a chart that has it as a dependency. The chart
// `redisha` maps the same values (charts/redisha/templates/_spec.tpl).
#include <algorithm>
#include <charconv>

#include "cli/migrate/migration.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;
using object::Str;

constexpr const char* kPodsShared = "primary and replicas share their settings here";

const std::vector<Advice>& BitnamiAdvice() {
  static const std::vector<Advice> kAdvice = {
      {"tls", "TLS is not there yet"},
      {"auth.acl", "no users are made: mount an ACL file, name it in config.aclfile"},
      {"existingConfigmap", "put its settings into spec.config"},
      {"master.configuration", kPodsShared},
      {"replica.configuration", kPodsShared},
      {"sentinel.configuration", "use the fields of spec.sentinel"},
      {"master.service", "the Services are the operator's: NAME, NAME-replicas, NAME-sentinel"},
      {"replica.service", "the Services are the operator's: NAME, NAME-replicas, NAME-sentinel"},
      {"sentinel.service", "the Services are the operator's: NAME, NAME-replicas, NAME-sentinel"},
      {"sentinel.externalAccess", "access from outside of the cluster is not there yet"},
      {"replica.externalAccess", "access from outside of the cluster is not there yet"},
      {"replica.autoscaling", "point a HorizontalPodAutoscaler at the scale subresource"},
      {"metrics.serviceMonitor", "pods export metrics on port 9121; charts/redisha has one"},
      {"metrics.podMonitor", "pods export metrics on port 9121"},
      {"metrics.prometheusRule", "the operator's chart has the alerts"},
      {"master.disableCommands", "rename-command is not carried over"},
      {"replica.disableCommands", "rename-command is not carried over"},
      {"replica.externalMaster", "replicating from a server outside is not there yet"},
      {"master.resourcesPreset", "set spec.resources"},
      {"replica.resourcesPreset", "set spec.resources"},
      {"sentinel.resourcesPreset", "set spec.sentinel.resources"},
      {"networkPolicy", "spec.networkPolicy narrows who may connect"},
      {"image", "the servers are RedisHA's own; spec.image names another build of them"},
      {"sentinel.image", "the servers are RedisHA's own"},
      {"metrics.image", "there is no exporter to run"},
      {"global.imageRegistry", "spec.image"},
      {"volumePermissions", "the volumes belong to the pods' group"},
      {"sysctl", "spec.podTemplate.spec.securityContext.sysctls"}};
  return kAdvice;
}

struct Chart {
  Json user, defaults;
  std::string version;
  std::string app_version;  // of the server; "" unknown
  bool dependency = false;
};

// The values of the redis chart in a release: its own, or those below the name of a dependency.
Result<Chart> FindRedis(const Json& release) {
  const std::string name = Str(release, {"chart", "metadata", "name"});
  const Json& config = object::Map(release, {"config"});
  const Json& values = object::Map(release, {"chart", "values"});
  if (name == "redis" || name == "valkey") {
    return Chart{config, values, Str(release, {"chart", "metadata", "version"}),
                 Str(release, {"chart", "metadata", "appVersion"})};
  }
  for (const Json& dependency : object::Items(release, {"chart", "metadata", "dependencies"})) {
    if (Str(dependency, {"name"}) != "redis") continue;
    const std::string alias = Str(dependency, {"alias"}, "redis");
    // A wrapper's own values are as much the user's as those of the release.
    Json user = object::Map(values, {alias});
    user.merge_patch(object::Map(config, {alias}));
    return Chart{std::move(user), Json::object(), Str(dependency, {"version"}), "", true};
  }
  return Status(Code::kInvalid, "the release is of chart \"" + name +
                                    "\", which is not Bitnami's redis and does not depend on it");
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Snapshots of later servers have versions that are not read (docs/formats/rdb.md).
bool WritesNewerSnapshots(const std::string& app_version) {
  int major = 0, minor = 0;
  const char* end = app_version.data() + app_version.size();
  const auto read = std::from_chars(app_version.data(), end, major);
  if (read.ptr < end) std::from_chars(read.ptr + 1, end, minor);
  return major > 7 || (major == 7 && minor > 0);
}

// Of two places that mean the same pods here; the replicas' counts.
Json EitherPlace(SourceValues& values, const std::string& what, Migration* to) {
  const Json primary = values.Get("master." + what), replica = values.Get("replica." + what);
  const bool both = values.SetByUser("master." + what) && values.SetByUser("replica." + what);
  if (both && primary != replica) {
    to->notes.push_back("master." + what + " and replica." + what +
                        " differ; every pod may become primary, so the replicas' counts");
  }
  return values.SetByUser("replica." + what) || !values.SetByUser("master." + what) ? replica
                                                                                    : primary;
}

void MapStorage(SourceValues& values, Migration* to) {
  Json storage = Json::object();
  if (!values.Flag("replica.persistence.enabled", true) ||
      !values.Flag("master.persistence.enabled", true)) {
    storage["type"] = "EmptyDir";
    if (object::Str(to->redisha, {"spec", "persistence", "mode"}).empty()) {
      SetPersistenceMode("None", to);
    }
  } else {
    SetUnlessEmpty(&storage, "size", EitherPlace(values, "persistence.size", to));
    SetUnlessEmpty(&storage, "storageClassName", values.Get("global.storageClass"));
    SetUnlessEmpty(&storage, "storageClassName", values.Get("global.defaultStorageClass"));
    SetUnlessEmpty(&storage, "storageClassName",
                   EitherPlace(values, "persistence.storageClass", to));
  }
  SetUnlessEmpty(&to->redisha["spec"], "storage", storage);
}

void MapAuth(SourceValues& values, const std::string& full_name, const std::string& name,
             Migration* to) {
  Json& auth = to->redisha["spec"]["auth"];
  auth["enabled"] = values.Flag("auth.enabled", true);
  const bool sentinel = values.Flag("auth.sentinel", true);
  const std::string existing = values.Text("auth.existingSecret");
  const std::string key = values.Text("auth.existingSecretPasswordKey");
  values.Ignore({"auth.password", "global.redis.password", "auth.usePasswordFiles",
                 "auth.usePasswordFileFromSecret"});
  if (!auth["enabled"].get<bool>()) return;
  auth["sentinel"] = sentinel;
  to->secret = existing.empty() ? full_name : existing;
  to->secret_key = existing.empty() || key.empty() ? "redis-password" : key;
  to->secret_goes = existing.empty();
  auth["secretRef"] = {{"name", existing.empty() ? name + "-password" : existing},
                       {"key", to->secret_key}};
}

void MapSentinel(SourceValues& values, bool sentinels, Migration* to) {
  Json sentinel = Json::object();
  const std::string master = values.Text("sentinel.masterSet");
  sentinel["masterName"] = master.empty() ? "mymaster" : master;
  for (const auto& [from, into] : {std::pair{"downAfterMilliseconds", "downAfterMilliseconds"},
                                   {"failoverTimeout", "failoverTimeoutMilliseconds"},
                                   {"parallelSyncs", "parallelSyncs"}}) {
    const std::string path = std::string("sentinel.") + from;
    // The chart's own 60 s and 180 s are not what anybody wants to wait.
    if (values.SetByUser(path)) sentinel[into] = values.Number(path, 0);
  }
  SetUnlessEmpty(&sentinel, "resources", values.Get("sentinel.resources"));
  to->redisha["spec"]["sentinel"] = sentinel;
  const int64_t quorum = values.Number("sentinel.quorum", 0);
  if (sentinels && values.SetByUser("sentinel.quorum")) SetQuorum(quorum, to);
}

void MapPods(SourceValues& values, Migration* to) {
  SetUnlessEmpty(&to->redisha["spec"], "resources", EitherPlace(values, "resources", to));
  for (const char* field : {"nodeSelector", "tolerations", "affinity", "topologySpreadConstraints",
                            "priorityClassName", "terminationGracePeriodSeconds"}) {
    if (!values.SetByUser(std::string("replica.") + field) &&
        !values.SetByUser(std::string("master.") + field)) {
      values.Ignore({(std::string("replica.") + field).c_str()});
      continue;
    }
    AddPodField(field, EitherPlace(values, field, to), to);
  }
  for (const auto& [from, into] :
       {std::pair{"podLabels", "labels"}, {"podAnnotations", "annotations"}}) {
    const Json found = EitherPlace(values, from, to);
    if (found.is_object() && !found.empty()) {
      object::Make(to->redisha, {"spec", "podTemplate", "metadata"})[into] = found;
    }
  }
}

std::string FullName(SourceValues& values, const std::string& release) {
  const std::string full = values.Text("fullnameOverride");
  const std::string base = values.Text("nameOverride");
  const std::string name = base.empty() ? "redis" : base;
  if (!full.empty()) return full;
  return release.find(name) != std::string::npos ? release : release + "-" + name;
}

}  // namespace

Result<Migration> FromBitnami(const Json& release, const std::string& asked_name) {
  RHA_ASSIGN_OR_RETURN(const Chart chart, FindRedis(release));
  SourceValues values(chart.user, chart.defaults);
  const std::string release_name = Str(release, {"name"});
  const std::string full_name = FullName(values, release_name);
  const std::string name = !asked_name.empty()         ? asked_name
                           : full_name != release_name ? release_name
                                                       : release_name + "-ha";
  Migration to;
  to.source = "Helm release " + release_name + " (Bitnami redis " + chart.version +
              (chart.dependency ? ", as a dependency)" : ")");
  to.redisha = NewRedisHa(name, Str(release, {"namespace"}));
  const bool standalone = values.Text("architecture") == "standalone";
  const bool sentinels = values.Flag("sentinel.enabled", false);
  const int64_t replicas = values.Number("replica.replicaCount", 3);
  SetReplicas(standalone ? 1 : sentinels ? replicas : replicas + 1, &to);
  AddConfigLines(Lines(values.Text("commonConfiguration")), "commonConfiguration", &to);
  MapStorage(values, &to);
  MapAuth(values, full_name, name, &to);
  MapSentinel(values, sentinels, &to);
  MapPods(values, &to);
  values.Ignore({"metrics.enabled", "master.count", "pdb", "rbac", "serviceAccount", "kind",
                 "networkPolicy.enabled", "commonLabels", "global.security", "image.repository",
                 "image.registry", "image.tag", "useHostnames"});
  for (LeftOut& left : values.Left(BitnamiAdvice())) to.left.push_back(std::move(left));
  to.snapshot_pod = sentinels ? full_name + "-node-0" : full_name + "-master-0";
  to.snapshot_container = "redis";
  if (WritesNewerSnapshots(chart.app_version)) {
    to.notes.push_back("the server is " + chart.app_version +
                       ", whose snapshots are not read yet (7.0 and earlier are): copy key by key "
                       "with a client instead of steps 3 and 4");
  }
  if (sentinels) {
    to.notes.push_back("the snapshot is taken from pod " + to.snapshot_pod +
                       ": take the one that is master now (redis-cli ROLE)");
    to.addresses.push_back({full_name + ":26379 (Sentinel)", name + "-sentinel:26379"});
  } else {
    to.addresses = {{full_name + "-master:6379", name + ":6379"},
                    {full_name + "-replicas:6379", name + "-replicas:6379"}};
  }
  to.removal = "helm uninstall " + release_name +
               (chart.dependency ? " is not it: take the dependency out of the chart" : "") +
               "; its volume claims stay until they are deleted";
  return to;
}

}  // namespace rha::cli
