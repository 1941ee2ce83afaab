#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/view/status_text.h"
#include "cli/view/testing.h"
#include "cli/view/text.h"

namespace rha::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Judge, SaysReadyOfWhatIsReady) {
  const Verdict verdict = Judge(Healthy());
  EXPECT_EQ(verdict.health, Health::kHealthy);
  EXPECT_EQ(verdict.word, "Ready");
}

TEST(Judge, BelievesTheLabelsWhenTheOperatorIsAway) {
  Subject subject = Healthy();
  subject.pods[0] = Pod("cart-0", "replica", false);
  subject.pods[1] = Pod("cart-1", "primary");
  EXPECT_EQ(Judge(subject).health, Health::kDegraded);
  EXPECT_EQ(Judge(subject).reason, "2 of 3 pods are ready");
  EXPECT_EQ((*PrimaryOf(subject))["metadata"]["name"], "cart-1");
}

TEST(Judge, IsDownWithoutAReadyPrimaryWhateverTheStatusSays) {
  Subject subject = Healthy();
  subject.pods[0] = Pod("cart-0", "primary", false);
  EXPECT_EQ(Judge(subject).health, Health::kDown);
  EXPECT_EQ(Judge(subject).reason, "no ready pod is labelled primary");
  Set(&subject.redisha, "PrimaryAvailable", "False", "NoPrimary", "no pod is primary; wait");
  EXPECT_EQ(Judge(subject).reason, "no pod is primary; wait");
  subject.pods[0] = Pod("cart-0", "primary");
  subject.pods[1] = Pod("cart-1", "primary");
  EXPECT_EQ(Judge(subject).health, Health::kDown);
}

TEST(Judge, WhatWaitsForAPersonIsTheReasonWhyThereIsNoPrimary) {
  Subject subject = Healthy();
  subject.pods[0] = Pod("cart-0", "", false);
  Set(&subject.redisha, "PrimaryAvailable", "False", "NoPrimary", "no pod is primary; wait");
  Set(&subject.redisha, "Stalled", "True", "SecretMissing", "Secret x does not exist; create it");
  EXPECT_EQ(Judge(subject).health, Health::kDown);
  EXPECT_EQ(Judge(subject).reason, "Secret x does not exist; create it");
}

TEST(Judge, AnUpdateUnderWayIsNoFault) {
  Subject subject = Healthy();
  subject.pods[2] = Pod("cart-2", "", false);
  Set(&subject.redisha, "Ready", "False", "RollingUpdate", "1 of 3 pods are of the newest");
  Set(&subject.redisha, "Progressing", "True", "RollingUpdate", "1 of 3 pods are of the newest");
  EXPECT_EQ(Judge(subject).word, "Progressing");
  EXPECT_EQ(Judge(subject).health, Health::kDegraded);
}

TEST(Judge, ASpecThatNobodyHasReadIsNotReady) {
  Subject subject = Healthy();
  subject.redisha["metadata"]["generation"] = 3;
  EXPECT_EQ(Judge(subject).health, Health::kDegraded);
  EXPECT_THAT(Judge(subject).reason, HasSubstr("generation 3"));
}

TEST(Judge, TakesAnyShape) {
  EXPECT_EQ(Judge({Json::object(), {}}).health, Health::kDown);
  EXPECT_EQ(Judge({Parse(R"({"status": 7, "spec": []})"), {Parse(R"({"metadata": "x"})")}}).health,
            Health::kDown);
}

TEST(Subjects, PodsGoToTheirOwnInTheOrderOfOrdinals) {
  Json other = Pod("cart-0", "primary");
  other["metadata"]["namespace"] = "elsewhere";
  const auto subjects =
      Subjects(Json::array({Healthy().redisha}),
               Json::array({Pod("cart-10", ""), Pod("cart-9", ""), other, Pod("cart-1", "")}));
  ASSERT_EQ(subjects.size(), 1u);
  ASSERT_EQ(subjects[0].pods.size(), 3u);
  EXPECT_EQ(subjects[0].pods[0]["metadata"]["name"], "cart-1");
  EXPECT_EQ(subjects[0].pods[2]["metadata"]["name"], "cart-10");
}

TEST(StatusTable, Golden) {
  EXPECT_EQ(StatusTable({Healthy()}, {.namespaces = true}, At(600)),
            "NAMESPACE   NAME   STATUS   PRIMARY   READY   QUORUM   LAST FAILOVER   AGE\n"
            "shop        cart   Ready    cart-0    3/3     3/3      9m ago          10m\n");
}

TEST(StatusDetails, Golden) {
  Subject subject = Healthy();
  subject.pods[2] = Pod("cart-2", "", false);
  Set(&subject.redisha, "Degraded", "True", "ReplicasMissing", "1 of 2 replicas follow");
  Set(&subject.redisha, "Ready", "False", "ReplicasMissing", "1 of 2 replicas follow");
  EXPECT_EQ(StatusDetails(subject, At(90)),
            "RedisHA shop/cart: Degraded (1 of 2 replicas follow)\n"
            "  primary       cart-0, since 30s\n"
            "  failovers     1, last: 30s ago\n"
            "  quorum        3/3 sentinels, 2 must agree\n"
            "  writes        cart.shop.svc:6379\n"
            "  reads         cart-replicas.shop.svc:6379\n"
            "  sentinels     cart-sentinel.shop.svc:26379\n"
            "  master name   shop.cart\n"
            "  password      Secret cart-auth/password\n"
            "\n"
            "  POD      ROLE      READY   PHASE     RESTARTS   IP         NODE     AGE\n"
            "  cart-0   primary   2/2     Running   1          10.0.0.1   node-a   90s\n"
            "  cart-1   replica   2/2     Running   1          10.0.0.1   node-a   90s\n"
            "  cart-2   -         1/2     Running   1          10.0.0.1   node-a   90s\n"
            "\n"
            "  Ready=False ReplicasMissing: 1 of 2 replicas follow\n"
            "  Degraded=True ReplicasMissing: 1 of 2 replicas follow\n");
}

TEST(StatusJson, SaysHealthAndPrimaryInWords) {
  const Json out = StatusJson(Healthy());
  EXPECT_EQ(out["health"], "Ready");
  EXPECT_EQ(out["primary"], "cart-0");
  EXPECT_EQ(out["pods"].size(), 3u);
}

TEST(WorstOf, OneThatIsDownDecides) {
  Subject down = Healthy();
  down.pods.clear();
  EXPECT_EQ(WorstOf({Healthy(), down}), Health::kDown);
  EXPECT_EQ(WorstOf({}), Health::kHealthy);
}

TEST(Text, AgesAsKubectlSaysThem) {
  EXPECT_EQ(Age(At(0), At(119)), "119s");
  EXPECT_EQ(Age(At(0), At(7140)), "119m");
  EXPECT_EQ(Age(At(0), At(3 * 3600 + 720)), "3h12m");
  EXPECT_EQ(Age(At(0), At(5 * 86400)), "5d");
  EXPECT_EQ(AgeOf("yesterday", At(0)), "-");
}

TEST(Text, YamlKeepsStringsStrings) {
  EXPECT_EQ(ToYaml(Parse(R"({"a": "3", "b": 3, "c": "true", "d": true, "e": {}, "f": [],
                             "g": ["x: y"], "h": "two\nlines", "i": "plain words"})")),
            "a: \"3\"\nb: 3\nc: \"true\"\nd: true\ne: {}\nf: []\ng:\n  - \"x: y\"\n"
            "h: |\n  two\n  lines\ni: plain words\n");
}

TEST(Text, BytesInTheUnitThatFits) {
  EXPECT_EQ(Bytes(0), "0 B");
  EXPECT_EQ(Bytes(14 * 1024), "14 KB");
  EXPECT_EQ(Bytes(3'400'000), "3.2 MB");
}

}  // namespace
}  // namespace rha::cli
