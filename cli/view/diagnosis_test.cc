#include "cli/view/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/view/testing.h"

namespace rha::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Evidence AllWell() {
  Evidence evidence;
  evidence.version = Parse(R"({"gitVersion": "v1.34.4", "minor": "34"})");
  evidence.definition_yaml_version = "replicas:";
  evidence.definition_version = "replicas:";
  evidence.operators.items = {Parse(R"({"metadata": {"namespace": "ops", "name": "op"},
    "spec": {"template": {"spec": {"containers": [{"image": "example/redisha:1"}]}}},
    "status": {"availableReplicas": 1}})")};
  evidence.permissions = {{"list pods", "every verb", true}};
  evidence.storage_classes.items = {Parse(R"({"metadata": {"name": "fast", "annotations":
    {"storageclass.kubernetes.io/is-default-class": "true"}}})")};
  evidence.claims.items = {Parse(R"({"metadata": {"name": "c"}, "status": {"phase": "Bound"}})")};
  evidence.node_leases.items = {Parse(
      R"({"metadata": {"name": "node-a"}, "spec": {"renewTime": "2026-11-01T12:00:00.000000Z"}})")};
  evidence.dns.items = {Parse(R"({"endpoints": [{"conditions": {"ready": true}}]})")};
  evidence.now_us = evidence.api_time_us = At(3);
  evidence.subjects = {Healthy()};
  for (const char* pod : {"cart-0", "cart-1", "cart-2"}) {
    evidence.facts[std::string("shop/") + pod] = {
        .node_up = true, .version = "0.1.0", .priority = 100, .hears_majority = true};
  }
  return evidence;
}

// The findings that are not ok.
std::string Complaints(const Evidence& evidence) {
  std::vector<Check> checks = Diagnose(evidence);
  std::erase_if(checks, [](const Check& check) { return check.level == Level::kOk; });
  return ChecksText(checks);
}

TEST(Diagnose, FindsNothingWhereAllIsWell) {
  EXPECT_EQ(Complaints(AllWell()), "");
  EXPECT_EQ(ExitCodeOf(Diagnose(AllWell())), 0);
}

TEST(Diagnose, SaysWhatIsMissingAndWhatToDo) {
  Evidence evidence = AllWell();
  evidence.definition_version.reset();
  evidence.operators.items.clear();
  evidence.subjects.clear();
  EXPECT_EQ(Complaints(evidence),
            "FAIL  definition  the resource type RedisHA is not installed\n"
            "                  → kubectl apply -f crds/redisha.yaml, or install chart "
            "redisha-operator\n"
            "FAIL  operator    no Deployment is labelled "
            "app.kubernetes.io/name=redisha-operator\n"
            "                  → kubectl apply -k deploy, or install chart redisha-operator; "
            "failovers go on without it, changes do not\n");
  EXPECT_EQ(ExitCodeOf(Diagnose(evidence)), 4);
}

TEST(Diagnose, NamesThePermissionAndWhoWantsIt) {
  Evidence evidence = AllWell();
  evidence.permissions.push_back({"create pods/portforward", "switchover", false});
  EXPECT_THAT(
      Complaints(evidence),
      HasSubstr("you may not create pods/portforward\n                   → needed by switchover"));
  EXPECT_EQ(ExitCodeOf(Diagnose(evidence)), 3);
}

TEST(Diagnose, ReadsClocksFromTheLeasesOfMachines) {
  Evidence evidence = AllWell();
  evidence.now_us = At(60);
  evidence.node_leases.items.push_back(Parse(
      R"({"metadata": {"name": "node-b"}, "spec": {"renewTime": "2026-11-01T12:00:30.000000Z"}})"));
  evidence.node_leases.items.push_back(Parse(
      R"({"metadata": {"name": "node-c"}, "spec": {"renewTime": "2026-11-01T11:50:00.000000Z"}})"));
  const std::string text = Complaints(evidence);
  EXPECT_THAT(text, HasSubstr("this machine and the API server are 56 s apart"));
  EXPECT_THAT(text, HasSubstr("the clock of machine node-b is ahead"));
  EXPECT_THAT(text, HasSubstr("machine node-c has not renewed its lease for 10m"));
}

TEST(Diagnose, APolicyThatRestrictsEgressIsShown) {
  Evidence evidence = AllWell();
  evidence.policies.items = {Parse(R"({"metadata": {"name": "deny-in", "namespace": "shop"},
                "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}})"),
                             Parse(R"({"metadata": {"name": "deny-out", "namespace": "shop"},
                "spec": {"podSelector": {}, "policyTypes": ["Egress"]}})"),
                             Parse(R"({"metadata": {"name": "of-others", "namespace": "shop"},
                "spec": {"podSelector": {"matchLabels": {"app": "x"}},
                         "policyTypes": ["Egress"]}})")};
  EXPECT_THAT(Complaints(evidence), StartsWith("warn  network  NetworkPolicy deny-out restricts"));
}

TEST(Diagnose, EverySignOfAPodIsALine) {
  Evidence evidence = AllWell();
  evidence.facts["shop/cart-0"].strangers = 1;
  evidence.facts["shop/cart-1"].priority = 0;
  evidence.facts["shop/cart-1"].state_write_failing = true;
  evidence.facts["shop/cart-2"] = {.problem = "connection refused"};
  const std::string text = Complaints(evidence);
  EXPECT_THAT(text, HasSubstr("pod cart-0  somebody who is no member answers"));
  EXPECT_THAT(text, HasSubstr("pod cart-1  its replica-priority is 0"));
  EXPECT_THAT(text, HasSubstr("pod cart-1  its sentinel cannot write its state"));
  EXPECT_THAT(text, HasSubstr("pod cart-2  not asked: connection refused"));

  evidence.subjects[0].pods[2]["status"]["phase"] = "Pending";
  EXPECT_THAT(Complaints(evidence), HasSubstr("pod cart-2  it is Pending, so it was not asked"));
}

TEST(Diagnose, TakesAnyShape) {
  Evidence evidence;
  evidence.version = Parse(R"(["x"])");
  evidence.subjects = {{Json::object(), {Json::object()}}};
  evidence.policies.items = {Parse(R"({"spec": {"policyTypes": "Egress"}})")};
  EXPECT_EQ(ExitCodeOf(Diagnose(evidence)), 4);
}

}  // namespace
}  // namespace rha::cli
