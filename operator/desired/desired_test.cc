// Golden tests: each example becomes the objects in testdata/NAME.golden.json. After an intended
// change, RHA_REWRITE_GOLDEN=1 writes them anew; the diff is what is reviewed.
#include "operator/desired/desired.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/k8s/config.h"
#include "common/k8s/yaml.h"
#include "operator/desired/names.h"
#include "operator/desired/pod_template.h"

namespace rha::op::desired {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kRoot = RHA_SOURCE_DIR;
const Inputs kInputs{.image = "localhost/redisha:dev", .monitoring = true};

api::RedisHa Load(const std::string& file) {
  const auto text = k8s::ReadFile(kRoot + "/examples/" + file);
  EXPECT_TRUE(text.ok()) << text.status().message();
  const auto documents = k8s::ParseYaml(*text);
  EXPECT_TRUE(documents.ok()) << documents.status().message();
  for (const k8s::ObjectPtr& document : *documents) {
    if (k8s::StringAt(*document, "kind") != "RedisHA") continue;
    k8s::Json object = *document;
    object["metadata"]["uid"] = "00000000-1111-2222-3333-444444444444";
    auto parsed = api::ParseRedisHa(object);
    EXPECT_EQ(api::JoinErrors(parsed.errors), "") << file;
    return parsed.redisha;
  }
  ADD_FAILURE() << file << " has no RedisHA";
  return {};
}

std::string Print(const std::vector<DesiredObject>& objects) {
  std::string text;
  for (const DesiredObject& desired : objects) text += desired.object->dump(2) + "\n";
  return text;
}

const DesiredObject& Only(const std::vector<DesiredObject>& objects, std::string_view kind) {
  for (const DesiredObject& desired : objects) {
    if (desired.type->kind == kind) return desired;
  }
  ADD_FAILURE() << "no " << kind;
  return objects.front();
}

class Examples : public ::testing::TestWithParam<std::string> {};

TEST_P(Examples, BecomeTheGoldenObjects) {
  const std::string name = std::filesystem::path(GetParam()).stem().string();
  const std::string golden = kRoot + "/operator/desired/testdata/" + name + ".golden.json";
  const std::string actual = Print(Desired(Load(GetParam()), kInputs));
  if (std::getenv("RHA_REWRITE_GOLDEN") != nullptr) std::ofstream(golden) << actual;
  const auto expected = k8s::ReadFile(golden);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  EXPECT_EQ(actual, *expected);
}

std::vector<std::string> ExampleFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot + "/examples")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(All, Examples, ::testing::ValuesIn(ExampleFiles()), [](const auto& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Desired, IsTheSameEveryTime) {
  const api::RedisHa demo = Load("minimal.yaml");
  EXPECT_EQ(Print(Desired(demo, kInputs)), Print(Desired(demo, kInputs)));
}

TEST(Desired, ScalingChangesTheMembersAndReplacesNoPod) {
  api::RedisHa demo = Load("minimal.yaml");
  const auto three = Desired(demo, kInputs);
  demo.spec.replicas = demo.spec.sentinel.quorum = 5;
  const auto five = Desired(demo, kInputs);
  const auto pods = [](const std::vector<DesiredObject>& objects) {
    return k8s::Find(*Only(objects, "StatefulSet").object, "spec.template")->dump();
  };
  EXPECT_EQ(pods(three), pods(five)) << "a replaced pod loses what it has in memory";
  EXPECT_THAT(Only(five, "ConfigMap").object->dump(), HasSubstr("redisha-member demo-4"));
  demo.spec.config["hz"] = "20";
  EXPECT_NE(pods(five), pods(Desired(demo, kInputs)));
}

TEST(Desired, AResourceChangeLeavesTheConfigurationAlone) {
  api::RedisHa demo = Load("minimal.yaml");
  const auto before = Desired(demo, kInputs);
  demo.spec.resources =
      std::make_shared<const k8s::Json>(k8s::Json{{"limits", {{"memory", "1Gi"}}}});
  const auto after = Desired(demo, kInputs);
  EXPECT_EQ(Only(before, "ConfigMap").hash, Only(after, "ConfigMap").hash);
  EXPECT_NE(Only(before, "StatefulSet").hash, Only(after, "StatefulSet").hash);
}

TEST(Desired, NodesAreToldOfTheAppendOnlyFileIfTheyShallKeepOne) {
  const auto conf = [](api::PersistenceMode mode, api::FsyncPolicy fsync, int percent = 100) {
    api::RedisHa redisha = Load("minimal.yaml");
    redisha.spec.persistence = {.mode = mode, .fsync = fsync, .rewrite_percent = percent};
    return ConfigMap(redisha, kInputs)["data"]["node.conf"].get<std::string>();
  };
  using api::FsyncPolicy;
  using api::PersistenceMode;
  const std::string aof = conf(PersistenceMode::kAof, FsyncPolicy::kAlways);
  EXPECT_THAT(aof, HasSubstr("\nsave \"\"\nappendonly yes\nappendfsync always\n"));
  const std::string both = conf(PersistenceMode::kAofAndRdb, FsyncPolicy::kEverySecond);
  EXPECT_THAT(both, HasSubstr("\nsave 900 1\nappendonly yes\nappendfsync everysec\n"));
  EXPECT_THAT(conf(PersistenceMode::kRdb, FsyncPolicy::kAlways), Not(HasSubstr("append")));
  EXPECT_THAT(conf(PersistenceMode::kNone, FsyncPolicy::kAlways), Not(HasSubstr("append")));
  EXPECT_THAT(aof, Not(HasSubstr("rewrite"))) << "a line that is new would restart what runs";
  EXPECT_THAT(conf(PersistenceMode::kAof, FsyncPolicy::kEverySecond, 50),
              HasSubstr("\nappendfsync everysec\nauto-aof-rewrite-percentage 50\n"));
  EXPECT_THAT(conf(PersistenceMode::kAofAndRdb, FsyncPolicy::kEverySecond, 0),
              HasSubstr("\nauto-aof-rewrite-percentage 0\n"));
  EXPECT_THAT(conf(PersistenceMode::kRdb, FsyncPolicy::kEverySecond, 50),
              Not(HasSubstr("rewrite")));
}

TEST(Desired, WithoutAPasswordThereIsNoTraceOfOne) {
  api::RedisHa demo = Load("minimal.yaml");
  demo.spec.auth.enabled = false;
  const std::string all = Print(Desired(demo, kInputs));
  EXPECT_THAT(all, Not(HasSubstr("/redisha/auth")));
  EXPECT_THAT(all, Not(HasSubstr("demo-auth")));
  EXPECT_THAT(all, HasSubstr("protected-mode no")) << "else only the pod itself would be served";
}

const k8s::Json& ContainerOf(const k8s::Json& set, std::string_view name) {
  for (const k8s::Json& container : *k8s::Find(set, "spec.template.spec.containers")) {
    if (k8s::StringAt(container, "name") == name) return container;
  }
  ADD_FAILURE() << "no container " << name;
  return set;
}

TEST(Desired, OnlyTheSentinelIsGivenTheTokenOfTheApiServer) {
  const auto objects = Desired(Load("minimal.yaml"), kInputs);
  const k8s::Json& set = *Only(objects, "StatefulSet").object;
  EXPECT_FALSE(k8s::BoolAt(set, "spec.template.spec.automountServiceAccountToken", true));
  EXPECT_THAT(ContainerOf(set, "sentinel")["volumeMounts"].dump(),
              HasSubstr("/var/run/secrets/kubernetes.io/serviceaccount"));
  EXPECT_THAT(ContainerOf(set, "node")["volumeMounts"].dump(), Not(HasSubstr("token")));
}

TEST(Desired, ThePeerKeyIsMountedAndNoPartOfAnyObject) {
  const api::RedisHa demo = Load("minimal.yaml");
  const k8s::Json secret = PeerSecret(demo, "0123abc", "hush");
  EXPECT_EQ(k8s::StringAt(secret, "metadata.name"), "demo-peer");
  EXPECT_EQ(secret["data"]["peer-key"], "MDEyM2FiYwo=");
  EXPECT_EQ(secret["data"]["admin-password"], "aHVzaA==");
  const auto objects = Desired(demo, kInputs);
  const k8s::Json& set = *Only(objects, "StatefulSet").object;
  for (const char* container : {"node", "sentinel"}) {
    EXPECT_THAT(ContainerOf(set, container)["volumeMounts"].dump(), HasSubstr("/redisha/peer"));
  }
}

TEST(Desired, ThatADatasetExistsReachesTheSentinelsAndRestartsNothing) {
  const api::RedisHa demo = Load("minimal.yaml");
  const auto before = Desired(demo, kInputs);
  Inputs inputs = kInputs;
  inputs.initialised = true;
  EXPECT_EQ(Only(before, "StatefulSet").hash, Only(Desired(demo, inputs), "StatefulSet").hash);
}

// Who may connect: the rules of the policy as text.
std::string Ingress(const api::RedisHa& redisha) {
  const auto objects = Desired(redisha, kInputs);
  return k8s::Find(*Only(objects, "NetworkPolicy").object, "spec.ingress")->dump();
}

TEST(NetworkPolicy, OpensWhatTheContainersDeclareAndNothingElse) {
  api::RedisHa demo = Load("minimal.yaml");
  EXPECT_EQ(Ingress(demo),
            R"([{"ports":[{"port":6379,"protocol":"TCP"},{"port":26379,"protocol":"TCP"}]},)"
            R"({"ports":[{"port":9121,"protocol":"TCP"}]}])");
  demo.spec.pod_template = std::make_shared<const k8s::Json>(k8s::Json::parse(
      R"({"spec":{"containers":[{"name":"mine","ports":[{"containerPort":80}]}]}})"));
  EXPECT_THAT(Ingress(demo), HasSubstr(R"({"port":80,"protocol":"TCP"})"));
}

TEST(NetworkPolicy, KeepsStrangersFromNodeAndSentinelButNotFromTheMetrics) {
  api::RedisHa demo = Load("minimal.yaml");
  demo.spec.network_policy.from = std::make_shared<const k8s::Json>(
      k8s::Json::parse(R"([{"podSelector":{"matchLabels":{"app":"shop"}}}])"));
  const k8s::Json rules = k8s::Json::parse(Ingress(demo));
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0]["from"].size(), 2u) << "the given ones and the pods themselves";
  EXPECT_THAT(rules[0].dump(), HasSubstr(R"("app":"shop")"));
  EXPECT_THAT(rules[0].dump(), HasSubstr(R"("app.kubernetes.io/instance":"demo")"));
  EXPECT_FALSE(rules[1].contains("from"));
  demo.spec.network_policy.from = std::make_shared<const k8s::Json>(k8s::Json::array());
  EXPECT_EQ(k8s::Json::parse(Ingress(demo))[0]["from"].size(), 1u) << "nobody is not everybody";
}

TEST(NetworkPolicy, SwitchedOffLetsEverythingThrough) {
  api::RedisHa demo = Load("minimal.yaml");
  demo.spec.network_policy.enabled = false;
  EXPECT_EQ(Ingress(demo), "[{}]");
}

TEST(Desired, PodsThatShareALoopbackStayAwayFromIt) {
  const auto arguments = [](const Inputs& inputs) {
    std::string text;
    const auto objects = Desired(Load("minimal.yaml"), inputs);
    const k8s::Json& set = *Only(objects, "StatefulSet").object;
    for (const k8s::Json& container : *k8s::Find(set, "spec.template.spec.containers")) {
      text += container["args"].dump();
    }
    return text;
  };
  EXPECT_THAT(arguments({.image = "x"}), HasSubstr("127.0.0.1"));
  EXPECT_THAT(arguments({.image = "x", .shared_loopback = true}), Not(HasSubstr("127.0.0.1")));
}

TEST(Monitors, AreMadeOnlyWhereTheirApiIs) {
  const api::RedisHa demo = Load("monitoring.yaml");
  const auto kinds = [](const std::vector<DesiredObject>& objects) {
    std::string text;
    for (const DesiredObject& desired : objects) text += std::string(desired.type->kind) + " ";
    return text;
  };
  EXPECT_THAT(kinds(Desired(demo, kInputs)), HasSubstr("ServiceMonitor PrometheusRule "));
  EXPECT_EQ(kinds(Desired(demo, {.image = "x"})), kinds(Desired(Load("minimal.yaml"), kInputs)));
}

TEST(Monitors, APodMonitorGivesTheLabelsOfAServiceMonitor) {
  api::RedisHa demo = Load("minimal.yaml");
  demo.spec.metrics.pod_monitor = {.enabled = true, .labels = {{"app.kubernetes.io/name", "x"}}};
  const auto objects = Desired(demo, kInputs);
  const k8s::Json& monitor = *Only(objects, "PodMonitor").object;
  EXPECT_EQ(k8s::LabelOf(monitor, kLabelName), "redisha") << "the operator finds it by its labels";
  EXPECT_EQ(k8s::Find(monitor, "spec.podMetricsEndpoints")->dump(),
            R"([{"interval":"30s","port":"http-metrics","relabelings":[)"
            R"({"replacement":"demo","targetLabel":"redisha"},)"
            R"({"replacement":"demo-pods","targetLabel":"service"}]}])");
}

TEST(Monitors, TheRulesAreAboutThisRedisHaAlone) {
  api::RedisHa demo = Load("monitoring.yaml");
  demo.key.ns = "shop";
  const auto objects = Desired(demo, kInputs);
  bool found = false;
  for (const k8s::Json& rule :
       Only(objects, "PrometheusRule").object->at("/spec/groups/0/rules"_json_pointer)) {
    EXPECT_NE(rule["alert"], "RedisHAOperatorDown");
    EXPECT_THAT(rule["expr"].get<std::string>(), Not(HasSubstr("@")));
    found |= rule["expr"] == R"(redis_up{namespace="shop", redisha="demo"} == 0)";
  }
  EXPECT_TRUE(found);
}

TEST(Desired, OldServersGetWhatTheyKnow) {
  const auto objects = Desired(Load("minimal.yaml"), {.image = "x", .server_minor = 20});
  const k8s::Json& budget = *Only(objects, "PodDisruptionBudget").object;
  EXPECT_EQ(k8s::StringAt(budget, "apiVersion"), "policy/v1beta1");
  EXPECT_THAT(budget.dump(), Not(HasSubstr("unhealthyPodEvictionPolicy")));
}

TEST(Desired, TheGeneratedSecretHoldsThePasswordUnderTheRightKey) {
  const k8s::Json secret = GeneratedSecret(Load("minimal.yaml"), "hush");
  EXPECT_EQ(k8s::StringAt(secret, "metadata.name"), "demo-auth");
  EXPECT_EQ(k8s::StringAt(secret, "data.password"), "aHVzaA==");
}

TEST(PodTemplate, MergesNamedElementsAndReplacesOtherLists) {
  k8s::Json base = k8s::Json::parse(R"({"spec":{
      "containers":[{"name":"node","args":["a"],"env":[{"name":"X","value":"1"}]}],
      "tolerations":[{"key":"old"}],"nodeSelector":{"a":"1"}}})");
  const k8s::Json overlay = k8s::Json::parse(R"({"spec":{
      "containers":[{"name":"extra","image":"i"},
                    {"name":"node","args":["b"],"env":[{"name":"Y","value":"2"},
                                                       {"name":"X","value":"3"}]}],
      "tolerations":[{"key":"new"}],"nodeSelector":{"a":null,"b":"2"}}})");
  MergePodTemplate(overlay, &base);
  EXPECT_EQ(base, k8s::Json::parse(R"({"spec":{
      "containers":[{"name":"node","args":["b"],"env":[{"name":"X","value":"3"},
                                                       {"name":"Y","value":"2"}]},
                    {"name":"extra","image":"i"}],
      "tolerations":[{"key":"new"}],"nodeSelector":{"b":"2"}}})"));
}

TEST(PodTemplate, CannotTakeAwayTheLabelsThePodsAreSelectedBy) {
  api::RedisHa demo = Load("minimal.yaml");
  demo.spec.pod_template = std::make_shared<const k8s::Json>(k8s::Json::parse(
      R"({"metadata":{"labels":{"app.kubernetes.io/instance":"other","team":"t"}}})"));
  const auto objects = Desired(demo, kInputs);
  const k8s::Json& set = *Only(objects, "StatefulSet").object;
  EXPECT_EQ(k8s::MapValue(set, "spec.template.metadata.labels", kLabelInstance), "demo");
  EXPECT_EQ(k8s::MapValue(set, "spec.template.metadata.labels", "team"), "t");
}

}  // namespace
}  // namespace rha::op::desired
