#include "operator/reconcile/scale.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace rha::op::reconcile {
namespace {

constexpr int kStepsMax = 20;

// All steps from one size to another, each settled before the next.
std::vector<ScaleStep> Way(int from, int to) {
  std::vector<ScaleStep> way = {{from, from}};
  while (!(way.back() == ScaleStep{to, to}) && way.size() < kStepsMax) {
    way.push_back(NextStep(to, ScaleFacts{way.back(), true}));
  }
  return way;
}

TEST(Scale, TheFirstStepIsTheWholeSize) { EXPECT_EQ(NextStep(5, std::nullopt), (ScaleStep{5, 5})); }

TEST(Scale, GrowingTellsTheVotersFirst) {
  EXPECT_EQ(Way(3, 5), (std::vector<ScaleStep>{{3, 3}, {3, 5}, {5, 5}}));
  EXPECT_EQ(Way(3, 9), (std::vector<ScaleStep>{{3, 3}, {3, 5}, {5, 5}, {5, 9}, {9, 9}}));
  EXPECT_EQ(Way(1, 3), (std::vector<ScaleStep>{{1, 1}, {1, 3}, {3, 3}}));
}

TEST(Scale, ShrinkingTakesPodsFirst) {
  EXPECT_EQ(Way(5, 3), (std::vector<ScaleStep>{{5, 5}, {3, 5}, {3, 3}}));
  EXPECT_EQ(Way(9, 3), (std::vector<ScaleStep>{{9, 9}, {5, 9}, {5, 5}, {3, 5}, {3, 3}}));
  EXPECT_EQ(Way(3, 1), (std::vector<ScaleStep>{{3, 3}, {1, 1}}));
}

TEST(Scale, EveryWayArrivesAndNeverLosesTheMajorityOrLetsNewcomersHaveIt) {
  for (int from = 1; from <= 15; ++from) {
    for (int to = 1; to <= 15; ++to) {
      const auto way = Way(from, to);
      EXPECT_EQ(way.back(), (ScaleStep{to, to})) << from << " to " << to;
      for (size_t i = 1; i < way.size(); ++i) {
        const ScaleStep& before = way[i - 1];
        const ScaleStep& step = way[i];
        const int majority = step.voters / 2 + 1;
        if (from > 1 && to > 1) {
          EXPECT_GE(step.pods, majority) << from << " to " << to;
        }
        // Pods that are new know only the new list: together they must not be a majority of it,
        // unless those that were there know the same list.
        const bool newcomers = step.pods > before.pods;
        EXPECT_TRUE(!newcomers || before.voters == step.voters) << from << " to " << to;
      }
    }
  }
}

TEST(Scale, WaitsForTheStepBefore) {
  EXPECT_EQ(NextStep(5, ScaleFacts{{3, 3}, false}), (ScaleStep{3, 3}));
  EXPECT_EQ(NextStep(5, ScaleFacts{{3, 5}, false}), (ScaleStep{3, 5}));
  EXPECT_EQ(NextStep(3, ScaleFacts{{3, 5}, false}), (ScaleStep{3, 5}));
  EXPECT_EQ(NextStep(3, ScaleFacts{{5, 5}, false}), (ScaleStep{3, 5})) << "shrinking may mend it";
}

TEST(Scale, AChangeOfMindTurnsBack) {
  EXPECT_EQ(NextStep(3, ScaleFacts{{3, 5}, true}), (ScaleStep{3, 3}));
  EXPECT_EQ(NextStep(4, ScaleFacts{{3, 5}, true}), (ScaleStep{3, 4}));
  EXPECT_EQ(NextStep(5, ScaleFacts{{3, 5}, true}), (ScaleStep{5, 5}));
}

TEST(Scale, IsReadFromTheStatefulSet) {
  Observed observed;
  EXPECT_FALSE(ReadScale(observed));
  k8s::Json set = k8s::Json::parse(R"({"kind":"StatefulSet",
      "metadata":{"generation":2,"annotations":{"ha.redisha.io/voters":"5"}},
      "spec":{"replicas":3},
      "status":{"observedGeneration":2,"replicas":3,"updatedReplicas":3,"readyReplicas":3}})");
  const auto read = [&] {
    observed.children[{"StatefulSet", "demo"}] = std::make_shared<const k8s::Json>(set);
    return *ReadScale(observed);
  };
  EXPECT_EQ(read().now, (ScaleStep{3, 5}));
  EXPECT_TRUE(read().settled);
  set["status"]["readyReplicas"] = 2;
  EXPECT_FALSE(read().settled);
  set["metadata"]["annotations"]["ha.redisha.io/voters"] = "9";
  EXPECT_FALSE(read().settled);
  observed.pods = {{.sentinel_ready = true}, {.sentinel_ready = true}, {.sentinel_ready = true}};
  EXPECT_TRUE(read().settled) << "three of nine cannot be ready";
  set["metadata"]["generation"] = 3;
  EXPECT_FALSE(read().settled);
}

}  // namespace
}  // namespace rha::op::reconcile
