// Drift, plan, status and events: decisions without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/api/conditions.h"
#include "operator/desired/names.h"
#include "operator/reconcile/drift.h"
#include "operator/reconcile/limits.h"
#include "operator/reconcile/plan.h"
#include "operator/reconcile/status.h"

namespace rha::op::reconcile {
namespace {

using k8s::Json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Drift, FieldsTheServerAddsDoNotCount) {
  const Json desired = {{"a", 1}, {"list", {{{"name", "x"}}}}};
  EXPECT_TRUE(Covers(desired, {{"a", 1}, {"b", 2}, {"list", {{{"name", "x"}, {"default", 1}}}}}));
  EXPECT_FALSE(Covers(desired, {{"a", 2}, {"list", {{{"name", "x"}}}}}));
  EXPECT_FALSE(Covers(desired, {{"a", 1}, {"list", Json::array()}}));
  EXPECT_FALSE(Covers(desired, {{"list", {{{"name", "x"}}}}}));
}

TEST(Drift, AFingerprintFollowsOnlyWhatWasSent) {
  const Json desired = {{"cpu", "1000m"}};
  const std::string canonical = Fingerprint(desired, {{"cpu", "1"}, {"x", 1}});
  EXPECT_EQ(canonical, Fingerprint(desired, {{"cpu", "1"}, {"x", 2}}));
  EXPECT_NE(canonical, Fingerprint(desired, {{"cpu", "2"}}));
}

TEST(Versions, CompareAsNumbersAndOnlyAsNumbers) {
  EXPECT_TRUE(IsOlderVersion("9", "10"));
  EXPECT_FALSE(IsOlderVersion("10", "10"));
  EXPECT_FALSE(IsOlderVersion("", "10"));
  EXPECT_FALSE(IsOlderVersion("abc", "10"));
}

api::RedisHa Demo() {
  return api::ParseRedisHa(
             {{"metadata",
               {{"name", "demo"}, {"namespace", "ns"}, {"uid", "u1"}, {"generation", 7}}}})
      .redisha;
}

class PlanTest : public ::testing::Test {
 protected:
  // The child as the server would show it after an apply.
  static k8s::ObjectPtr Stored(const desired::DesiredObject& desired, const char* version) {
    Json object = *desired.object;
    object["metadata"]["resourceVersion"] = version;
    object["metadata"]["uid"] = "x";
    return std::make_shared<const Json>(object);
  }
  ChildKey KeyOf(const desired::DesiredObject& desired) {
    return {std::string(desired.type->kind), k8s::KeyOf(*desired.object).name};
  }
  void StoreAll() {
    for (const auto& desired : desired_) observed_.children[KeyOf(desired)] = Stored(desired, "5");
  }
  Plan Now() { return Decide("u1", desired_, observed_, records_, now_); }

  std::vector<desired::DesiredObject> desired_ = desired::Desired(Demo(), {.image = "i"});
  Observed observed_;
  AppliedRecords records_;
  MonoTime now_{std::chrono::hours(1)};
};

TEST_F(PlanTest, AppliesWhatIsMissingAndNothingOfWhatIsThere) {
  EXPECT_THAT(Now().applies, SizeIs(desired_.size()));
  EXPECT_TRUE(Now().applies.front().check_name);
  StoreAll();
  EXPECT_THAT(Now().applies, IsEmpty());
}

TEST_F(PlanTest, AppliesWhatWasEditedAndWhatIsNewlyAsked) {
  StoreAll();
  Json edited = *observed_.children.begin()->second;
  edited["metadata"]["labels"].erase(std::string(desired::kLabelName));
  observed_.children.begin()->second = std::make_shared<const Json>(edited);
  ASSERT_THAT(Now().applies, SizeIs(1));
  EXPECT_STREQ(Now().applies.front().why, "drifted");
  StoreAll();
  api::RedisHa scaled = Demo();
  scaled.spec.replicas = 5;
  desired_ = desired::Desired(scaled, {.image = "i"});
  EXPECT_THAT(Now().applies, SizeIs(3)) << "role, configuration and pods depend on the replicas";
}

TEST_F(PlanTest, WhatTheServerRewroteIsNoDrift) {
  StoreAll();
  const desired::DesiredObject& set = desired_.back();
  Json canonical = *observed_.children[KeyOf(set)];
  canonical["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "60s";
  observed_.children[KeyOf(set)] = std::make_shared<const Json>(canonical);
  EXPECT_THAT(Now().applies, SizeIs(1)) << "not known yet that the server made this of it";
  records_[KeyOf(set)] = {set.hash, "5", Fingerprint(*set.object, canonical), now_};
  EXPECT_THAT(Now().applies, IsEmpty());
}

TEST_F(PlanTest, WaitsForACacheThatHasNotSeenOurWrite) {
  StoreAll();
  const desired::DesiredObject& set = desired_.back();
  observed_.children.erase(KeyOf(set));
  records_[KeyOf(set)] = {set.hash, "6", "f", now_};
  EXPECT_THAT(Now().applies, IsEmpty());
  EXPECT_TRUE(Now().awaits_cache);
  now_ += kCacheLagMax;
  EXPECT_THAT(Now().applies, SizeIs(1)) << "it was deleted after all";
}

TEST_F(PlanTest, WhatWasSeenAndIsMissingWasDeletedAndIsAppliedAtOnce) {
  StoreAll();
  const desired::DesiredObject& set = desired_.back();
  records_[KeyOf(set)] = {set.hash, "6", "f", now_};
  MarkSeen(observed_, &records_);
  EXPECT_FALSE(records_[KeyOf(set)].seen) << "the cache shows version 5";
  observed_.children[KeyOf(set)] = Stored(set, "6");
  MarkSeen(observed_, &records_);
  EXPECT_TRUE(records_[KeyOf(set)].seen);
  observed_.children.erase(KeyOf(set));
  EXPECT_THAT(Now().applies, SizeIs(1));
  EXPECT_FALSE(Now().awaits_cache);
}

TEST_F(PlanTest, LeavesAloneWhatBelongsToAnother) {
  StoreAll();
  const Plan plan = Decide("u2", desired_, observed_, records_, now_);
  EXPECT_THAT(plan.applies, IsEmpty());
  EXPECT_THAT(plan.problems, SizeIs(desired_.size()));
  EXPECT_EQ(plan.problems.front().reason, api::reason::kNameTaken);
}

class StatusTest : public ::testing::Test {
 protected:
  StatusTest() {
    Observe(Json::object());
    Json set = k8s::NewObject(k8s::kStatefulSets, {"ns", "demo"});
    set["metadata"]["generation"] = 2;
    set["spec"]["replicas"] = 3;
    set["status"] = {{"observedGeneration", 2},
                     {"updatedReplicas", 3},
                     {"currentRevision", "a"},
                     {"updateRevision", "a"}};
    observed_.children[{"StatefulSet", "demo"}] = std::make_shared<const Json>(set);
  }
  void Observe(Json status) {
    observed_.redisha = std::make_shared<const Json>(Json{{"status", std::move(status)}});
  }
  void Pods(const std::string& roles, const std::string& ready) {
    observed_.pods.clear();
    for (size_t i = 0; i < roles.size(); ++i) {
      const bool is_ready = ready[i] == '+';
      observed_.pods.push_back({.name = "demo-" + std::to_string(i),
                                .role = roles[i] == 'p'   ? "primary"
                                        : roles[i] == 'r' ? "replica"
                                                          : "",
                                .ready = is_ready,
                                .sentinel_ready = is_ready});
    }
  }
  // Computes the status, takes it over as the stored one, and returns the events on the way.
  std::vector<EventNote> Step() {
    const Json before = observed_.redisha->at("status");
    const api::RedisHa demo = Demo();
    now_us_ += 1'000'000;
    status_ = ComputeStatus({.redisha = demo,
                             .observed = observed_,
                             .problems = problems_,
                             .warnings = warnings_,
                             .image = {.image = "i"},
                             .initialised = initialised_,
                             .now_us = now_us_});
    Observe(status_);
    return EventsOf(before, status_);
  }
  std::string Reason(std::string_view type) {
    for (const Json& condition : status_["conditions"]) {
      if (condition["type"] == type) {
        return condition["status"].get<std::string>() + " " +
               condition["reason"].get<std::string>();
      }
    }
    return "none";
  }

  Observed observed_;
  std::vector<Problem> problems_;
  std::vector<Problem> warnings_;
  bool initialised_ = false;
  Json status_;
  int64_t now_us_ = 1'700'000'000'000'000;
};

TEST_F(StatusTest, GoesFromNothingToReady) {
  observed_.children.clear();
  Step();
  EXPECT_EQ(Reason(api::kReady), "False CreatingPods");
  EXPECT_EQ(status_["phase"], "Creating");
  EXPECT_EQ(Reason(api::kDegraded), "False Healthy") << "not there yet is not broken";
}

TEST_F(StatusTest, ReadyNeedsPrimaryReplicasAndQuorum) {
  Pods("???", "---");
  Step();
  EXPECT_EQ(Reason(api::kReady), "False PodsNotReady");
  Pods("prr", "+++");
  EXPECT_THAT(Step(), ElementsAre(EventNote{false, "PrimaryElected", "demo-0 is the first primary"},
                                  EventNote{false, "Ready", "3 of 3 pods are ready"}));
  EXPECT_EQ(Reason(api::kReady), "True AllReady");
  EXPECT_EQ(Reason(api::kReconciling), "False UpToDate");
  EXPECT_EQ(Reason(api::kStalled), "False None");
  EXPECT_EQ(status_["currentPrimary"], "demo-0");
  EXPECT_EQ(status_["syncedReplicas"], 2);
  EXPECT_EQ(status_["quorum"]["reachable"], 3);
  EXPECT_EQ(status_["observedGeneration"], 7);
}

TEST_F(StatusTest, IsTheSameAtRestWhateverTheTime) {
  Pods("prr", "+++");
  Step();
  const Json first = status_;
  EXPECT_THAT(Step(), IsEmpty());
  EXPECT_EQ(status_, first);
}

TEST_F(StatusTest, AFailoverIsCountedAndTold) {
  Pods("prr", "+++");
  Step();
  Pods("prr", "-++");  // the label of a dead pod stays
  EXPECT_THAT(Step(), SizeIs(1));
  EXPECT_EQ(Reason(api::kDegraded), "True PrimaryNotReady");
  EXPECT_EQ(status_["phase"], "FailingOver");
  EXPECT_EQ(status_["currentPrimary"], "demo-0");
  Pods("ppr", "-++");
  EXPECT_THAT(
      Step(),
      ElementsAre(EventNote{false, "PrimaryChanged", "demo-1 is primary, demo-0 was before"},
                  EventNote{true, "ReplicasMissing", "1 of 2 replicas follow the primary"}));
  EXPECT_EQ(status_["currentPrimary"], "demo-1");
  EXPECT_EQ(status_["failoverCount"], 1);
  EXPECT_EQ(status_["lastFailover"]["from"], "demo-0");
  EXPECT_EQ(Reason(api::kPrimaryAvailable), "True PrimaryReady");
  EXPECT_EQ(status_["phase"], "Degraded");
  Pods("rpr", "+++");
  EXPECT_THAT(Step(), ElementsAre(EventNote{false, "Ready", "3 of 3 pods are ready"}));
  EXPECT_EQ(status_["failoverCount"], 1);
  EXPECT_EQ(Reason(api::kDegraded), "False Healthy");
}

TEST_F(StatusTest, AFirstPrimaryIsNeverForgotten) {
  const auto look = [this] { return WasInitialised(Demo(), observed_, "u1"); };
  Pods("???", "---");
  EXPECT_FALSE(look());
  Step();
  EXPECT_FALSE(status_.contains("initialised"));
  Pods("prr", "+++");
  initialised_ = look();
  EXPECT_TRUE(initialised_);
  Step();
  EXPECT_EQ(status_["initialised"], true);
  const Json since = status_["initialisedTime"];
  Pods("???", "---");
  EXPECT_TRUE(look()) << "all volumes may be lost";
  initialised_ = false;  // as when the spec has become invalid
  Step();
  EXPECT_EQ(status_["initialised"], true);
  EXPECT_EQ(status_["initialisedTime"], since);
}

TEST_F(StatusTest, VolumesOfAnEarlierResourceHoldADataset) {
  EXPECT_FALSE(WasInitialised(Demo(), observed_, ""));
  EXPECT_FALSE(WasInitialised(Demo(), observed_, "u1"));
  EXPECT_TRUE(WasInitialised(Demo(), observed_, "u0"));
}

TEST_F(StatusTest, WhoseDataIsWaitedForIsTold) {
  Pods("prr", "+++");
  Step();
  Pods("prr", "---");
  Step();
  observed_.pods[1].waits_for = "demo-2, which led last";
  const auto events = Step();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].reason, "WaitingForData");
  EXPECT_EQ(events[0].message,
            "no pod is made primary yet: the sentinels wait for demo-2, which led last");
  EXPECT_EQ(Reason(api::kPrimaryAvailable), "False WaitingForData");
  Pods("rrp", "+++");
  Step();
  EXPECT_EQ(Reason(api::kPrimaryAvailable), "True PrimaryReady");
}

TEST_F(StatusTest, TwoPrimariesAreNeverCalledHealthy) {
  Pods("prr", "+++");
  Step();
  Pods("ppr", "+++");
  Step();
  EXPECT_EQ(Reason(api::kPrimaryAvailable), "False TwoPrimaries");
  EXPECT_EQ(Reason(api::kDegraded), "True TwoPrimaries");
  EXPECT_EQ(status_["currentPrimary"], "demo-0");
}

TEST_F(StatusTest, AProblemStallsAndSaysWhatToDo) {
  Pods("prr", "+++");
  problems_ = {{"SecretMissing", "create it", true}};
  EXPECT_THAT(Step(), ElementsAre(EventNote{false, "PrimaryElected", "demo-0 is the first primary"},
                                  EventNote{true, "SecretMissing", "create it"}));
  EXPECT_EQ(Reason(api::kReady), "False SecretMissing");
  EXPECT_EQ(Reason(api::kStalled), "True SecretMissing");
  EXPECT_EQ(Reason(api::kReconciling), "False SecretMissing");
  EXPECT_EQ(Reason(api::kPrimaryAvailable), "True PrimaryReady") << "the data is still served";
  problems_ = {{"ApiUnavailable", "later", false}};
  Step();
  EXPECT_EQ(Reason(api::kStalled), "False None");
}

TEST_F(StatusTest, AWarningDoesNotTakeReadinessAway) {
  Pods("prr", "+++");
  warnings_ = {{"StorageUnchangeable", "not resized"}, {"MonitoringApiMissing", "no API"}};
  EXPECT_THAT(Step(), SizeIs(3));
  EXPECT_EQ(Reason(api::kReady), "True AllReady");
  EXPECT_EQ(Reason(api::kConfigurationWarning), "True StorageUnchangeable");
}

TEST(Pods, ViewAndSlimPodAgree) {
  const Json pod = Json::parse(R"({"metadata":{"name":"a","namespace":"n","uid":"u",
      "annotations":{"big":"x","ha.redisha.io/voters":"3",
                     "ha.redisha.io/waits-for":"all"},"labels":{"ha.redisha.io/role":"primary"}},
      "spec":{"nodeName":"m","containers":[]},
      "status":{"conditions":[{"type":"Ready","status":"True","message":"long"}],
                "containerStatuses":[{"name":"sentinel","ready":true,"image":"i"}]}})");
  const PodView view = ViewPod(pod);
  EXPECT_TRUE(view.ready);
  EXPECT_TRUE(view.sentinel_ready);
  EXPECT_EQ(view.role, "primary");
  EXPECT_EQ(view.voters, 3);
  EXPECT_EQ(view.waits_for, "all");
  EXPECT_EQ(ViewPod(SlimPod(pod)), view);
  EXPECT_LT(SlimPod(pod).dump().size(), pod.dump().size());
  EXPECT_EQ(ViewPod(SlimPod(Json::object())), PodView{});
}

Json PodWhoseNodeEnds() {
  return Json::parse(
      R"({"metadata":{"name":"demo-2","namespace":"n"},"status":{"containerStatuses":[
      {"name":"node","ready":false,"state":{"waiting":{"reason":"CrashLoopBackOff",
          "message":"back-off 10s restarting failed container"}},
       "lastState":{"terminated":{"exitCode":1,
           "message":"Reading line 9\n>>> 'foo bar'\nBad directive\n"}}},
      {"name":"sentinel","ready":true,"state":{"running":{}}}]}})");
}

TEST(Pods, TheLastWordsOfAContainerThatKeepsEndingAreSeen) {
  const PodView view = ViewPod(PodWhoseNodeEnds());
  EXPECT_EQ(view.cannot_start,
            "container node: CrashLoopBackOff, it ended with 1: Reading line 9 | >>> 'foo bar' | "
            "Bad directive");
  EXPECT_EQ(ViewPod(SlimPod(PodWhoseNodeEnds())), view);
}

TEST(Pods, OnlyTheEndOfLongLastWordsIsKept) {
  Json pod = PodWhoseNodeEnds();
  Json& ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"];
  ended["message"] = std::string(4000, 'x') + "\nwhat matters\n";
  EXPECT_THAT(ViewPod(pod).cannot_start, ::testing::EndsWith("with 1: what matters"));
  ended["message"] = std::string(4000, 'x');
  EXPECT_LE(ViewPod(pod).cannot_start.size(), kLastWordsBytesMax + 60);
}

TEST(Pods, WhatOnlyBeginsIsNotInTrouble) {
  for (const char* reason : {"ContainerCreating", "PodInitializing"}) {
    const Json pod = {{"status",
                       {{"containerStatuses",
                         {{{"name", "node"}, {"state", {{"waiting", {{"reason", reason}}}}}}}}}}};
    EXPECT_EQ(ViewPod(pod).cannot_start, "");
  }
}

TEST(Pods, MissingImagesAndNodesAreTold) {
  const Json image = Json::parse(R"({"status":{"containerStatuses":[{"name":"node",
      "state":{"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}}]}})");
  EXPECT_EQ(ViewPod(image).cannot_start, "container node: ImagePullBackOff: no such image");
  const Json unscheduled = Json::parse(R"({"status":{"conditions":[{"type":"PodScheduled",
      "status":"False","reason":"Unschedulable","message":"0/3 nodes are available"}]}})");
  EXPECT_EQ(ViewPod(unscheduled).cannot_start, "it cannot be scheduled: 0/3 nodes are available");
  EXPECT_EQ(ViewPod(SlimPod(unscheduled)), ViewPod(unscheduled));
}

TEST_F(StatusTest, AnUpdateThatStopsSaysWhy) {
  Pods("prr", "+++");
  Step();
  Json set = *observed_.StatefulSet();
  set["status"]["updateRevision"] = "b";
  set["status"]["updatedReplicas"] = 1;
  observed_.children[{"StatefulSet", "demo"}] = std::make_shared<const Json>(set);
  Pods("prr", "++-");
  observed_.pods[2].cannot_start =
      "container node: CrashLoopBackOff, it ended with 1: Bad directive";
  const std::string why = "demo-2: " + observed_.pods[2].cannot_start;
  EXPECT_THAT(Step(), ElementsAre(EventNote{true, "PodCannotStart", why}));
  EXPECT_EQ(Reason(api::kDegraded), "True PodCannotStart");
  EXPECT_EQ(Reason(api::kProgressing), "True RollingUpdate");
  Pods("prr", "+++");
  Step();
  EXPECT_EQ(Reason(api::kDegraded), "False Healthy");
}

}  // namespace
}  // namespace rha::op::reconcile
