// Requests, errors, configuration and the verbs over a fake transport.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/k8s/api.h"
#include "common/k8s/base64.h"
#include "common/k8s/config.h"
#include "common/k8s/fake_transport.h"
#include "common/k8s/time_format.h"
#include "common/k8s/yaml.h"

namespace rha::k8s {
namespace {

using ::testing::HasSubstr;

const ObjectRef kDemo{&kStatefulSets, {"default", "demo"}};

TEST(Request, PathsNameGroupNamespaceAndSubresource) {
  EXPECT_EQ(GetRequest({&kPods, {"ns", "p"}}).Target(), "/api/v1/namespaces/ns/pods/p");
  EXPECT_EQ(GetRequest(kDemo, "scale").Target(),
            "/apis/apps/v1/namespaces/default/statefulsets/demo/scale");
  EXPECT_EQ(GetRequest({&kNamespaces, {"", "ns"}}).Target(), "/api/v1/namespaces/ns");
}

TEST(Request, QueryValuesAreEncoded) {
  const auto request = ListRequest(kPods, {.label_selector = "a/b=c,d in (e)", .limit = 5});
  EXPECT_EQ(request.Target(), "/api/v1/pods?labelSelector=a%2Fb%3Dc%2Cd%20in%20%28e%29&limit=5");
}

TEST(Request, ApplyIsAPatchThatNamesItsManager) {
  const Json object = NewObject(kStatefulSets, {"default", "demo"});
  const auto request =
      ApplyRequest(kStatefulSets, object, {.field_manager = "me", .subresource = "status"});
  EXPECT_EQ(request.method, HttpMethod::kPatch);
  EXPECT_EQ(request.content_type, "application/apply-patch+yaml");
  EXPECT_EQ(request.Target(),
            "/apis/apps/v1/namespaces/default/statefulsets/demo/status?fieldManager=me&force=true");
}

TEST(Request, WatchAsksForBookmarks) {
  const auto request = WatchRequest(kPods, {.ns = "x", .resource_version = "7", .timeout_s = 290});
  EXPECT_EQ(request.Target(),
            "/api/v1/namespaces/x/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7"
            "&timeoutSeconds=290");
}

TEST(Errors, StatusObjectBecomesCodeAndText) {
  FakeTransport transport;
  transport.Answer(404, R"({"kind":"Status","reason":"NotFound","message":"no demo","code":404})");
  transport.Answer(409,
                   R"({"kind":"Status","reason":"AlreadyExists","message":"there","code":409})");
  transport.Answer(409, R"({"kind":"Status","reason":"Conflict","message":"changed","code":409})");
  transport.Answer(503, "upstream down");
  Api api(transport);
  const Status missing = api.Get(kDemo).status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_EQ(missing.message(), "get statefulsets default/demo: no demo (HTTP 404, NotFound)");
  const Json object = NewObject(kStatefulSets, kDemo.key);
  EXPECT_EQ(api.Create(kStatefulSets, object).status().code(), Code::kExists);
  EXPECT_EQ(api.Replace(kStatefulSets, object).status().code(), Code::kConflict);
  const Status down = api.Get(kDemo).status();
  EXPECT_EQ(down.code(), Code::kUnavailable);
  EXPECT_THAT(down.message(), HasSubstr("upstream down"));
}

TEST(Errors, CausesAndRetryAfterAreKept) {
  const ApiError error = ParseApiError(
      {422, 0,
       R"({"kind":"Status","reason":"Invalid","message":"bad","details":{"retryAfterSeconds":3,
           "causes":[{"field":"spec.replicas","message":"too many"}]}})"});
  ASSERT_EQ(error.causes.size(), 1u);
  EXPECT_EQ(error.causes[0].field, "spec.replicas");
  EXPECT_EQ(error.retry_after_s, 3);
  EXPECT_EQ(ToStatus(error).code(), Code::kInvalid);
}

TEST(Api, ListFollowsPagesAndNamesTheType) {
  FakeTransport transport;
  transport.Answer(200, R"({"metadata":{"resourceVersion":"5","continue":"more"},
                            "items":[{"metadata":{"name":"a"}}]})");
  transport.Answer(200, R"({"metadata":{"resourceVersion":"5"},
                            "items":[{"metadata":{"name":"b"}}]})");
  Api api(transport);
  auto list = api.List(kPods, {});
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(StringAt(*list->items[1], "kind"), "Pod");
  EXPECT_THAT(transport.requests[1].Target(), HasSubstr("continue=more"));
}

TEST(Api, AnswerThatIsNoJsonIsAnError) {
  FakeTransport transport;
  transport.Answer(200, "<html>");
  Api api(transport);
  EXPECT_EQ(api.Get(kDemo).status().code(), Code::kCorrupt);
}

TEST(Json, LookupsNeverThrow) {
  const Json object = {{"spec", {{"n", 3}, {"s", "x"}}}, {"metadata", "wrong"}};
  EXPECT_EQ(IntAt(object, "spec.n"), 3);
  EXPECT_EQ(IntAt(object, "spec.s", 9), 9);
  EXPECT_EQ(StringAt(object, "spec.n"), "");
  EXPECT_EQ(KeyOf(object).name, "");
  EXPECT_EQ(ControllerUidOf(object), "");
}

TEST(Time, RoundTrips) {
  const int64_t us = 1'700'000'000'123'456;
  EXPECT_EQ(FormatTime(us), "2023-11-14T22:13:20Z");
  EXPECT_EQ(FormatMicroTime(us), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(ParseTime(FormatMicroTime(us)), us);
  EXPECT_EQ(ParseTime("yesterday"), -1);
}

TEST(Base64, RoundTripsEveryLength) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "\xff\xfe\x00x"}) {
    auto decoded = DecodeBase64(EncodeBase64(text));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, text);
  }
  EXPECT_FALSE(DecodeBase64("a*b=").ok());
  EXPECT_FALSE(DecodeBase64("abcde").ok());
}

TEST(Yaml, ScalarsBecomeWhatKubectlMakesOfThem) {
  auto parsed = ParseYaml("---\na: 3\nb: '3'\nc: yes\nd: true\ne: ~\nf: [1.5, 1Gi, 012]\n---\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  ASSERT_EQ(parsed->size(), 1u);
  EXPECT_EQ(parsed->front()->dump(),
            R"({"a":3,"b":"3","c":"yes","d":true,"e":null,"f":[1.5,"1Gi","012"]})");
  EXPECT_FALSE(ParseYaml("a: 1\na: 2").ok());
  EXPECT_FALSE(ParseYaml("a: [").ok());
}

constexpr char kKubeconfig[] = R"(
apiVersion: v1
kind: Config
current-context: dev
clusters:
- name: c
  cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: Y2E=}
contexts:
- name: dev
  context: {cluster: c, user: u, namespace: team}
- name: broken
  context: {cluster: nowhere, user: u}
- name: plugin
  context: {cluster: c, user: p}
users:
- name: u
  user: {token: secret}
- name: p
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/aws
      args: [eks, get-token]
      env: [{name: AWS_PROFILE, value: shop}]
)";

TEST(Config, KubeconfigGivesServerTokenAndNamespace) {
  auto config = ParseKubeconfig(kKubeconfig, "/");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "https://127.0.0.1:6443");
  EXPECT_EQ(config->ca_pem, "ca");
  EXPECT_EQ(config->token, "secret");
  EXPECT_EQ(config->ns, "team");
}

TEST(Config, ErrorsNameWhatIsWrong) {
  EXPECT_THAT(ParseKubeconfig(kKubeconfig, "/", "broken").status().message(),
              HasSubstr("no entry named 'nowhere'"));
  EXPECT_FALSE(ParseKubeconfig("[", "/").ok());
  EXPECT_FALSE(ParseKubeconfig("[]", "/").ok());
  EXPECT_FALSE(ParseKubeconfig("{}", "/").ok());
}

TEST(Config, ACredentialPluginIsHandedToWhoMayRunIt) {
  const auto config = ParseKubeconfig(kKubeconfig, "/home/u/.kube", "plugin");
  ASSERT_TRUE(config.ok() && config->exec);
  EXPECT_EQ(config->exec->command, "/home/u/.kube/./bin/aws");
  EXPECT_EQ(config->exec->args, (std::vector<std::string>{"eks", "get-token"}));
  EXPECT_EQ(config->exec->env[0].second, "shop");
}

class ConfigOrder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("rha_config_" + std::to_string(reinterpret_cast<uintptr_t>(this)));
    std::filesystem::create_directories(folder_ / ".kube");
    Write("flag", kKubeconfig);
    Write("env", kKubeconfig);
    Write(".kube/config", kKubeconfig);
    Write("token", "t\n");
    Write("ca.crt", "ca");
    Write("namespace", "mine");
    sources_.service_account_dir = folder_.string();
    sources_.getenv = [this](const char* name) { return env_[name]; };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  std::string Source() {
    auto config = LoadConfigFrom(sources_);
    return config.ok() ? config->source : config.status().message();
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> env_;
  ConfigSources sources_;
};

TEST_F(ConfigOrder, FlagThenEnvironmentThenPodThenHome) {
  EXPECT_THAT(Source(), HasSubstr("no Kubernetes configuration"));
  env_["HOME"] = folder_.string();
  EXPECT_EQ(Source(), "kubeconfig " + (folder_ / ".kube/config").string());
  env_["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  EXPECT_EQ(Source(), "in-cluster");
  env_["KUBECONFIG"] = (folder_ / "env").string();
  EXPECT_EQ(Source(), "kubeconfig " + (folder_ / "env").string());
  sources_.kubeconfig_flag = (folder_ / "flag").string();
  EXPECT_EQ(Source(), "kubeconfig " + (folder_ / "flag").string());
}

TEST_F(ConfigOrder, OnlyWhoAsksForPluginsAndContextsGetsThem) {
  sources_.kubeconfig_flag = (folder_ / "flag").string();
  sources_.context = "plugin";
  EXPECT_THAT(Source(), HasSubstr("credential plugins (exec) are not supported"));
  sources_.exec_plugins = true;
  EXPECT_EQ(Source(), "kubeconfig " + (folder_ / "flag").string());
}

TEST_F(ConfigOrder, InClusterReadsTheServiceAccount) {
  env_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  env_["KUBERNETES_SERVICE_PORT"] = "6443";
  auto config = LoadConfigFrom(sources_);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->server, "https://[fd00::1]:6443");
  EXPECT_EQ(config->ns, "mine");
  EXPECT_EQ(config->token_file, (folder_ / "token").string());
}

}  // namespace
}  // namespace rha::k8s
