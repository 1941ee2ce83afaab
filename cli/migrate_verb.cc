// `redisha migrate bitnami|spotahome|opstree NAME`: reads what runs, prints the RedisHA and the
// steps. It changes nothing.
#include <cstdio>

#include "cli/migrate/migration.h"
#include "cli/program.h"
#include "cli/verbs.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;

constexpr k8s::ResourceType kRedisFailovers{"databases.spotahome.com", "v1", "redisfailovers",
                                            "RedisFailover"};
constexpr k8s::ResourceType kRedisReplications{"redis.redis.opstreelabs.in", "v1beta2",
                                               "redisreplications", "RedisReplication"};

// The newest revision that Helm keeps of a release.
Result<Json> ReadRelease(ClusterClient& client, const std::string& name) {
  RHA_ASSIGN_OR_RETURN(
      const auto all,
      client.api().List(k8s::kSecrets,
                        {.ns = client.name_space(),
                         .label_selector = "owner=helm,status=deployed,name=" + name}));
  const Json* newest = nullptr;
  int64_t version = -1;
  for (const auto& secret : all.items) {
    const std::string label = object::Str(*secret, {"metadata", "labels", "version"});
    const int64_t number = std::strtoll(label.c_str(), nullptr, 10);
    if (number > version) {
      version = number;
      newest = secret.get();
    }
  }
  if (newest == nullptr) {
    return Status(Code::kNotFound, "namespace " + client.name_space() +
                                       " has no deployed Helm release \"" + name +
                                       "\"; helm list -A shows them all, -n names the namespace");
  }
  return DecodeHelmRelease(*newest);
}

Result<Json> ReadResource(ClusterClient& client, const k8s::ResourceType& type,
                          const std::string& name) {
  auto found = client.api().Get({&type, {client.name_space(), name}});
  if (!found.ok() && found.status().code() == Code::kNotFound) {
    return Status(Code::kNotFound, "there is no " + std::string(type.kind) + " \"" + name +
                                       "\" in namespace " + client.name_space() + "; kubectl get " +
                                       std::string(type.plural) + " -A shows them all");
  }
  return found;
}

Result<Migration> Read(const MigrateOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  if (options.from == "bitnami") {
    RHA_ASSIGN_OR_RETURN(const Json release, ReadRelease(*client, options.name));
    return FromBitnami(release, options.new_name);
  }
  if (options.from == "spotahome") {
    RHA_ASSIGN_OR_RETURN(const Json failover, ReadResource(*client, kRedisFailovers, options.name));
    return FromSpotahome(failover, options.new_name);
  }
  RHA_ASSIGN_OR_RETURN(const Json replication,
                       ReadResource(*client, kRedisReplications, options.name));
  return FromOpstree(replication, options.new_name);
}

}  // namespace

int Migrate(const MigrateOptions& options) {
  const auto migration = Read(options);
  if (!migration.ok()) return Fail(migration.status());
  std::fputs(MigrationText(*migration).c_str(), stdout);
  return kDone;
}

}  // namespace rha::cli
