#include "cli/migrate/migration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "cli/view/archive.h"
#include "cli/view/testing.h"
#include "cli/view/text.h"
#include "common/k8s/base64.h"
#include "common/k8s/config.h"

namespace rha::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json Release(const std::string& values) {
  Json release = Parse(R"({"name": "shop", "namespace": "store",
    "chart": {"metadata": {"name": "redis", "version": "20.1.0"},
      "values": {"architecture": "replication", "auth": {"enabled": true, "sentinel": true},
        "replica": {"replicaCount": 3, "persistence": {"enabled": true, "size": "8Gi"}},
        "sentinel": {"enabled": false, "masterSet": "mymaster", "quorum": 2,
                     "downAfterMilliseconds": 60000}}}})");
  release["config"] = Parse(values);
  return release;
}

std::string Left(const Migration& migration) {
  std::string text;
  for (const LeftOut& left : migration.left) text += left.path + ": " + left.advice + "\n";
  return text;
}

TEST(MigrateBitnami, Golden) {
  const auto migration = FromBitnami(
      Release(R"({"auth": {"password": "xxxx"}, "sentinel": {"enabled": true, "quorum": 2},
        "commonConfiguration": "appendonly yes\nsave \"\"\nmaxmemory-policy allkeys-lru",
        "metrics": {"enabled": true, "serviceMonitor": {"enabled": true}},
        "replica": {"replicaCount": 3, "podAnnotations": {"team": "shop"},
                    "nodeSelector": {"disk": "ssd"}, "sidecars": [{"name": "x"}]},
        "tls": {"enabled": true}})"),
      "");
  ASSERT_TRUE(migration.ok()) << migration.status().message();
  const std::string file = RHA_SOURCE_DIR "/cli/migrate/testdata/bitnami.golden.yaml";
  const std::string actual = MigrationText(*migration);
  if (std::getenv("RHA_REWRITE_GOLDEN") != nullptr) std::ofstream(file) << actual;
  EXPECT_EQ(actual, k8s::ReadFile(file).value_or(""));
}

TEST(MigrateBitnami, TheAppendOnlyFileGoesWithItsFsync) {
  const auto migration = FromBitnami(
      Release(R"({"commonConfiguration": "appendonly yes\nappendfsync always\nsave 60 1"})"), "");
  EXPECT_EQ(migration->redisha["spec"]["persistence"],
            Parse(R"({"mode": "AOFAndRDB", "fsync": "Always", "snapshotSeconds": 60})"));
}

TEST(MigrateBitnami, WhatIsSaidOfAFileThatIsNotKeptStaysBehind) {
  const auto persistence = [](const char* values) {
    return FromBitnami(Release(values), "")->redisha["spec"]["persistence"];
  };
  EXPECT_EQ(persistence(R"({"commonConfiguration": "appendfsync always\nsave 60 1"})"),
            Parse(R"({"mode": "RDB", "snapshotSeconds": 60})"));
  EXPECT_EQ(persistence(R"({"commonConfiguration": "appendonly no\nappendfsync no"})"),
            Parse(R"({"mode": "RDB"})"));
  EXPECT_EQ(persistence(R"({"commonConfiguration": "auto-aof-rewrite-percentage 50"})"),
            Parse(R"({"rewritePercent": 50})"))
      << "the mode is the default, which keeps one";
  EXPECT_EQ(persistence(R"({"commonConfiguration": "auto-aof-rewrite-percentage 50",
                            "master": {"persistence": {"enabled": false}}})"),
            Parse(R"({"mode": "None"})"));
}

TEST(MigrateBitnami, ThePasswordItselfIsNowhere) {
  const auto migration = FromBitnami(Release(R"({"auth": {"password": "hunter2"},
                              "global": {"redis": {"password": "hunter3"}}})"),
                                     "");
  EXPECT_THAT(MigrationText(*migration), Not(HasSubstr("hunter")));
}

TEST(MigrateBitnami, ReplicasAreCountedBesideThePrimaryWithoutSentinels) {
  const auto migration = FromBitnami(Release(R"({"replica": {"replicaCount": 1}})"), "cart");
  EXPECT_EQ(migration->redisha["spec"]["replicas"], 3);
  EXPECT_THAT(migration->notes.front(), HasSubstr("2 pods have become 3"));
  EXPECT_EQ(migration->redisha["metadata"]["name"], "cart");
  EXPECT_FALSE(migration->redisha["spec"]["sentinel"].contains("downAfterMilliseconds"))
      << "the chart's own minute is nobody's wish";
}

TEST(MigrateBitnami, ACacheStaysOne) {
  const auto migration = FromBitnami(
      Release(R"({"architecture": "standalone", "master": {"persistence": {"enabled": false}},
                  "auth": {"enabled": false}})"),
      "");
  const Json& spec = migration->redisha["spec"];
  EXPECT_EQ(spec["replicas"], 1);
  EXPECT_EQ(spec["storage"], Parse(R"({"type": "EmptyDir"})"));
  EXPECT_EQ(spec["persistence"]["mode"], "None");
  EXPECT_EQ(spec["auth"], Parse(R"({"enabled": false})"));
  EXPECT_THAT(MigrationText(*migration), HasSubstr("The data are not carried over"));
}

TEST(MigrateBitnami, AWrapperChartIsReadThroughItsDependency) {
  const auto migration = FromBitnami(Parse(R"({"name": "app", "namespace": "n",
      "chart": {"metadata": {"name": "app", "dependencies":
          [{"name": "redis", "alias": "cache", "version": "19.x"}]},
        "values": {"cache": {"replica": {"replicaCount": 5}}, "web": {"x": 1}}},
      "config": {"cache": {"sentinel": {"enabled": true, "quorum": 1}}}})"),
                                     "");
  ASSERT_TRUE(migration.ok());
  EXPECT_EQ(migration->redisha["spec"]["replicas"], 5);
  EXPECT_THAT(migration->notes.front(), HasSubstr("quorum 1 is left out"));
  EXPECT_EQ(Left(*migration), "");
}

TEST(MigrateBitnami, SaysSoWhereTheSnapshotCouldNotBeRead) {
  Json release = Release("{}");
  release["chart"]["metadata"]["appVersion"] = "7.4.1";
  EXPECT_THAT(MigrationText(*FromBitnami(release, "")),
              HasSubstr("7.4.1, whose snapshots are not"));
  release["chart"]["metadata"]["appVersion"] = "7.0.12";
  EXPECT_THAT(MigrationText(*FromBitnami(release, "")), Not(HasSubstr("whose snapshots")));
}

TEST(MigrateBitnami, AnotherChartIsRefused) {
  EXPECT_EQ(
      FromBitnami(Parse(R"({"chart": {"metadata": {"name": "mysql"}}})"), "").status().message(),
      "the release is of chart \"mysql\", which is not Bitnami's redis and does not depend "
      "on it");
  EXPECT_FALSE(FromBitnami(Parse("[]"), "").ok());
}

TEST(MigrateSpotahome, MapsWhatThereIsAndNamesTheRest) {
  const auto migration =
      FromSpotahome(Parse(R"({"metadata": {"name": "sessions", "namespace": "web"},
    "spec": {"auth": {"secretPath": "redis-auth"},
      "sentinel": {"replicas": 3, "customConfig": ["down-after-milliseconds 2000",
                                                   "failover-timeout 3000", "loglevel debug"]},
      "redis": {"replicas": 3, "image": "redis:6", "exporter": {"enabled": true},
        "customConfig": ["maxclients 1000", "save 600 1", "rename-command FLUSHALL x"],
        "storage": {"keepAfterDeletion": true, "persistentVolumeClaim": {"spec":
          {"storageClassName": "fast", "resources": {"requests": {"storage": "5Gi"}}}}}}}})"),
                    "");
  ASSERT_TRUE(migration.ok());
  EXPECT_EQ(ToYaml(migration->redisha["spec"]),
            "auth:\n  enabled: true\n  secretRef:\n    key: password\n    name: redis-auth\n"
            "config:\n  maxclients: \"1000\"\n"
            "persistence:\n  mode: RDB\n  snapshotSeconds: 600\n"
            "replicas: 3\n"
            "sentinel:\n  downAfterMilliseconds: 2000\n  failoverTimeoutMilliseconds: 3000\n"
            "  masterName: mymaster\n"
            "storage:\n  size: \"5Gi\"\n  storageClassName: fast\n");
  EXPECT_EQ(Left(*migration),
            "redis.customConfig: rename-command FLUSHALL: spec.config has one value for each "
            "directive; see docs/differences.md\n"
            "sentinel.customConfig: loglevel: use the fields of spec.sentinel\n"
            "redis.exporter: pods export metrics on port 9121 without an exporter\n"
            "redis.image: the servers are RedisHA's own\n");
}

TEST(MigrateOpstree, MapsWhatThereIsAndNamesTheRest) {
  const auto migration = FromOpstree(Parse(R"({"metadata": {"name": "cache", "namespace": "n"},
    "spec": {"clusterSize": 3, "redisExporter": {"enabled": true},
      "kubernetesConfig": {"image": "x", "redisSecret": {"name": "s", "key": "k"},
                           "resources": {"limits": {"memory": "1Gi"}}},
      "storage": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}},
      "redisConfig": {"additionalRedisConfig": "conf"}, "tolerations": [{"key": "a"}]},
    "status": {"masterNode": "cache-1"}})"),
                                     "");
  ASSERT_TRUE(migration.ok());
  EXPECT_EQ(migration->redisha["metadata"]["name"], "cache-ha")
      << "its StatefulSet is called cache";
  EXPECT_EQ(migration->redisha["spec"]["auth"]["secretRef"], Parse(R"({"name": "s", "key": "k"})"));
  EXPECT_EQ(migration->redisha["spec"]["resources"]["limits"]["memory"], "1Gi");
  EXPECT_EQ(migration->redisha["spec"]["podTemplate"]["spec"]["tolerations"][0]["key"], "a");
  EXPECT_EQ(migration->snapshot_pod, "cache-1");
  EXPECT_THAT(Left(*migration), HasSubstr("redisConfig.additionalRedisConfig: put the settings"));
}

TEST(HelmRelease, IsBase64OfBase64OfGzip) {
  const Json release = {{"name", "shop"}};
  const std::string data = k8s::EncodeBase64(k8s::EncodeBase64(Gzip(release.dump())));
  EXPECT_EQ(*DecodeHelmRelease({{"data", {{"release", data}}}}), release);
  EXPECT_FALSE(DecodeHelmRelease({{"data", {{"release", "!"}}}}).ok());
  EXPECT_FALSE(DecodeHelmRelease(Json::object()).ok());
  const std::string torn = k8s::EncodeBase64(k8s::EncodeBase64(Gzip("{}").substr(0, 12)));
  EXPECT_FALSE(DecodeHelmRelease({{"data", {{"release", torn}}}}).ok());
}

TEST(Migrations, TakeAnyShape) {
  for (const char* hostile : {"{}", "[]", "7", R"({"spec": [1], "metadata": 3})",
                              R"({"spec": {"redis": {"replicas": "many", "customConfig": {}}}})"}) {
    EXPECT_TRUE(FromSpotahome(Parse(hostile), "x").ok());
    EXPECT_TRUE(FromOpstree(Parse(hostile), "x").ok());
  }
  EXPECT_TRUE(
      FromBitnami(Release(R"({"replica": 7, "auth": [], "commonConfiguration": {}})"), "").ok());
}

}  // namespace
}  // namespace rha::cli
