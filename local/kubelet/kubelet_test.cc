// The pure parts: back-off, probe counting, variables, names, pod status.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "local/kubelet/backoff.h"
#include "local/kubelet/container_spec.h"
#include "local/kubelet/hosts.h"
#include "local/kubelet/ip_pool.h"
#include "local/kubelet/pod_status.h"
#include "local/kubelet/probe.h"
#include "local/object/json.h"

namespace rha::local::kubelet {
namespace {

using nlohmann::json;

TEST(BackoffTest, FirstRestartAtOnceThenDoublesAndForgets) {
  Backoff backoff;
  EXPECT_EQ(backoff.NextDelayMillis(100), 0);
  EXPECT_EQ(backoff.NextDelayMillis(100), 10'000);
  EXPECT_EQ(backoff.NextDelayMillis(100), 20'000);
  for (int i = 0; i < 10; ++i) (void)backoff.NextDelayMillis(100);
  EXPECT_EQ(backoff.NextDelayMillis(100), 300'000);
  EXPECT_EQ(backoff.NextDelayMillis(600'000), 0);
}

TEST(BackoffTest, TheLimitHoldsFromTheBeginning) {
  Backoff backoff(1'000);
  EXPECT_EQ(backoff.NextDelayMillis(0), 0);
  EXPECT_EQ(backoff.NextDelayMillis(0), 1'000);
  EXPECT_EQ(backoff.NextDelayMillis(0), 1'000);
}

TEST(ProbeCounterTest, ChangesOnlyAtTheThresholds) {
  using Verdict = ProbeCounter::Verdict;
  ProbeCounter counter(2, 3);
  EXPECT_EQ(counter.Count(true), Verdict::kNone);
  EXPECT_EQ(counter.Count(true), Verdict::kGood);
  EXPECT_EQ(counter.Count(false), Verdict::kNone);
  EXPECT_EQ(counter.Count(false), Verdict::kNone);
  EXPECT_EQ(counter.Count(false), Verdict::kBad);
}

TEST(Variables, AreExpandedAsKubernetesDoes) {
  const std::vector<std::pair<std::string, std::string>> variables{{"POD_IP", "127.64.0.1"}};
  EXPECT_EQ(ExpandVariables("--bind=$(POD_IP)", variables), "--bind=127.64.0.1");
  EXPECT_EQ(ExpandVariables("$$(POD_IP) $(GONE) $ $(", variables), "$(POD_IP) $(GONE) $ $(");
}

TEST(ContainerSpecTest, CommandEnvironmentAndMounts) {
  const json pod = json::parse(R"({
    "metadata": {"name": "demo-0", "namespace": "default", "labels": {"a": "b"}},
    "spec": {"hostname": "demo-0"}, "status": {"podIP": "127.64.0.9"}})");
  const json container = json::parse(R"json({
    "name": "node", "command": ["redisha-node"], "args": ["--bind", "$(IP)"],
    "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
            {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "x"}]})json");
  PodInputs inputs;
  inputs.lookup = [](const std::string&, const std::string&) {
    return std::make_shared<const json>(json::parse(R"({"data": {"k": "dg=="}})"));
  };
  const auto spec = MakeContainerSpec(container, {pod, inputs, "/pods/u", {{"data", "/v/data"}}});
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ((*spec)["argv"], json({"redisha-node", "--bind", "127.64.0.9"}));
  EXPECT_EQ((*spec)["mounts"][0]["source"], "/v/data/x");
  const auto& env = (*spec)["env"];
  EXPECT_NE(std::find(env.begin(), env.end(), json("A=b")), env.end());
  EXPECT_NE(std::find(env.begin(), env.end(), json("P=v")), env.end());
}

TEST(ContainerSpecTest, WhatIsMissingIsNamed) {
  const json pod = json::parse(R"({"metadata": {"name": "a"}})");
  PodInputs inputs;
  inputs.lookup = [](const std::string&, const std::string&) { return nullptr; };
  const json no_secret = json::parse(R"({"name": "c", "command": ["x"],
    "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]})");
  EXPECT_EQ(MakeContainerSpec(no_secret, {pod, inputs, "/p", {}}).status().message(),
            "secret \"s\" not found");
  const json no_command = json::parse(R"({"name": "c", "image": "nginx"})");
  EXPECT_NE(MakeContainerSpec(no_command, {pod, inputs, "/p", {}}).status().message().find("nginx"),
            std::string::npos);
}

TEST(Hosts, ServicesAndPodsOfHeadlessOnes) {
  const auto object = [](const char* text) {
    return std::make_shared<const json>(json::parse(text));
  };
  const std::string text = HostsText(
      {object(
           R"({"metadata": {"name": "db", "namespace": "a"}, "spec": {"clusterIP": "127.96.0.9"}})"),
       object(R"({"metadata": {"name": "pods", "namespace": "a"},
                  "spec": {"clusterIP": "None", "selector": {"x": "y"},
                           "publishNotReadyAddresses": true}})")},
      {object(R"({"metadata": {"name": "db-0", "namespace": "a", "labels": {"x": "y"}},
                  "spec": {"hostname": "db-0", "subdomain": "pods"},
                  "status": {"podIP": "127.64.0.5"}})")},
      "a");
  EXPECT_NE(text.find("127.96.0.9\tdb.a.svc.cluster.local db.a.svc db.a db\n"), std::string::npos);
  EXPECT_NE(text.find("127.64.0.5\tdb-0.pods.a.svc.cluster.local"), std::string::npos);
}

ContainerView Running(bool ready) {
  return {"c", "i", false, ready, true, 0, 7, json{{"running", json::object()}}, {}};
}

TEST(PodStatus, ReadyWhenAllContainersAre) {
  const json pod = json::parse(R"({"spec": {"restartPolicy": "Always"}})");
  const json unready = MakePodStatus(pod, {}, {Running(true), Running(false)}, 0);
  EXPECT_EQ(unready["phase"], "Running");
  EXPECT_EQ(unready["conditions"].back()["status"], "False");
  const json ready = MakePodStatus(pod, unready, {Running(true), Running(true)}, 5'000);
  EXPECT_EQ(ready["conditions"].back()["status"], "True");
  EXPECT_EQ(ready["conditions"].back()["lastTransitionTime"], "1970-01-01T00:00:05Z");
  const json later = MakePodStatus(pod, ready, {Running(true), Running(true)}, 9'000);
  EXPECT_EQ(later, ready);
}

TEST(PodStatus, PhasesOfPodsThatEnd) {
  const json never = json::parse(R"({"spec": {"restartPolicy": "Never"}})");
  ContainerView ended{"c", "i", false, false, false, 0, 0, json{{"terminated", {{"exitCode", 0}}}},
                      {}};
  EXPECT_EQ(MakePodStatus(never, {}, {ended}, 0)["phase"], "Succeeded");
  ended.state["terminated"]["exitCode"] = 3;
  EXPECT_EQ(MakePodStatus(never, {}, {ended}, 0)["phase"], "Failed");
  const json always = json::parse(R"({"spec": {"restartPolicy": "Always"}})");
  EXPECT_EQ(MakePodStatus(always, {}, {ended}, 0)["phase"], "Running");
}

TEST(IpPoolTest, GivesEachAddressOnce) {
  IpPool pool(0);
  const std::string first = pool.Take(), second = pool.Take();
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.starts_with("127.64."));
  pool.Reserve("127.64.0.4");
  EXPECT_NE(pool.Take(), "127.64.0.4");
}

}  // namespace
}  // namespace rha::local::kubelet
