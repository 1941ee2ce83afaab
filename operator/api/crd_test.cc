// crds/redisha.yaml and this folder say the same: every default, every limit, every reserved name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/k8s/config.h"
#include "common/k8s/yaml.h"
#include "operator/api/redisha.h"

namespace rha::op::api {
namespace {

using k8s::Json;
using ::testing::HasSubstr;

constexpr size_t kCrdBytesMax = 200'000;  // kubectl apply keeps a copy in a 256 KiB annotation

class Crd : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto text = k8s::ReadFile(std::string(RHA_SOURCE_DIR) + "/crds/redisha.yaml");
    ASSERT_TRUE(text.ok()) << text.status().message();
    text_ = *text;
    const auto documents = k8s::ParseYaml(text_);
    ASSERT_TRUE(documents.ok()) << documents.status().message();
    crd_ = *documents->front();
    version_ = crd_["spec"]["versions"][0];
    schema_ = version_["schema"]["openAPIV3Schema"];
  }
  Json& Spec() { return schema_["properties"]["spec"]["properties"]; }

  std::string text_;
  Json crd_, version_, schema_;
};

// Fills in defaults as the API server does.
void ApplyDefaults(const Json& schema, Json* value) {
  if (!value->is_object() || !schema.contains("properties")) return;
  for (const auto& [name, field] : schema["properties"].items()) {
    if (!value->contains(name) && field.contains("default")) (*value)[name] = field["default"];
    if (value->contains(name)) ApplyDefaults(field, &(*value)[name]);
  }
}

void ExpectDescribed(const Json& schema, const std::string& path) {
  if (!schema.contains("properties")) {
    if (schema.contains("items")) ExpectDescribed(schema["items"], path + "[]");
    return;
  }
  for (const auto& [name, field] : schema["properties"].items()) {
    const bool standard = path.empty() && name == "metadata";
    EXPECT_TRUE(standard || field.contains("description")) << path << "." << name;
    ExpectDescribed(field, path + "." + name);
  }
}

TEST_F(Crd, NamesTheKindThatTheOperatorWatches) {
  EXPECT_EQ(crd_["spec"]["group"], kRedisHas.group);
  EXPECT_EQ(version_["name"], kRedisHas.version);
  EXPECT_EQ(crd_["spec"]["names"]["plural"], kRedisHas.plural);
  EXPECT_EQ(crd_["spec"]["names"]["kind"], kRedisHas.kind);
}

TEST_F(Crd, IsSmallEnoughForClientSideApply) { EXPECT_LT(text_.size(), kCrdBytesMax); }

TEST_F(Crd, DescribesEveryField) { ExpectDescribed(schema_, ""); }

TEST_F(Crd, DefaultsAreThoseOfTheOperator) {
  Json object = {{"metadata", {{"name", "demo"}, {"namespace", "ns"}}}};
  const struct Spec ours = ParseRedisHa(object).redisha.spec;
  ApplyDefaults(schema_, &object);
  const auto parsed = ParseRedisHa(object);
  EXPECT_EQ(JoinErrors(parsed.errors), "");
  const struct Spec& theirs = parsed.redisha.spec;
  EXPECT_EQ(object["spec"]["replicas"], ours.replicas);
  EXPECT_EQ(object["spec"]["imagePullPolicy"], ours.image_pull_policy);
  EXPECT_EQ(object["spec"]["storage"]["size"], ours.storage.size);
  EXPECT_EQ(object["spec"]["persistence"]["snapshotSeconds"], ours.persistence.snapshot_seconds);
  EXPECT_EQ(theirs.persistence.mode, ours.persistence.mode);
  EXPECT_EQ(theirs.persistence.fsync, ours.persistence.fsync);
  EXPECT_EQ(object["spec"]["persistence"]["rewritePercent"], ours.persistence.rewrite_percent);
  EXPECT_EQ(theirs.storage.type, ours.storage.type);
  EXPECT_EQ(theirs.auth.enabled, ours.auth.enabled);
  EXPECT_EQ(theirs.auth.secret_key, ours.auth.secret_key);
  EXPECT_EQ(object["spec"]["auth"]["sentinel"], ours.auth.sentinel);
  EXPECT_EQ(theirs.image_update, ours.image_update);
  EXPECT_EQ(object["spec"]["networkPolicy"]["enabled"], ours.network_policy.enabled);
  EXPECT_EQ(object["spec"]["sentinel"]["downAfterMilliseconds"], ours.sentinel.down_after_ms);
  EXPECT_EQ(object["spec"]["sentinel"]["failoverTimeoutMilliseconds"],
            ours.sentinel.failover_timeout_ms);
  EXPECT_EQ(object["spec"]["sentinel"]["parallelSyncs"], ours.sentinel.parallel_syncs);
}

TEST_F(Crd, LimitsAreThoseOfTheOperator) {
  const Json& persistence = Spec()["persistence"]["properties"];
  EXPECT_EQ(Spec()["replicas"]["maximum"], kReplicasMax);
  EXPECT_EQ(Spec()["config"]["maxProperties"], kConfigEntriesMax);
  EXPECT_EQ(Spec()["config"]["additionalProperties"]["maxLength"], kConfigValueBytesMax);
  EXPECT_EQ(persistence["snapshotSeconds"]["maximum"], kSnapshotSecondsMax);
  EXPECT_EQ(persistence["rewritePercent"]["minimum"], 0);
  EXPECT_EQ(persistence["rewritePercent"]["maximum"], kRewritePercentMax);
}

// A default would be filled into what is stored without a mode, and be the same for an EmptyDir.
TEST_F(Crd, LeavesTheModeOfPersistenceToTheOperator) {
  const Json& mode = Spec()["persistence"]["properties"]["mode"];
  EXPECT_FALSE(mode.contains("default"));
  Json object = {{"metadata", {{"name", "demo"}, {"namespace", "ns"}}}};
  ApplyDefaults(schema_, &object);
  EXPECT_FALSE(object["spec"]["persistence"].contains("mode"));
}

TEST_F(Crd, RefusesTheSameSettingsAsTheOperator) {
  const std::string rules = Spec()["config"]["x-kubernetes-validations"].dump();
  for (const std::string_view key : ReservedConfigKeys()) {
    EXPECT_THAT(rules, HasSubstr("'" + std::string(key) + "'"));
  }
  for (const std::string_view key : OwnConfigKeys()) {
    EXPECT_THAT(rules, HasSubstr("'" + std::string(key) + "'"));
  }
}

}  // namespace
}  // namespace rha::op::api
