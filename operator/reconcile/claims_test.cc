#include "operator/reconcile/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rha::op::reconcile {
namespace {

using k8s::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ClaimsTest : public ::testing::Test {
 protected:
  // Returns it for changes; valid until the next one is put.
  Json& Put(const std::string& name, const std::string& uid) {
    claims_.push_back({{"metadata",
                        {{"name", name},
                         {"namespace", "ns"},
                         {"annotations", {{"ha.redisha.io/cluster-uid", uid}}}}}});
    return claims_.back();
  }
  Json& Put(int ordinal, const std::string& uid) {
    return Put("data-demo-" + std::to_string(ordinal), uid);
  }
  void PutLeftOver(int ordinal, const std::string& uid) {
    Put(ordinal, uid)["metadata"]["annotations"]["ha.redisha.io/left-over"] = "true";
  }
  std::vector<k8s::ObjectPtr> Claims() const {
    std::vector<k8s::ObjectPtr> claims;
    for (const Json& claim : claims_) claims.push_back(std::make_shared<const Json>(claim));
    return claims;
  }
  ClaimSurvey Survey(int replicas, const std::string& known = "") const {
    const Json object = {{"metadata", {{"name", "demo"}, {"namespace", "ns"}, {"uid", "u1"}}},
                         {"spec", {{"replicas", replicas}}}};
    return SurveyClaims(Claims(), api::ParseRedisHa(object).redisha, known);
  }
  // "demo-3+" is to be marked, "demo-3-" to be unmarked.
  std::vector<std::string> Misplaced(int members) const {
    std::vector<std::string> marks;
    for (const ClaimMark& mark : MisplacedMarks(Claims(), "demo", "u0", members)) {
      marks.push_back(k8s::KeyOf(*mark.claim).name + (mark.left_over ? "+" : "-"));
    }
    return marks;
  }

  std::vector<Json> claims_;
};

TEST_F(ClaimsTest, WithoutClaimsThereIsNoDataset) {
  EXPECT_EQ(Survey(3).cluster_uid, "");
  EXPECT_EQ(Survey(3).pods, 0);
  EXPECT_EQ(Survey(3).undecided, "");
}

TEST_F(ClaimsTest, EveryCopyCountsWhateverNumberOfPodsIsAskedFor) {
  for (int i = 0; i < 3; ++i) Put(i, "u0");
  for (const int replicas : {1, 2, 3, 5, 15}) {
    EXPECT_EQ(Survey(replicas).pods, 3) << replicas;
    EXPECT_EQ(Survey(replicas).cluster_uid, "u0");
    EXPECT_THAT(Survey(replicas).reused, ElementsAre("data-demo-0", "data-demo-1", "data-demo-2"));
  }
}

TEST_F(ClaimsTest, AGapIsFilled) {
  Put(2, "u0");
  EXPECT_EQ(Survey(1).pods, 3);
  EXPECT_EQ(Survey(3).pods, 3);
  Put(10, "u0");
  EXPECT_EQ(Survey(1).pods, 11) << "by number, not by name";
  EXPECT_THAT(Survey(1).reused, ElementsAre("data-demo-2", "data-demo-10"));
}

TEST_F(ClaimsTest, OnlyWhatAPodOfThisSetWouldMountCounts) {
  for (const char* name : {"data-demo-x", "data-demo-01", "data-demo-15", "data-demo--1", "data-0",
                           "data-demo-2-0", "other-demo-1", "data-demo-"}) {
    Put(name, "u0");
  }
  Put(0, "");
  EXPECT_EQ(Survey(3).cluster_uid, "");
}

TEST_F(ClaimsTest, WhatIsBeingDeletedDoesNotCount) {
  for (int i = 0; i < 3; ++i) {
    Put(i, "u0")["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  }
  EXPECT_EQ(Survey(1).cluster_uid, "") << "its pods get new volumes: a new dataset begins";
  Put(1, "u2");
  EXPECT_EQ(Survey(1).cluster_uid, "u2");
  EXPECT_EQ(Survey(1).pods, 2);
}

TEST_F(ClaimsTest, WhatGoesWithItsOldSetIsWaitedFor) {
  const Json owner = {{"apiVersion", "apps/v1"}, {"kind", "StatefulSet"}, {"uid", "gone"}};
  Put(0, "u0")["metadata"]["ownerReferences"] = Json::array({owner});
  Put(1, "u0")["metadata"]["ownerReferences"] = Json::array({{{"kind", "Backup"}, {"uid", "b"}}});
  EXPECT_THAT(Survey(1).going, ElementsAre("data-demo-0"));
}

TEST_F(ClaimsTest, WhatPodsLeftBehindWhenTheyWereScaledAwayIsNoCopy) {
  for (int i = 0; i < 3; ++i) Put(i, "u0");
  PutLeftOver(3, "u0");
  PutLeftOver(4, "u0");
  for (const int replicas : {1, 3, 5}) EXPECT_EQ(Survey(replicas).pods, 3) << replicas;
  EXPECT_THAT(Survey(5).reused, ElementsAre("data-demo-0", "data-demo-1", "data-demo-2"));
}

TEST_F(ClaimsTest, WhatIsLeftOverIsBetterThanNothing) {
  PutLeftOver(3, "u0");
  PutLeftOver(4, "u0");
  EXPECT_EQ(Survey(3).cluster_uid, "u0");
  EXPECT_EQ(Survey(3).pods, 5);
}

TEST_F(ClaimsTest, MostClaimsDecideAndTheOthersAreNamed) {
  Put(0, "stray");
  Put(1, "u0");
  Put(2, "u0");
  Put(7, "stray too");
  EXPECT_EQ(Survey(3).cluster_uid, "u0");
  EXPECT_EQ(Survey(3).pods, 3);
  EXPECT_THAT(Survey(3).foreign, ElementsAre("data-demo-0")) << "no pod mounts the last one";
  PutLeftOver(3, "stray");
  PutLeftOver(4, "stray");
  EXPECT_EQ(Survey(3).cluster_uid, "u0");
}

TEST_F(ClaimsTest, APersonDecidesBetweenTwoDatasets) {
  Put(0, "u0");
  Put(1, "u9");
  Put(2, "u9");
  EXPECT_EQ(Survey(1).cluster_uid, "") << "the first pod says one, most say another";
  EXPECT_EQ(Survey(1).pods, 0);
  EXPECT_THAT(Survey(1).undecided, HasSubstr("u0: data-demo-0; u9: data-demo-1 data-demo-2; "
                                             "delete the claims of those that are not meant"));
  EXPECT_THAT(Survey(2).undecided, HasSubstr("more than one dataset")) << "as many of each";
  EXPECT_EQ(Survey(3).cluster_uid, "u9");
  claims_.pop_back();
  EXPECT_THAT(Survey(3).undecided, HasSubstr("more than one dataset"));
}

TEST_F(ClaimsTest, AResourceThatHasHadADatasetGoesOnWithIt) {
  Put(0, "u0");
  Put(1, "u9");
  Put(2, "u9");
  EXPECT_EQ(Survey(1, "u0").cluster_uid, "u0");
  EXPECT_EQ(Survey(1, "u0").pods, 1);
  EXPECT_THAT(Survey(1, "u0").foreign, IsEmpty());
  EXPECT_EQ(Survey(3, "gone").cluster_uid, "u9");
}

TEST_F(ClaimsTest, MarksFollowTheMembers) {
  for (int i = 0; i < 4; ++i) Put(i, "u0");
  PutLeftOver(4, "u0");
  Put(5, "u9");
  Put(6, "u0")["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_THAT(Misplaced(4), IsEmpty());
  EXPECT_THAT(Misplaced(2), ElementsAre("data-demo-2+", "data-demo-3+"));
  EXPECT_THAT(Misplaced(5), ElementsAre("data-demo-4-"));
}

}  // namespace
}  // namespace rha::op::reconcile
