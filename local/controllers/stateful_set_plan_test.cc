#include "local/controllers/stateful_set_plan.h"

#include <gtest/gtest.h>

namespace rha::local::controllers {
namespace {

SetView View(std::vector<SetPod> pods, bool parallel = false) {
  SetView view;
  view.replicas = 3;
  view.parallel = parallel;
  view.current_revision = view.update_revision = "r1";
  view.pods = std::move(pods);
  return view;
}

SetPod Ready(int64_t ordinal, const char* revision = "r1") { return {ordinal, revision, true}; }
SetPod Starting(int64_t ordinal, const char* revision = "r1") { return {ordinal, revision, false}; }
using Creations = std::vector<SetPlan::Creation>;
using Ordinals = std::vector<int64_t>;

TEST(StatefulSetPlan, OrderedStartsOneAfterTheOther) {
  EXPECT_EQ(PlanStatefulSet(View({})).create, (Creations{{0, "r1"}}));
  EXPECT_TRUE(PlanStatefulSet(View({Starting(0)})).create.empty());
  EXPECT_EQ(PlanStatefulSet(View({Ready(0)})).create, (Creations{{1, "r1"}}));
}

TEST(StatefulSetPlan, ParallelStartsAllAtOnce) {
  EXPECT_EQ(PlanStatefulSet(View({Starting(1)}, true)).create, (Creations{{0, "r1"}, {2, "r1"}}));
}

TEST(StatefulSetPlan, ScalesDownFromTheHighest) {
  SetView view = View({Ready(0), Ready(1), Ready(2)});
  view.replicas = 1;
  EXPECT_EQ(PlanStatefulSet(view).remove, (Ordinals{2}));
  view.parallel = true;
  EXPECT_EQ(PlanStatefulSet(view).remove, (Ordinals{2, 1}));
}

TEST(StatefulSetPlan, UpdatesOneAtATimeAndWaitsForIt) {
  SetView view = View({Ready(0), Ready(1), Ready(2)}, true);
  view.update_revision = "r2";
  EXPECT_EQ(PlanStatefulSet(view).remove, (Ordinals{2}));
  view.pods[2] = Starting(2, "r2");
  EXPECT_EQ(PlanStatefulSet(view), SetPlan{});
  view.pods[2] = Ready(2, "r2");
  EXPECT_EQ(PlanStatefulSet(view).remove, (Ordinals{1}));
}

TEST(StatefulSetPlan, BelowThePartitionTheOldRevisionStays) {
  SetView view = View({Ready(0), Ready(2, "r2")}, true);
  view.update_revision = "r2";
  view.partition = 2;
  EXPECT_EQ(PlanStatefulSet(view).create, (Creations{{1, "r1"}}));
  view.pods.push_back(Ready(1));
  EXPECT_EQ(PlanStatefulSet(view), SetPlan{});
}

TEST(StatefulSetPlan, OnDeleteReplacesOnlyWhatIsGone) {
  SetView view = View({Ready(0), Ready(1), Ready(2)});
  view.update_revision = "r2";
  view.rolling = false;
  EXPECT_EQ(PlanStatefulSet(view), SetPlan{});
}

TEST(StatefulSetPlan, AFinishedPodIsReplaced) {
  SetView view = View({Ready(0), Starting(1), Ready(2)});
  view.pods[1].finished = true;
  EXPECT_EQ(PlanStatefulSet(view).remove, (Ordinals{1}));
}

TEST(StatefulSetPlan, OrdinalsMayStartElsewhere) {
  SetView view = View({Ready(0)}, true);
  view.start = 5;
  view.replicas = 1;
  const SetPlan plan = PlanStatefulSet(view);
  EXPECT_EQ(plan.create, (Creations{{5, "r1"}}));
  EXPECT_EQ(plan.remove, (Ordinals{0}));
}

}  // namespace
}  // namespace rha::local::controllers
