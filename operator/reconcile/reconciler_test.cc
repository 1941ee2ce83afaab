// The reconciler against a server of a few lines: what it asks, writes and leaves alone.
#include "operator/reconcile/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "common/k8s/base64.h"
#include "common/k8s/fake_transport.h"
#include "operator/api/conditions.h"
#include "operator/reconcile/limits.h"
#include "operator/reconcile/status.h"

namespace rha::op::reconcile {
namespace {

using k8s::HttpMethod;
using k8s::Json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const k8s::ObjectKey kKey{"ns", "demo"};
const std::string kSetPath = "/apis/apps/v1/namespaces/ns/statefulsets/demo";
const std::string kClaimsPath = "/api/v1/namespaces/ns/persistentvolumeclaims/";
constexpr const char* kClusterUid = "ha.redisha.io/cluster-uid";
const std::string kCrPath = "/apis/ha.redisha.io/v1/namespaces/ns/redishas/demo";

// Objects by path; apply stores them whole. Enough of an API server for one namespace.
class TinyServer {
 public:
  Result<k8s::HttpResponse> Handle(const k8s::HttpRequest& request) {
    if (forbidden_ != "" && request.path.find(forbidden_) != std::string::npos) {
      return Refuse(403, "Forbidden", request.path + " is forbidden");
    }
    switch (request.method) {
      case HttpMethod::kGet: {
        if (request.path.ends_with("/persistentvolumeclaims")) return List(request.path);
        const auto found = objects.find(request.path);
        if (found == objects.end()) return Refuse(404, "NotFound", "not found");
        return k8s::HttpResponse{200, 0, found->second.dump()};
      }
      case HttpMethod::kPost: {
        const Json object = *k8s::ParseJson(request.body);
        const std::string path = request.path + "/" + k8s::KeyOf(object).name;
        writes.push_back("POST " + path);
        return Store(path, object);
      }
      case HttpMethod::kPatch:
        return Patch(request);
      case HttpMethod::kDelete:
        writes.push_back("DELETE " + request.path);
        objects.erase(request.path);
        return k8s::HttpResponse{200, 0, "{}"};
      default:
        return Refuse(405, "MethodNotAllowed", "no");
    }
  }

  Observed Observe() const {
    Observed observed;
    observed.monitoring = monitoring;
    observed.monitoring_error = monitoring_error;
    observed.pods = pods;
    for (const auto& [path, object] : objects) {
      const std::string kind = k8s::StringAt(object, "kind");
      if (path == hidden) continue;
      if (kind == "RedisHA") observed.redisha = std::make_shared<const Json>(object);
      const bool child = k8s::ControllerUidOf(object) == "u1" && kind != "Secret";
      if (child) {
        observed.children[{kind, k8s::KeyOf(object).name}] = std::make_shared<const Json>(object);
      }
    }
    return observed;
  }

  void Forbid(std::string part) { forbidden_ = std::move(part); }
  Json& Put(const std::string& path, Json object) {
    (void)Store(path, std::move(object));
    return objects[path];
  }

  MonitoringApi monitoring = MonitoringApi::kMissing;
  std::string monitoring_error;
  std::map<std::string, Json> objects;
  std::vector<PodView> pods;
  std::string hidden;  // what the caches do not show, although it is there
  std::vector<std::string> writes;

 private:
  static Result<k8s::HttpResponse> Refuse(int code, const char* reason,
                                          const std::string& message) {
    const Json status = {{"kind", "Status"}, {"reason", reason}, {"message", message}};
    return k8s::HttpResponse{code, 0, status.dump()};
  }
  Result<k8s::HttpResponse> List(const std::string& path) const {
    Json list = {{"metadata", {{"resourceVersion", "1"}}}, {"items", Json::array()}};
    for (const auto& [name, object] : objects) {
      if (name.starts_with(path + "/")) list["items"].push_back(object);
    }
    return k8s::HttpResponse{200, 0, list.dump()};
  }
  Result<k8s::HttpResponse> Store(const std::string& path, Json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    objects[path] = object;
    return k8s::HttpResponse{200, 0, object.dump()};
  }
  Result<k8s::HttpResponse> Patch(const k8s::HttpRequest& request) {
    writes.push_back("PATCH " + request.path);
    const Json patch = *k8s::ParseJson(request.body);
    const std::string decided_on = k8s::ResourceVersionOf(patch);
    const auto there = objects.find(request.path);
    if (!decided_on.empty() && there != objects.end() &&
        k8s::ResourceVersionOf(there->second) != decided_on) {
      return Refuse(409, "Conflict", "the object has been modified");
    }
    if (request.path == kCrPath + "/status") {
      Json object = objects[kCrPath];
      object["status"] = patch["status"];
      return Store(kCrPath, object);
    }
    if (request.path.starts_with(kClaimsPath)) {
      Json claim = there->second;
      claim.merge_patch(patch);
      return Store(request.path, claim);
    }
    return Store(request.path, patch);
  }

  std::string forbidden_;
  int version_ = 100;
};

class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    log::SetLevel(log::Level::kError);
    PutSpec(Json::object());
  }

  void PutSpec(Json spec) {
    server_.Put(
        kCrPath,
        {{"kind", "RedisHA"},
         {"metadata", {{"name", "demo"}, {"namespace", "ns"}, {"uid", "u1"}, {"generation", 1}}},
         {"spec", std::move(spec)}});
  }
  // A volume that an earlier resource of this name has left.
  Json& PutClaim(int ordinal, const std::string& uid) {
    const std::string name = "data-demo-" + std::to_string(ordinal);
    return server_.Put(
        kClaimsPath + name,
        {{"kind", "PersistentVolumeClaim"},
         {"metadata",
          {{"name", name}, {"namespace", "ns"}, {"annotations", {{kClusterUid, uid}}}}}});
  }
  // "pods/voters" as the StatefulSet has them; "none" without one.
  std::string Size() {
    const auto set = server_.objects.find(kSetPath);
    if (set == server_.objects.end()) return "none";
    return std::to_string(k8s::IntAt(set->second, "spec.replicas")) + "/" +
           k8s::AnnotationOf(set->second, "ha.redisha.io/voters");
  }
  ReconcileResult Run() {
    server_.writes.clear();
    return reconciler_.Reconcile(kKey);
  }
  std::string Reason(std::string_view type) {
    for (const Json& condition : server_.objects[kCrPath]["status"]["conditions"]) {
      if (condition["type"] == type) return condition["reason"];
    }
    return "none";
  }
  std::string Message(std::string_view type) {
    for (const Json& condition : server_.objects[kCrPath]["status"]["conditions"]) {
      if (condition["type"] == type) return condition["message"];
    }
    return "none";
  }
  std::vector<std::string> EventReasons() {
    std::vector<std::string> reasons;
    for (const auto& [path, object] : server_.objects) {
      if (k8s::StringAt(object, "kind") == "Event") {
        reasons.push_back(k8s::StringAt(object, "reason"));
      }
    }
    return reasons;
  }

  TinyServer server_;
  k8s::FakeTransport transport_{[this](const auto& request) { return server_.Handle(request); }};
  k8s::Api api_{transport_};
  ManualClock clock_;
  Reconciler reconciler_{api_,
                         [this](const auto&) { return server_.Observe(); },
                         clock_,
                         {.default_image = "localhost/redisha:dev"},
                         "me"};
};

TEST_F(ReconcilerTest, MakesEverythingThenNothing) {
  EXPECT_TRUE(Run().status.ok());
  EXPECT_THAT(server_.writes, Contains("PATCH /apis/apps/v1/namespaces/ns/statefulsets/demo"));
  EXPECT_THAT(server_.writes, Contains("POST /api/v1/namespaces/ns/secrets/demo-auth"));
  Run();  // the status now knows of the StatefulSet
  const size_t asked = transport_.requests.size();
  EXPECT_TRUE(Run().status.ok());
  EXPECT_THAT(server_.writes, IsEmpty());
  EXPECT_EQ(transport_.requests.size(), asked) << "nothing is even asked at rest";
}

TEST_F(ReconcilerTest, ThePasswordIsGeneratedOnce) {
  Run();
  const std::string path = "/api/v1/namespaces/ns/secrets/demo-auth";
  const Json secret = server_.objects[path];
  clock_.Advance(kSecretCheckPeriod);
  Run();
  EXPECT_EQ(server_.objects[path], secret);
}

TEST_F(ReconcilerTest, ThePeerKeyIsGeneratedOnceAndShownNowhere) {
  Run();
  const std::string path = "/api/v1/namespaces/ns/secrets/demo-peer";
  const Json secret = server_.objects[path];
  clock_.Advance(kSecretCheckPeriod);
  Run();
  EXPECT_EQ(server_.objects[path], secret);
  EXPECT_THAT(EventReasons(), Contains("PeerKeyGenerated"));
  const auto key = k8s::DecodeBase64(secret["data"]["peer-key"].get<std::string>());
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->size(), 64u + 1);
  for (const auto& [where, object] : server_.objects) {
    if (where == path) continue;
    for (const auto& [name, value] : secret["data"].items()) {
      EXPECT_THAT(object.dump(), Not(HasSubstr(value.get<std::string>()))) << where;
    }
    EXPECT_THAT(object.dump(), Not(HasSubstr(key->substr(0, 64)))) << where;
  }
}

TEST_F(ReconcilerTest, ANewOperatorsImageWaitsUntilItIsAllowed) {
  Run();
  Reconciler upgraded(
      api_, [this](const auto&) { return server_.Observe(); }, clock_, {.default_image = "new"},
      "me");
  const auto image = [this] {
    const Json& set = server_.objects["/apis/apps/v1/namespaces/ns/statefulsets/demo"];
    return set["spec"]["template"]["spec"]["containers"][0]["image"].get<std::string>();
  };
  clock_.Advance(kCacheLagMax);
  upgraded.Reconcile(kKey);
  EXPECT_EQ(image(), "localhost/redisha:dev");
  EXPECT_EQ(server_.objects[kCrPath]["status"]["image"], "localhost/redisha:dev");
  EXPECT_EQ(Reason(api::kUpdateAvailable), "NewImage");
  EXPECT_THAT(Message(api::kUpdateAvailable), HasSubstr("the operator's image is new"));
  EXPECT_THAT(EventReasons(), Contains("UpdateAvailable"));

  server_.objects[kCrPath]["spec"] = {{"update", {{"image", "Follow"}}}};
  clock_.Advance(kCacheLagMax);
  upgraded.Reconcile(kKey);
  EXPECT_EQ(image(), "new");
  EXPECT_EQ(Reason(api::kUpdateAvailable), "None");
  server_.objects[kCrPath]["spec"] = {{"image", "mine"}};
  clock_.Advance(kCacheLagMax);
  upgraded.Reconcile(kKey);
  EXPECT_EQ(image(), "mine");
}

TEST_F(ReconcilerTest, AModeThatIsNoLongerNamedIsKept) {
  const auto conf = [this] {
    return server_.objects["/api/v1/namespaces/ns/configmaps/demo-config"]["data"]["node.conf"]
        .get<std::string>();
  };
  const auto ask = [this](Json spec) {
    server_.objects[kCrPath]["spec"] = std::move(spec);
    Run();
  };
  const auto mode = [this] { return server_.objects[kCrPath]["status"]["persistenceMode"]; };
  ask({{"persistence", {{"mode", "RDB"}}}});
  EXPECT_EQ(mode(), "RDB");
  const std::string snapshots = conf();
  EXPECT_THAT(snapshots, Not(HasSubstr("appendonly")));
  ask(Json::object());
  EXPECT_EQ(conf(), snapshots) << "a new default is for those that are made with it";
  ask({{"persistence", {{"mode", "AOF"}}}, {"replicas", "three"}});
  EXPECT_EQ(mode(), "RDB") << "an invalid spec is not in force";
  ask({{"persistence", {{"mode", "AOF"}}}});
  EXPECT_EQ(mode(), "AOF");
  EXPECT_THAT(conf(), HasSubstr("appendonly yes"));
}

TEST_F(ReconcilerTest, ARedisHaThatIsNewOnVolumesKeepsAnAppendOnlyFile) {
  Run();
  EXPECT_EQ(server_.objects[kCrPath]["status"]["persistenceMode"], "AOF");
}

TEST_F(ReconcilerTest, ASetOfAVersionThatFollowedIsUpdatedWithItsFiles) {
  Run();
  Json& set = server_.objects["/apis/apps/v1/namespaces/ns/statefulsets/demo"];
  set["metadata"]["annotations"].erase("ha.redisha.io/image");
  clock_.Advance(kCacheLagMax);
  Reconciler upgraded(
      api_, [this](const auto&) { return server_.Observe(); }, clock_, {.default_image = "new"},
      "me");
  upgraded.Reconcile(kKey);
  EXPECT_EQ(k8s::AnnotationOf(set, "ha.redisha.io/image"), "new");
}

TEST_F(ReconcilerTest, ASetThatWasDeletedComesBackWithItsImage) {
  Run();
  server_.objects.erase("/apis/apps/v1/namespaces/ns/statefulsets/demo");
  clock_.Advance(kCacheLagMax);
  Reconciler upgraded(
      api_, [this](const auto&) { return server_.Observe(); }, clock_, {.default_image = "new"},
      "me");
  upgraded.Reconcile(kKey);
  EXPECT_THAT(server_.objects["/apis/apps/v1/namespaces/ns/statefulsets/demo"].dump(),
              HasSubstr("localhost/redisha:dev"));
}

TEST_F(ReconcilerTest, UndoesEditsAndReplacesWhatWasDeleted) {
  Run();
  clock_.Advance(kCacheLagMax);
  server_.objects["/api/v1/namespaces/ns/services/demo"]["spec"]["selector"] = {{"a", "b"}};
  server_.objects.erase("/api/v1/namespaces/ns/configmaps/demo-config");
  Run();
  EXPECT_THAT(server_.writes, Contains("PATCH /api/v1/namespaces/ns/services/demo"));
  EXPECT_THAT(server_.writes, Contains("PATCH /api/v1/namespaces/ns/configmaps/demo-config"));
}

TEST_F(ReconcilerTest, AMissingSecretIsAConditionAnEventAndLookedForAgain) {
  PutSpec({{"auth", {{"secretRef", {{"name", "mine"}}}}}});
  const ReconcileResult result = Run();
  EXPECT_LE(result.requeue_after.value(), kMissingSecretPeriod);
  EXPECT_EQ(Reason(api::kStalled), "SecretMissing");
  EXPECT_THAT(Message(api::kStalled), HasSubstr("spec.auth.secretRef.name: Secret mine"));
  EXPECT_THAT(EventReasons(), Contains("SecretMissing"));
  server_.Put("/api/v1/namespaces/ns/secrets/mine", {{"data", {{"other", "eA=="}}}});
  Run();
  EXPECT_EQ(Reason(api::kStalled), "SecretKeyMissing");
  server_.Put("/api/v1/namespaces/ns/secrets/mine", {{"data", {{"password", "eA=="}}}});
  Run();
  EXPECT_EQ(Reason(api::kStalled), "None");
}

TEST_F(ReconcilerTest, AForbiddenCallIsAConditionAnEventAndAnErrorToRetry) {
  server_.Forbid("/roles/");
  const ReconcileResult result = Run();
  EXPECT_EQ(result.status.code(), Code::kDenied);
  EXPECT_EQ(Reason(api::kStalled), "Forbidden");
  EXPECT_THAT(Message(api::kReady), HasSubstr("check the operator's ClusterRole"));
  EXPECT_THAT(EventReasons(), Contains("Forbidden"));
  EXPECT_THAT(server_.writes, Contains("PATCH /apis/apps/v1/namespaces/ns/statefulsets/demo"))
      << "what is permitted is done";
  server_.Forbid("");
  EXPECT_TRUE(Run().status.ok());
  EXPECT_EQ(Reason(api::kStalled), "None");
}

TEST_F(ReconcilerTest, ABrokenSpecNamesItsFieldAndTouchesNothing) {
  PutSpec({{"replicas", "three"}});
  EXPECT_TRUE(Run().status.ok()) << "waiting does not mend it";
  EXPECT_EQ(Reason(api::kReady), "InvalidSpec");
  EXPECT_THAT(Message(api::kReady), HasSubstr("spec.replicas: must be a whole number"));
  EXPECT_THAT(server_.writes, Not(Contains(HasSubstr("statefulsets"))));
  EXPECT_THAT(EventReasons(), Contains("InvalidSpec"));
}

TEST_F(ReconcilerTest, NeverTakesOverWhatBelongsToSomebodyElse) {
  const std::string path = "/api/v1/namespaces/ns/services/demo";
  server_.Put(path, {{"kind", "Service"}, {"metadata", {{"name", "demo"}, {"namespace", "ns"}}}});
  const Json foreign = server_.objects[path];
  EXPECT_FALSE(Run().status.ok());
  EXPECT_EQ(server_.objects[path], foreign);
  EXPECT_EQ(Reason(api::kStalled), "NameTaken");
}

TEST_F(ReconcilerTest, VolumesKeepTheirSizeAndTheUserIsTold) {
  Run();
  PutSpec({{"storage", {{"size", "2Gi"}}}});
  EXPECT_TRUE(Run().status.ok());
  EXPECT_EQ(Reason(api::kConfigurationWarning), "StorageUnchangeable");
  EXPECT_THAT(server_.writes, Not(Contains(HasSubstr("statefulsets"))));
}

TEST_F(ReconcilerTest, MonitorsAreMadeWhereTheirApiIsAndGoWhenNotAskedFor) {
  const std::string monitor = "/apis/monitoring.coreos.com/v1/namespaces/ns/servicemonitors/demo";
  const std::string rule = "/apis/monitoring.coreos.com/v1/namespaces/ns/prometheusrules/demo";
  const Json enabled = {{"enabled", true}};
  PutSpec({{"metrics", {{"serviceMonitor", enabled}, {"prometheusRule", enabled}}}});
  Run();
  EXPECT_EQ(Reason(api::kConfigurationWarning), "MonitoringApiMissing");
  EXPECT_THAT(Message(api::kConfigurationWarning), HasSubstr("install the Prometheus Operator"));
  EXPECT_THAT(EventReasons(), Contains("MonitoringApiMissing"));
  clock_.Advance(kCacheLagMax);
  EXPECT_EQ(Run().requeue_after, kDiscoveryPeriod);
  EXPECT_EQ(server_.objects.count(monitor), 0u);

  server_.monitoring = MonitoringApi::kReading;
  server_.monitoring_error = "list servicemonitors: forbidden";
  Run();
  EXPECT_EQ(Reason(api::kConfigurationWarning), "MonitoringApiUnreadable");
  EXPECT_EQ(server_.objects.count(monitor), 0u) << "what is there may be somebody else's";

  server_.monitoring = MonitoringApi::kServed;
  server_.monitoring_error = "";
  Run();
  EXPECT_THAT(server_.writes, Contains("PATCH " + monitor));
  EXPECT_THAT(server_.writes, Contains("PATCH " + rule));
  EXPECT_EQ(Reason(api::kConfigurationWarning), "None");

  PutSpec({{"metrics", {{"serviceMonitor", enabled}}}});
  Run();
  EXPECT_EQ(server_.objects.count(rule), 0u);
  EXPECT_EQ(server_.objects.count(monitor), 1u);
}

TEST_F(ReconcilerTest, AMonitorOfSomebodyElseIsLeftAlone) {
  const std::string monitor = "/apis/monitoring.coreos.com/v1/namespaces/ns/servicemonitors/demo";
  server_.monitoring = MonitoringApi::kServed;
  server_.Put(monitor,
              {{"kind", "ServiceMonitor"}, {"metadata", {{"name", "demo"}, {"namespace", "ns"}}}});
  EXPECT_TRUE(Run().status.ok());
  EXPECT_EQ(server_.objects.count(monitor), 1u);
}

TEST_F(ReconcilerTest, VolumesOfAnEarlierResourceKeepTheirIdentity) {
  PutClaim(0, "stray");
  PutClaim(1, "u0");
  PutClaim(2, "u0");
  PutClaim(3, "leftover");
  server_.Forbid("/persistentvolumeclaims");
  EXPECT_EQ(Run().status.code(), Code::kDenied);
  EXPECT_THAT(server_.writes, Not(Contains(HasSubstr("statefulsets")))) << "nothing is guessed";
  server_.Forbid("");
  for (int i = 0; i < 2; ++i) {  // the second time from the StatefulSet
    EXPECT_TRUE(Run().status.ok());
    const Json& files = server_.objects["/api/v1/namespaces/ns/configmaps/demo-config"]["data"];
    EXPECT_THAT(std::string(files["sentinel.conf"]), HasSubstr("redisha-cluster-uid u0\n"));
    clock_.Advance(kCacheLagMax);
  }
  EXPECT_EQ(server_.objects[kCrPath]["status"]["clusterUID"], "u0");
  EXPECT_THAT(EventReasons(), Contains("VolumesReused"));
  EXPECT_THAT(EventReasons(), Contains("ForeignVolume"));
}

TEST_F(ReconcilerTest, FewerPodsThanTheVolumesAskForComeStepByStep) {
  for (int i = 0; i < 3; ++i) PutClaim(i, "u0");
  PutSpec({{"replicas", 1}});
  Run();
  EXPECT_EQ(Size(), "3/3") << "the newest copy may be on any of the three";
  EXPECT_THAT(Message(api::kProgressing), HasSubstr("pods are being created"));
  for (int i = 0; i < 3; ++i) {
    server_.pods.push_back({.name = "demo-" + std::to_string(i), .voters = 3});
  }
  clock_.Advance(kCacheLagMax);
  Reconciler another(
      api_, [this](const auto&) { return server_.Observe(); }, clock_,
      {.default_image = "localhost/redisha:dev"}, "another");
  another.Reconcile(kKey);
  EXPECT_EQ(Size(), "3/3") << "no primary yet";
  EXPECT_THAT(Message(api::kProgressing), HasSubstr("3 pods exist, 1 were asked for; waiting for"));
}

TEST_F(ReconcilerTest, WhatIsAskedForBetweenDeletionAndTheFirstLookDoesNotMatter) {
  for (int i = 0; i < 3; ++i) PutClaim(i, "u0");
  PutSpec({{"replicas", 5}});
  PutSpec({{"replicas", 1}});
  Run();
  EXPECT_EQ(Size(), "3/3");
}

TEST_F(ReconcilerTest, MorePodsThanTheVolumesHoldComeStepByStep) {
  for (int i = 0; i < 3; ++i) PutClaim(i, "u0");
  PutSpec({{"replicas", 5}});
  Run();
  EXPECT_EQ(Size(), "3/3") << "voters without a memory must not make a majority";
}

TEST_F(ReconcilerTest, AVolumeOfAHigherOrdinalAloneIsGoneOnWith) {
  PutClaim(2, "u0");
  PutSpec({{"replicas", 1}});
  Run();
  EXPECT_EQ(Size(), "3/3");
  const Json& set = server_.objects[kSetPath];
  EXPECT_EQ(k8s::AnnotationOf(set["spec"]["volumeClaimTemplates"][0], kClusterUid), "u0");
  EXPECT_THAT(EventReasons(), Contains("VolumesReused"));
}

TEST_F(ReconcilerTest, ASetDeletedUnderItsResourceComesBackAsLargeAsItsVolumesSay) {
  PutSpec({{"replicas", 3}});
  Run();
  clock_.Advance(kCacheLagMax);
  for (int i = 0; i < 3; ++i) PutClaim(i, "u1");
  server_.objects.erase(kSetPath);
  server_.objects[kCrPath]["spec"]["replicas"] = 1;
  Run();
  EXPECT_EQ(Size(), "3/3");
}

TEST_F(ReconcilerTest, TwoDatasetsAreAPersonsDecision) {
  PutClaim(0, "u0");
  PutClaim(1, "u9");
  const ReconcileResult result = Run();
  EXPECT_TRUE(result.status.ok());
  EXPECT_LE(result.requeue_after.value(), kClaimsPeriod) << "nobody says when the claims are gone";
  EXPECT_EQ(Size(), "none");
  EXPECT_EQ(Reason(api::kStalled), "DatasetUndecided");
  EXPECT_THAT(Message(api::kStalled), HasSubstr("u0: data-demo-0; u9: data-demo-1; delete"));
  EXPECT_THAT(EventReasons(), Contains("DatasetUndecided"));
  server_.objects.erase(kClaimsPath + "data-demo-0");
  Run();
  EXPECT_EQ(Size(), "2/2");
  EXPECT_EQ(Reason(api::kStalled), "None");
}

TEST_F(ReconcilerTest, VolumesThatGoWithTheOldSetAreWaitedFor) {
  PutClaim(0, "u0")["metadata"]["ownerReferences"] = Json::array({{{"kind", "StatefulSet"}}});
  const ReconcileResult result = Run();
  EXPECT_LE(result.requeue_after.value(), kClaimsPeriod);
  EXPECT_EQ(Size(), "none");
  EXPECT_EQ(Reason(api::kDegraded), "VolumesGoing");
  EXPECT_EQ(Reason(api::kStalled), "None") << "it ends by itself";
  server_.objects.erase(kClaimsPath + "data-demo-0");
  Run();
  EXPECT_EQ(Size(), "3/3");
}

TEST_F(ReconcilerTest, WhatAPodLeavesIsMarkedOnceNobodyCountsItsVote) {
  const auto marked = [this](int ordinal) {
    const Json& claim = server_.objects[kClaimsPath + "data-demo-" + std::to_string(ordinal)];
    return k8s::AnnotationOf(claim, "ha.redisha.io/left-over") == "true";
  };
  const auto pods_go_by = [this](int voters) {
    server_.pods.clear();
    for (int i = 0; i < 3; ++i) {
      server_.pods.push_back({.name = "demo-" + std::to_string(i),
                              .role = i == 0 ? "primary" : "replica",
                              .voters = voters,
                              .ready = true});
    }
  };
  PutSpec({{"replicas", 3}});
  Run();
  for (int i = 0; i < 4; ++i) PutClaim(i, "u1");
  Json& set = server_.objects[kSetPath];
  set["status"] = {{"replicas", 3}, {"updatedReplicas", 3}};
  pods_go_by(4);
  clock_.Advance(kCacheLagMax);
  Run();
  EXPECT_FALSE(marked(3)) << "its vote still counts";
  pods_go_by(3);
  clock_.Advance(kCacheLagMax);
  Run();
  EXPECT_TRUE(marked(3));
  EXPECT_FALSE(marked(2));
  Run();
  const size_t asked = transport_.requests.size();
  Run();
  EXPECT_EQ(transport_.requests.size(), asked) << "the claims are looked at once";

  server_.objects[kCrPath]["spec"]["replicas"] = 4;
  server_.Forbid("/persistentvolumeclaims");
  clock_.Advance(kCacheLagMax);
  Run();
  EXPECT_EQ(Size(), "3/3") << "a member whose copy does not count must not vote";
  EXPECT_EQ(Reason(api::kStalled), "Forbidden");
  server_.Forbid("");
  clock_.Advance(kCacheLagMax);
  Run();
  EXPECT_EQ(Size(), "3/4");
  EXPECT_FALSE(marked(3));
}

TEST_F(ReconcilerTest, TheNextMemberGoesOnceWhatTheOneBeforeLeftIsMarked) {
  PutSpec({{"replicas", 4}});
  Run();
  for (int i = 0; i < 5; ++i) PutClaim(i, "u1");
  for (int i = 0; i < 4; ++i) {
    server_.pods.push_back({.name = "demo-" + std::to_string(i),
                            .role = i == 0 ? "primary" : "replica",
                            .voters = 4,
                            .ready = true});
  }
  server_.objects[kSetPath]["status"] = {{"replicas", 4}, {"updatedReplicas", 4}};
  server_.objects[kCrPath]["spec"]["replicas"] = 3;
  server_.Forbid("/persistentvolumeclaims");
  clock_.Advance(kCacheLagMax);
  Run();
  EXPECT_EQ(Size(), "4/4") << "two unmarked claims would outvote the members";
  server_.Forbid("");
  clock_.Advance(kCacheLagMax);
  Run();
  EXPECT_EQ(Size(), "3/4");
  EXPECT_THAT(server_.objects[kClaimsPath + "data-demo-4"].dump(), HasSubstr("left-over"));
}

TEST_F(ReconcilerTest, ANewDatasetIsNamedAfterItsResource) {
  Run();
  const Json& set = server_.objects["/apis/apps/v1/namespaces/ns/statefulsets/demo"];
  EXPECT_EQ(k8s::AnnotationOf(set["spec"]["volumeClaimTemplates"][0], "ha.redisha.io/cluster-uid"),
            "u1");
  EXPECT_THAT(EventReasons(), Not(Contains("VolumesReused")));
}

TEST_F(ReconcilerTest, WhatIsBeingDeletedIsLeftToTheGarbageCollector) {
  server_.objects[kCrPath]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  Run();
  EXPECT_THAT(server_.writes, IsEmpty());
  server_.objects.erase(kCrPath);
  EXPECT_TRUE(Run().status.ok());
  EXPECT_THAT(server_.writes, IsEmpty());
}

TEST_F(ReconcilerTest, WhatWasDecidedOnAnOldStateIsNotCarriedOut) {
  Run();
  clock_.Advance(kCacheLagMax);
  Run();
  // An operator that was stopped in the middle: what it saw then, and what has become of it since.
  const Observed then = server_.Observe();
  PutSpec({{"config", {{"maxmemory", "2mb"}}}});
  clock_.Advance(kCacheLagMax);
  Run();
  const Json files = server_.objects["/api/v1/namespaces/ns/configmaps/demo-config"];
  const Json set = server_.objects[kSetPath];
  Observed old_wish = then;
  Json before = *then.redisha;
  before["spec"] = {{"config", {{"maxmemory", "1mb"}}}};
  old_wish.redisha = std::make_shared<const Json>(before);
  Reconciler late(
      api_, [&](const auto&) { return old_wish; }, clock_,
      {.default_image = "localhost/redisha:dev"}, "late");
  server_.writes.clear();
  const ReconcileResult result = late.Reconcile(kKey);
  EXPECT_TRUE(result.status.ok()) << "it has to look again, nothing is wrong";
  EXPECT_LE(result.requeue_after.value(), kCacheLagMax);
  EXPECT_EQ(server_.objects["/api/v1/namespaces/ns/configmaps/demo-config"], files);
  EXPECT_EQ(server_.objects[kSetPath], set);
}

TEST_F(ReconcilerTest, ASetThatTheCachesDoNotShowIsNotShrunkAtOnce) {
  PutSpec({{"replicas", 5}});
  Run();
  clock_.Advance(kCacheLagMax);
  server_.hidden = kSetPath;  // its labels were taken away, say
  PutSpec({{"replicas", 1}});
  Run();
  EXPECT_EQ(server_.objects[kSetPath]["spec"]["replicas"], 5);
}

TEST_F(ReconcilerTest, PodsThatOutliveTheirSetAreNotTakenAwayByTheNext) {
  PutSpec({{"replicas", 5}});
  Run();
  clock_.Advance(kCacheLagMax);
  for (int i = 0; i < 5; ++i) {
    server_.pods.push_back({.name = "demo-" + std::to_string(i), .voters = 5, .ready = true});
  }
  server_.objects.erase(kSetPath);  // kubectl delete --cascade=orphan
  PutSpec({{"replicas", 1}});
  Run();
  EXPECT_EQ(server_.objects[kSetPath]["spec"]["replicas"], 5);
  EXPECT_EQ(k8s::AnnotationOf(server_.objects[kSetPath], "ha.redisha.io/voters"), "5");
}

TEST_F(ReconcilerTest, AStatusOlderThanOurOwnWriteIsNotDecidedUpon) {
  const Json before = server_.objects[kCrPath];
  Run();
  const Json after = server_.objects[kCrPath];
  server_.objects[kCrPath] = before;  // as a cache that lags
  EXPECT_EQ(Run().requeue_after, kCacheLagRetry);
  EXPECT_THAT(server_.writes, IsEmpty());
}

}  // namespace
}  // namespace rha::op::reconcile
