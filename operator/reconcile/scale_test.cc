#include "operator/reconcile/scale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace rha::op::reconcile {
namespace {

using ::testing::HasSubstr;

constexpr int kStepsMax = 100;

int Majority(int voters) { return voters / 2 + 1; }

// All steps from one size to another, each settled before the next.
std::vector<ScaleStep> Way(int from, int to) {
  std::vector<ScaleStep> way = {{from, from}};
  while (!(way.back() == ScaleStep{to, to}) && way.size() < kStepsMax) {
    way.push_back(NextStep(to, ScaleFacts{.now = way.back()}).step);
  }
  return way;
}

TEST(Scale, TheFirstStepIsTheWholeSize) {
  EXPECT_EQ(NextStep(5, std::nullopt).step, (ScaleStep{5, 5}));
}

TEST(Scale, GrowingTellsTheVotersFirst) {
  EXPECT_EQ(Way(3, 5), (std::vector<ScaleStep>{{3, 3}, {3, 4}, {4, 4}, {4, 5}, {5, 5}}));
  EXPECT_EQ(Way(1, 3), (std::vector<ScaleStep>{{1, 1}, {1, 2}, {2, 2}, {2, 3}, {3, 3}}));
}

TEST(Scale, ShrinkingTakesPodsFirst) {
  EXPECT_EQ(Way(5, 3), (std::vector<ScaleStep>{{5, 5}, {4, 5}, {4, 4}, {3, 4}, {3, 3}}));
  EXPECT_EQ(Way(3, 1), (std::vector<ScaleStep>{{3, 3}, {2, 3}, {2, 2}, {1, 2}, {1, 1}}));
}

TEST(Scale, EveryWayArrivesByStepsOfOneWhoseMajoritiesMeet) {
  for (int from = 1; from <= 15; ++from) {
    for (int to = 1; to <= 15; ++to) {
      const auto way = Way(from, to);
      EXPECT_EQ(way.back(), (ScaleStep{to, to})) << from << " to " << to;
      for (size_t i = 1; i < way.size(); ++i) {
        const ScaleStep& before = way[i - 1];
        const ScaleStep& step = way[i];
        const int moved = std::abs(step.pods - before.pods) + std::abs(step.voters - before.voters);
        EXPECT_EQ(moved, 1) << from << " to " << to;
        EXPECT_LE(step.pods, step.voters) << "a pod whose sentinel is no member does not start";
        // Whoever still goes by the old list, gone pods included, cannot elect beside the new one.
        const int all = std::max(before.voters, step.voters);
        EXPECT_GT(Majority(before.voters) + Majority(step.voters), all) << from << " to " << to;
        const bool newcomer = step.pods > before.pods;
        EXPECT_TRUE(!newcomer || step.pods - before.pods < Majority(step.voters));
        if (step.voters > 2) {
          EXPECT_GE(step.pods, Majority(step.voters));
        }
      }
    }
  }
}

TEST(Scale, WaitsForTheStepBefore) {
  EXPECT_EQ(NextStep(5, ScaleFacts{.now = {3, 3}, .until_ready = "x"}).step, (ScaleStep{3, 3}));
  EXPECT_EQ(NextStep(5, ScaleFacts{.now = {3, 3}, .until_settled = "x"}).step, (ScaleStep{3, 3}));
  EXPECT_EQ(NextStep(5, ScaleFacts{.now = {3, 4}, .until_settled = "x"}).step, (ScaleStep{3, 4}));
  EXPECT_EQ(NextStep(5, ScaleFacts{.now = {3, 4}, .until_ready = "x"}).step, (ScaleStep{4, 4}))
      << "the newcomer may be what the majority lacks";
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {3, 4}, .until_settled = "x"}).step, (ScaleStep{3, 4}));
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {5, 5}, .until_spare = "x"}).step, (ScaleStep{5, 5}));
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {5, 5}, .until_spare = "x"}).waits_for, "x");
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {5, 5}, .until_settled = "x", .until_ready = "x"}).step,
            (ScaleStep{4, 5}))
      << "taking away a pod that does not start may be what mends the set";
}

TEST(Scale, AChangeOfMindTurnsBack) {
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {3, 4}}).step, (ScaleStep{3, 3}));
  EXPECT_EQ(NextStep(4, ScaleFacts{.now = {3, 4}}).step, (ScaleStep{4, 4}));
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {2, 3}}).step, (ScaleStep{3, 3}));
}

TEST(Scale, WhatAnEarlierVersionBeganIsEnded) {
  EXPECT_EQ(NextStep(9, ScaleFacts{.now = {3, 5}}).step, (ScaleStep{4, 5}));
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {3, 5}}).step, (ScaleStep{3, 4}));
  EXPECT_EQ(NextStep(3, ScaleFacts{.now = {5, 3}}).step, (ScaleStep{5, 4}));
}

// A set of pods drawn as text: p, r primary and replica, ? without a role, capital when ready.
class ScaleFactsTest : public ::testing::Test {
 protected:
  ScaleFacts Read(const std::string& pods, int voters) {
    const int count = static_cast<int>(pods.size());
    k8s::Json set = {
        {"kind", "StatefulSet"},
        {"metadata",
         {{"generation", 2}, {"annotations", {{"ha.redisha.io/voters", std::to_string(voters)}}}}},
        {"spec", {{"replicas", count}}},
        {"status", {{"observedGeneration", 2}, {"replicas", count}, {"updatedReplicas", count}}}};
    set.merge_patch(change_set_);
    observed_.children[{"StatefulSet", "demo"}] = std::make_shared<const k8s::Json>(set);
    observed_.pods.clear();
    for (int i = 0; i < count; ++i) {
      const char role = static_cast<char>(std::tolower(pods[i]));
      observed_.pods.push_back({.name = "demo-" + std::to_string(i),
                                .role = role == 'p'   ? "primary"
                                        : role == 'r' ? "replica"
                                                      : "",
                                .voters = voters,
                                .ready = std::isupper(pods[i]) != 0});
    }
    if (change_pods_) change_pods_(observed_.pods);
    return *ReadScale(observed_);
  }
  // Whether the last of these pods may go.
  std::string Spare(const std::string& pods, int voters) { return Read(pods, voters).until_spare; }

  Observed observed_;
  k8s::Json change_set_ = k8s::Json::object();
  std::function<void(std::vector<PodView>&)> change_pods_;
};

TEST_F(ScaleFactsTest, NothingIsKnownWithoutASet) { EXPECT_FALSE(ReadScale(Observed())); }

TEST_F(ScaleFactsTest, PodsWithoutASetAreTakenOverAsTheyAre) {
  k8s::Json redisha = {{"metadata", {{"name", "demo"}, {"namespace", "ns"}}}};
  Observed observed;
  observed.redisha = std::make_shared<const k8s::Json>(redisha);
  observed.pods = {{.name = "demo-0", .voters = 3}, {.name = "demo-3", .voters = 5}};
  EXPECT_EQ(NextStep(1, ReadScale(observed)).step, (ScaleStep{4, 5}));
  EXPECT_EQ(NextStep(9, ReadScale(observed)).step, (ScaleStep{4, 5}));
  observed.pods = {
      {.name = "demo-1"}, {.name = "demo-copy"}, {.name = "demo-99999"}, {.name = "x-7"}};
  EXPECT_EQ(NextStep(1, ReadScale(observed)).step, (ScaleStep{2, 2})) << "only what a set makes";
}

TEST_F(ScaleFactsTest, VolumesWithoutASetAreTakenOverWithAllTheirPods) {
  Observed observed;
  observed.redisha = std::make_shared<const k8s::Json>(
      k8s::Json{{"metadata", {{"name", "demo"}, {"namespace", "ns"}}}});
  observed.claimed_pods = 3;
  for (const int wanted : {1, 3, 5}) {
    EXPECT_EQ(NextStep(wanted, ReadScale(observed)).step, (ScaleStep{3, 3})) << wanted;
  }
  observed.pods = {{.name = "demo-0", .voters = 3}};
  EXPECT_EQ(NextStep(1, ReadScale(observed)).step, (ScaleStep{3, 3}))
      << "the two voters that are gone have left their copies";
  observed.pods = {{.name = "demo-0", .voters = 2}};
  EXPECT_EQ(NextStep(1, ReadScale(observed)).step, (ScaleStep{2, 2})) << "who runs knows better";
  observed.pods = {{.name = "demo-3", .voters = 5}};
  EXPECT_EQ(NextStep(1, ReadScale(observed)).step, (ScaleStep{4, 5})) << "the last left none";
  observed.pods = {{.name = "demo-4"}};
  EXPECT_EQ(NextStep(1, ReadScale(observed)).step, (ScaleStep{5, 5}));
}

TEST_F(ScaleFactsTest, AHealthySetSparesItsLastPodWhateverItsRole) {
  EXPECT_EQ(Spare("PRR", 3), "");
  EXPECT_EQ(Spare("RRP", 3), "") << "it hands over when it is told to stop";
  EXPECT_EQ(Spare("PR", 2), "");
  EXPECT_EQ(Spare("RP", 2), "");
}

TEST_F(ScaleFactsTest, TheLastCopyInSyncStays) {
  EXPECT_THAT(Spare("rP", 2), HasSubstr("1 of the pods that stay to be ready, 0 are"));
  EXPECT_THAT(Spare("rrP", 3), HasSubstr("2 of the pods that stay to be ready, 0 are"));
  EXPECT_THAT(Spare("RrP", 3), HasSubstr("2 of the pods that stay to be ready, 1 are"));
  EXPECT_THAT(Spare("?R", 2), HasSubstr("a primary to be elected"));
  EXPECT_THAT(Spare("?RR", 3), HasSubstr("a primary to be elected")) << "who would hold the data?";
}

TEST_F(ScaleFactsTest, NothingGoesWhileAFailoverIsUnderWay) {
  EXPECT_THAT(Spare("RRp", 3), HasSubstr("the primary demo-2 to be ready"));
  EXPECT_THAT(Spare("pRR", 3), HasSubstr("the primary demo-0 to be ready"));
  EXPECT_THAT(Spare("PPR", 3), HasSubstr("one primary instead of two"));
}

TEST_F(ScaleFactsTest, APodThatNeverStartedCanGoAndTheMajorityStays) {
  change_pods_ = [](std::vector<PodView>& pods) { pods.back().voters = 0; };
  EXPECT_EQ(Spare("PR?", 3), "");
  EXPECT_NE(Read("PR?", 3).until_settled, "");
  change_pods_ = nullptr;
  EXPECT_THAT(Spare("PRrR", 4), HasSubstr("3 of the pods that stay to be ready, 2 are"));
}

TEST_F(ScaleFactsTest, EveryPodMustGoByTheVoters) {
  EXPECT_EQ(Read("PRR", 4).until_settled, "");
  change_pods_ = [](std::vector<PodView>& pods) { pods[1].voters = 3; };
  EXPECT_EQ(Read("PRR", 4).until_settled, "demo-1 to take over the list of 4 voters");
  EXPECT_NE(Spare("PRR", 4), "");
  change_pods_ = [](std::vector<PodView>& pods) { pods[2].voters = 3; };
  EXPECT_NE(Spare("PRR", 4), "") << "it may be about to start anew";
  change_pods_ = [](std::vector<PodView>& pods) { pods[2].deleting = true; };
  EXPECT_EQ(Read("PRR", 3).until_settled, "demo-2 to end");
  EXPECT_NE(Spare("PRR", 3), "");
  change_pods_ = [](std::vector<PodView>& pods) { pods.push_back({.name = "demo-3"}); };
  EXPECT_EQ(Read("PRR", 3).until_settled, "3 pods, there are 4") << "the one before has not ended";
}

TEST_F(ScaleFactsTest, ARollingUpdateEndsFirst) {
  change_set_ = {{"status", {{"updatedReplicas", 2}}}};
  EXPECT_THAT(Read("PRR", 3).until_settled, HasSubstr("newest revision"));
  EXPECT_NE(Spare("PRR", 3), "");
  change_set_ = {{"metadata", {{"generation", 3}}}};
  EXPECT_NE(Read("PRR", 3).until_settled, "");
}

TEST_F(ScaleFactsTest, ReadyMeansAllPods) {
  EXPECT_EQ(Read("PRR", 3).until_ready, "");
  EXPECT_EQ(Read("PrR", 3).until_ready, "demo-1 to be ready");
}

// An adversary lets pods fail and roles move between the steps; data is where a pod was ready, and
// a pod that is taken away takes its copy along.
TEST_F(ScaleFactsTest, WhateverFailsOnTheWayACopyAndAMajorityStay) {
  for (const std::string pods : {"PRRRR", "RRRRP", "RPRRR", "RRPRR", "RRRPR"}) {
    for (int mask = 0; mask < 32; ++mask) {
      std::string drawn = pods;
      for (int i = 0; i < 5; ++i) {
        if (mask & (1 << i)) drawn[i] = static_cast<char>(std::tolower(drawn[i]));
      }
      const ScalePlan plan = NextStep(1, Read(drawn, 5));
      if (plan.step == ScaleStep{5, 5}) {
        EXPECT_FALSE(plan.waits_for.empty()) << drawn;
        continue;
      }
      EXPECT_EQ(plan.step, (ScaleStep{4, 5})) << drawn;
      const std::string stays = drawn.substr(0, 4);
      const auto ready =
          std::count_if(stays.begin(), stays.end(), [](char c) { return std::isupper(c) != 0; });
      EXPECT_GE(ready, 3) << drawn << ": no majority of ready pods stays";
      EXPECT_TRUE(drawn.find('P') != std::string::npos) << drawn;
    }
  }
}

}  // namespace
}  // namespace rha::op::reconcile
