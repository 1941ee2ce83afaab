// What survives a restart: everything that was made durable, from the first moment on.
#include <gtest/gtest.h>

#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

constexpr LogicalTime kStart{Millis{2000000}};

PersistedState OfAMember() {
  PersistedState saved{.my_id = TestId(0), .current_epoch = 9, .may_vote = true};
  PersistedGroup& group = saved.groups["demo"];
  group.name = "demo";
  group.configured = true;
  group.primary_member = "demo-2";
  group.config_epoch = 8;
  group.config_leader = TestId(1);
  group.leader_epoch = 9;
  group.leader_id = TestId(2);
  group.lineage = {{8, "r"}, {6, "q"}};
  return saved;
}

TEST(Restart, AMemberKnowsWhatWasLoadedBeforeItsFirstStep) {
  Config config = Bench::Member();
  config.persisted = OfAMember();
  EXPECT_EQ(Sentinel(config, kStart).Snapshot(), *config.persisted);
}

TEST(Restart, NothingFadesOverTwoRestarts) {
  Config config = Bench::Member();
  config.persisted = OfAMember();
  // Each life is as short as can be: it is made, what it holds is written, it ends.
  for (int restart = 0; restart < 2; ++restart) {
    config.persisted = Sentinel(config, kStart).Snapshot();
  }
  EXPECT_EQ(*config.persisted, OfAMember());

  Bench bench(config);
  bench.Send(VoteRequest{1, "demo", {}, 9, TestId(1), TestId(1)});
  EXPECT_EQ(std::get<ReplyVote>(bench.Of<Reply>().back().value).leader, TestId(2))
      << "the vote of epoch 9 is spent";
}

TEST(Restart, AClassicGroupAddedAtRunTimeIsKept) {
  Bench first(Bench::Classic());
  first.StockPeer(1);
  first.Send(CommandReceived{1, MonitorCommand{"two", {"10.0.0.8", 6379}, 1}});
  first.Send(CommandReceived{1, SetCommand{"two", {{"down-after-milliseconds", "777"}}}});
  Config config = Bench::Classic();
  config.persisted = first.disk;
  for (int restart = 0; restart < 2; ++restart) {
    config.persisted = Sentinel(config, kStart).Snapshot();
    EXPECT_EQ(*config.persisted, *first.disk);
  }
}

TEST(Restart, GroupsAreAnnouncedOnceByTheFirstStep) {
  Config config = Bench::Member();
  config.persisted = OfAMember();
  Bench bench(config);
  EXPECT_EQ(bench.Count("+monitor"), 1);
  EXPECT_EQ(bench.group().Primary(), bench.group().FindNode(bench.group().members[2].node));
  bench.Send(Tick{});
  EXPECT_EQ(bench.Count("+monitor"), 1);
}

}  // namespace
}  // namespace rha::sidecar::core
