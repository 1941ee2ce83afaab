#include "operator/api/redisha.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/api/quantity.h"

namespace rha::op::api {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

k8s::Json Demo(k8s::Json spec = k8s::Json::object()) {
  return {
      {"metadata", {{"name", "demo"}, {"namespace", "default"}, {"uid", "u"}, {"generation", 4}}},
      {"spec", std::move(spec)}};
}

std::string ErrorsOf(k8s::Json spec) { return JoinErrors(ParseRedisHa(Demo(spec)).errors); }

TEST(RedisHa, AnEmptySpecGetsEveryDefault) {
  const auto parsed = ParseRedisHa(Demo());
  EXPECT_THAT(parsed.errors, IsEmpty());
  const Spec& spec = parsed.redisha.spec;
  EXPECT_EQ(parsed.redisha.generation, 4);
  EXPECT_EQ(spec.replicas, 3);
  EXPECT_EQ(spec.sentinel.quorum, 2);
  EXPECT_EQ(spec.sentinel.master_name, "default.demo");
  EXPECT_EQ(spec.storage.size, "1Gi");
  EXPECT_TRUE(spec.auth.enabled);
  EXPECT_EQ(spec.persistence.mode, PersistenceMode::kAof);
  EXPECT_EQ(spec.persistence.fsync, FsyncPolicy::kEverySecond);
  EXPECT_EQ(spec.persistence.rewrite_percent, 100);
}

TEST(RedisHa, WithoutAModeVolumesGetAnAppendOnlyFileAndAnEmptyDirSnapshots) {
  const auto mode = [](k8s::Json spec) {
    return ParseRedisHa(Demo(std::move(spec))).redisha.spec.persistence.mode;
  };
  const k8s::Json scratch = {{"type", "EmptyDir"}};
  EXPECT_EQ(mode({{"storage", {{"size", "2Gi"}}}}), PersistenceMode::kAof);
  EXPECT_EQ(mode({{"storage", scratch}}), PersistenceMode::kRdb);
  EXPECT_EQ(mode({{"storage", scratch}, {"persistence", {{"mode", "AOF"}}}}),
            PersistenceMode::kAof);
  EXPECT_EQ(mode({{"persistence", {{"mode", "RDB"}}}}), PersistenceMode::kRdb)
      << "what was stored while that was the default";
}

TEST(RedisHa, WhatItWasMadeWithHoldsWhereNoModeIsNamed) {
  const auto mode = [](k8s::Json status, k8s::Json spec = k8s::Json::object()) {
    k8s::Json object = Demo(std::move(spec));
    object["status"] = std::move(status);
    return ParseRedisHa(object).redisha.spec.persistence.mode;
  };
  EXPECT_EQ(mode({{"persistenceMode", "None"}}), PersistenceMode::kNone);
  EXPECT_EQ(mode({{"persistenceMode", "RDB"}, {"clusterUID", "u"}}), PersistenceMode::kRdb);
  EXPECT_EQ(mode({{"persistenceMode", "RDB"}}, {{"persistence", {{"mode", "AOFAndRDB"}}}}),
            PersistenceMode::kAofAndRdb);
  EXPECT_EQ(mode({{"clusterUID", "u"}}), PersistenceMode::kRdb) << "nobody wrote it down then";
  EXPECT_EQ(mode({{"phase", "Pending"}}), PersistenceMode::kAof);
}

TEST(RedisHa, WhatTheModeDoesNotTakeIsRefused) {
  const std::string of_file = ": is of the append-only file: mode must be AOF or AOFAndRDB";
  const k8s::Json scratch = {{"type", "EmptyDir"}};
  for (const auto& [field, value] :
       {std::pair<std::string, k8s::Json>{"fsync", "Always"}, {"rewritePercent", 50}}) {
    const auto errors = [&field = field, &value = value](k8s::Json mode, k8s::Json storage) {
      return ErrorsOf({{"persistence", {{"mode", mode}, {field, value}}}, {"storage", storage}});
    };
    const std::string refused = "spec.persistence." + field + of_file;
    for (const char* mode : {"None", "RDB"}) EXPECT_EQ(errors(mode, nullptr), refused);
    for (const char* mode : {"AOF", "AOFAndRDB"}) EXPECT_EQ(errors(mode, scratch), "");
    EXPECT_EQ(errors(nullptr, nullptr), "");
    EXPECT_EQ(errors(nullptr, scratch), refused);
  }
  EXPECT_EQ(ErrorsOf({{"persistence", {{"snapshotSeconds", 60}}}}),
            "spec.persistence.snapshotSeconds: is of snapshots: mode must be RDB or AOFAndRDB");
  EXPECT_EQ(ErrorsOf({{"persistence", {{"snapshotSeconds", 60}}}, {"storage", scratch}}), "");
}

TEST(RedisHa, NullCountsAsAbsent) {
  EXPECT_EQ(ErrorsOf({{"replicas", nullptr}, {"sentinel", nullptr}}), "");
}

TEST(RedisHa, ErrorsNameTheField) {
  EXPECT_EQ(ErrorsOf({{"replicas", 99}}), "spec.replicas: must be between 1 and 15, is 99");
  EXPECT_EQ(ErrorsOf({{"replicas", "3"}}), "spec.replicas: must be a whole number, is a string");
  EXPECT_EQ(ErrorsOf({{"replicas", 2}}),
            "spec.replicas: must be 1 or at least 3: two voters cannot survive the loss of one");
  EXPECT_EQ(ErrorsOf({{"sentinel", 5}}), "spec.sentinel: must be an object, is a number");
  EXPECT_EQ(ErrorsOf({{"sentinel", {{"quorum", 1}}}}),
            "spec.sentinel.quorum: must be a majority of the replicas: between 2 and 3, is 1");
  EXPECT_EQ(ErrorsOf({{"persistence", {{"mode", "Sometimes"}}}}),
            "spec.persistence.mode: must be one of None, RDB, AOF, AOFAndRDB, is 'Sometimes'");
  EXPECT_EQ(ErrorsOf({{"persistence", {{"rewritePercent", -1}}}}),
            "spec.persistence.rewritePercent: must be between 0 and 10000, is -1");
  EXPECT_EQ(ErrorsOf({{"persistence", {{"rewritePercent", 50}}},
                      {"config", {{"auto-aof-rewrite-percentage", "60"}}}}),
            "spec.persistence.rewritePercent: may not be given beside "
            "config[auto-aof-rewrite-percentage]");
  EXPECT_EQ(ErrorsOf({{"storage", {{"type", "EmptyDir"}, {"storageClassName", "fast"}}}}),
            "spec.storage.storageClassName: is of volumes: type must be PersistentVolumeClaim");
  EXPECT_EQ(ErrorsOf({{"storage", {{"size", "lots"}}}}),
            "spec.storage.size: 'lots' is no quantity such as 1Gi or 500m");
  EXPECT_EQ(ErrorsOf({{"auth", {{"secretRef", {{"key", "k"}}}}}}),
            "spec.auth.secretRef.name: is required");
  EXPECT_EQ(ErrorsOf({{"imagePullSecrets", {{{"name", "a"}}, {{"nam", "b"}}}}}),
            "spec.imagePullSecrets[1].name: is required");
  EXPECT_EQ(ErrorsOf({{"update", {{"image", "Sometimes"}}}}),
            "spec.update.image: must be one of Pinned, Follow, is 'Sometimes'");
  EXPECT_EQ(ErrorsOf({{"networkPolicy", {{"from", {{"a", 1}}}}}}),
            "spec.networkPolicy.from: must be a list, is an object");
  EXPECT_EQ(ErrorsOf({{"metrics", {{"serviceMonitor", {{"interval", "often"}}}}}}),
            "spec.metrics.serviceMonitor.interval: must be a time such as 30s");
  EXPECT_EQ(
      ErrorsOf({{"metrics",
                 {{"serviceMonitor", {{"enabled", true}}}, {"podMonitor", {{"enabled", true}}}}}}),
      "spec.metrics.podMonitor: may not be enabled together with serviceMonitor: each pod "
      "would be scraped twice");
  EXPECT_THAT(ErrorsOf({{"podTemplate", {{"containers", 1}}}}),
              HasSubstr("spec.podTemplate.containers: unknown field"));
  EXPECT_EQ(ErrorsOf({{"podTemplate", {{"metadata", {{"labels", "x"}}}}}}),
            "spec.podTemplate.metadata.labels: must be a map of strings, is a string");
}

TEST(RedisHa, ConfigMayNotSmuggleOrOverride) {
  EXPECT_EQ(ErrorsOf({{"config", {{"maxmemory", "1gb"}, {"slowlog-max-len", "9"}}}}), "");
  EXPECT_THAT(ErrorsOf({{"config", {{"port", "1"}}}}),
              HasSubstr("spec.config[port]: is set by the operator"));
  EXPECT_THAT(ErrorsOf({{"config", {{"redisha-managed", "no"}}}}),
              HasSubstr("set by the operator"));
  EXPECT_EQ(ErrorsOf({{"config", {{"redisha-slow-replica-brake-percent", "50"}}}}), "");
  EXPECT_THAT(ErrorsOf({{"config", {{"hz", "10\nport 1"}}}}), HasSubstr("must be one line"));
  EXPECT_THAT(ErrorsOf({{"config", {{"hz 10\nport", "1"}}}}), HasSubstr("lower-case letters"));
  EXPECT_THAT(ErrorsOf({{"config", {{"hz", 10}}}}), HasSubstr("spec.config[hz]: must be a string"));
}

TEST(RedisHa, AllErrorsAreReportedTogether) {
  const auto parsed = ParseRedisHa(Demo({{"replicas", 0}, {"auth", {{"enabled", "yes"}}}}));
  ASSERT_EQ(parsed.errors.size(), 2u);
  EXPECT_EQ(parsed.errors[1].path, "spec.auth.enabled");
}

TEST(RedisHa, LongNamesAreRefused) {
  k8s::Json object = Demo();
  object["metadata"]["name"] = std::string(41, 'x');
  EXPECT_EQ(ParseRedisHa(object).errors[0].path, "metadata.name");
}

TEST(Quantity, KnowsAllForms) {
  EXPECT_DOUBLE_EQ(*ParseQuantity("1Gi"), 1073741824.0);
  EXPECT_DOUBLE_EQ(*ParseQuantity("500m"), 0.5);
  EXPECT_DOUBLE_EQ(*ParseQuantity("1.5G"), 1.5e9);
  EXPECT_DOUBLE_EQ(*ParseQuantity("2e3"), 2000.0);
  EXPECT_DOUBLE_EQ(*ParseQuantity("7"), 7.0);
  for (const char* bad : {"", "Gi", "1 Gi", "1Gib", "--1", "1e", "1.2.3", "1 "}) {
    EXPECT_FALSE(ParseQuantity(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace rha::op::api
