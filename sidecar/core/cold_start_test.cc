// What a copy is worth, and who is waited for when everything was down. The whole runs are in
// tests/sim/scenarios/cold_start_*.txt.
#include <gtest/gtest.h>

#include "sidecar/core/lineage.h"
#include "sidecar/core/pick_replica.h"
#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

std::string Restored(const std::string& replid, int offset, bool loading = false) {
  return "run_id:new\r\nloading:" + std::string(loading ? "1" : "0") +
         "\r\nrole:slave\r\nredisha_undecided:1\r\nmaster_replid:" + replid +
         "\r\nmaster_repl_offset:" + std::to_string(offset) + "\r\ndb0:keys=5,expires=0\r\n";
}

// A replica that has lost its primary and holds the stream up to there.
std::string Live(int offset, const std::string& primary = "10.0.0.3") {
  return "run_id:new\r\nrole:slave\r\nmaster_host:" + primary +
         "\r\nmaster_port:6379\r\nmaster_link_status:down\r\nredisha_data_epoch:5\r\n"
         "master_replid:r5\r\nslave_repl_offset:" +
         std::to_string(offset) + "\r\nmaster_repl_offset:" + std::to_string(offset) +
         "\r\ndb0:keys=5,expires=0\r\n";
}

// Member 0 after everything was killed: it remembers that demo-2 led in epoch 5, when its own data
// was of history r5, and that r3 was epoch 3's.
class ColdStart : public testing::Test {
 protected:
  ColdStart() : bench(Remembering()) {
    for (const Member& member : bench.group().members) {
      if (member.peer == kNoPeer) continue;
      bench.Send(
          HostResolved{member.config.host,
                       "10.0.0." + std::to_string(1 + (&member - &bench.group().members[0]))});
      bench.Send(PeerLinkUp{member.peer});
    }
    for (int i = 0; i < 3; ++i) bench.Send(NodeLinkUp{NodeOf(i)});
    bench.now += Millis{5};
  }
  static Config Remembering() {
    Config config = Bench::Member();
    config.persisted = PersistedState{.my_id = TestId(0), .current_epoch = 5, .may_vote = true};
    PersistedGroup& group = config.persisted->groups["demo"];
    group.name = "demo";
    group.configured = true;
    group.primary_member = "demo-2";
    group.config_epoch = 5;
    group.config_leader = TestId(1);
    group.lineage = {{5, "r5"}, {3, "r3"}};
    return config;
  }
  NodeId NodeOf(int member) { return bench.group().members[member].node; }
  void Own(const std::string& text) { bench.Send(InfoReply{NodeOf(0), text}); }
  void Beat(int member, Epoch data_epoch, int64_t offset, bool loading = false) {
    core::Beat beat;
    beat.id = TestId(member);
    beat.address = {"10.0.0." + std::to_string(member + 1), 26379};
    beat.current_epoch = 5;
    beat.group = "demo";
    beat.belief.primary_member = "demo-2";
    beat.belief.config_epoch = 5;
    beat.config_leader = TestId(1);
    beat.node.alive = true;
    beat.node.undecided = true;
    beat.node.loading = loading;
    beat.node.role = Role::kReplica;
    beat.node.run_id = "new";
    beat.node.history = {.has_data = data_epoch > 0, .data_epoch = data_epoch, .offset = offset};
    bench.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id});
  }
  const History& OwnHistory() { return bench.group().FindNode(NodeOf(0))->history; }
  Pick Now() { return PickReplica(bench.machine.state(), bench.group(), bench.now); }

  Bench bench;
};

class LastPrimaryStops : public ColdStart {
 protected:
  // Member 0 led last, is told to stop, and its server ends.
  LastPrimaryStops() {
    bench.group().primary = NodeOf(0);
    bench.Send(StopRequested{});
    bench.Send(NodeLinkDown{NodeOf(0), DownReason::kClosed});
    bench.Send(NodeLinkDown{NodeOf(0), DownReason::kRefused});
  }
  bool Safe() { return bench.machine.SafeToStop(bench.now); }
};

TEST_F(LastPrimaryStops, ItsVoteIsThereForAsLongAsALiveCopyMayBePromoted) {
  Beat(2, 5, 90);
  bench.Send(InfoReply{NodeOf(1), Live(90, "10.0.0.1")});
  bench.Send(InfoReply{NodeOf(2), Restored("r5", 90)});
  EXPECT_FALSE(Safe());
}

TEST_F(LastPrimaryStops, AtOnceWhenEverybodyWaitsForItsDisk) {
  Beat(1, 5, 90);
  Beat(2, 5, 90);
  bench.Send(InfoReply{NodeOf(1), Restored("r5", 90)});
  bench.Send(InfoReply{NodeOf(2), Restored("r5", 90)});
  EXPECT_TRUE(Safe());
}

TEST_F(ColdStart, AnOldFileHasTheEpochOfItsOwnHistory) {
  Own(Restored("r3", 1000));
  EXPECT_EQ(OwnHistory().data_epoch, 3u);
  Own(Restored("of another time", 1000));
  EXPECT_TRUE(OwnHistory().has_data);
  EXPECT_EQ(OwnHistory().data_epoch, 0u) << "nothing is inherited from what the node held before";
  Own(Restored("r5", 10));
  EXPECT_EQ(OwnHistory().data_epoch, 5u);
}

TEST_F(ColdStart, APrimaryOfAnotherEpochHoldsNoCurrentData) {
  const auto primary = [](int epoch) {
    return "run_id:p\r\nrole:master\r\nredisha_role_epoch:" + std::to_string(epoch) +
           "\r\nmaster_replid:x\r\nmaster_repl_offset:9\r\n";
  };
  bench.Send(InfoReply{NodeOf(2), primary(4)});
  EXPECT_EQ(bench.group().FindNode(NodeOf(2))->history.data_epoch, 0u);
  bench.Send(InfoReply{NodeOf(2), primary(5)});
  EXPECT_EQ(bench.group().FindNode(NodeOf(2))->history.data_epoch, 5u);
}

TEST_F(ColdStart, AReplicaSinceBeforeThePromotionHoldsNoCurrentData) {
  const auto replica = [](const std::string& data_epoch) {
    return "run_id:r\r\nrole:slave\r\nmaster_host:10.0.0.3\r\nmaster_port:6379\r\n"
           "master_link_status:up\r\nmaster_replid:x\r\nslave_repl_offset:9\r\n" +
           data_epoch;
  };
  const History& history = bench.group().FindNode(NodeOf(1))->history;
  bench.Send(InfoReply{NodeOf(1), replica("redisha_data_epoch:4\r\n")});
  EXPECT_EQ(history.data_epoch, 4u);
  bench.Send(InfoReply{NodeOf(1), replica("redisha_data_epoch:5\r\n")});
  EXPECT_EQ(history.data_epoch, 5u);
  bench.Send(InfoReply{NodeOf(1), replica("")});
  EXPECT_EQ(history.data_epoch, 5u) << "a node that does not say it";
}

TEST_F(ColdStart, ACopyOfUnknownEpochIsNoOldCopy) {
  Own(Restored("r3", 100));
  Beat(2, 3, 90);
  bench.Send(InfoReply{NodeOf(2), Restored("r3", 90)});
  bench.Send(InfoReply{NodeOf(1), Restored("r9", 700)});
  EXPECT_EQ(Now().result, PickResult::kWait) << "its sidecar has not said what r9 is";
  EXPECT_EQ(Now().wait.members, std::vector<int>{1});
  Beat(1, 5, 700);
  EXPECT_EQ(Now().node, NodeOf(1));
}

TEST_F(ColdStart, ACopyThatSaysItsEpochNeedsNoSidecar) {
  Own(Restored("r3", 100));
  Beat(2, 3, 90);
  bench.Send(InfoReply{NodeOf(2), Restored("r3", 90)});
  bench.Send(InfoReply{NodeOf(1), Restored("r9", 700) + "redisha_data_epoch:5\r\n"});
  EXPECT_EQ(Now().node, NodeOf(1));
}

TEST_F(ColdStart, TheLastPrimarysDiskGoesBeforeALiveCopyThatHoldsLess) {
  Own(Live(100));
  bench.Send(InfoReply{NodeOf(1), Live(90)});
  bench.Send(InfoReply{NodeOf(2), Restored("r5", 100) + "redisha_data_epoch:5\r\n"});
  EXPECT_EQ(Now().node, NodeOf(0)) << "it holds as much, and never left the stream";
  bench.Send(InfoReply{NodeOf(2), Restored("r5", 101) + "redisha_data_epoch:5\r\n"});
  EXPECT_EQ(Now().node, NodeOf(2));
}

// Its sidecar was cut off when it was replaced, and who replaced it has lost disk and memory.
TEST_F(ColdStart, APrimaryThatCallsItselfAReplicaIsACopyLikeOthers) {
  Own(Live(100));
  bench.Send(InfoReply{NodeOf(1), Live(90)});
  bench.Send(InfoReply{NodeOf(2), Live(101, "10.0.0.9")});
  Node& primary = *bench.group().FindNode(NodeOf(2));
  primary.sdown = true;
  EXPECT_EQ(Now().node, NodeOf(2));
  primary.link.unanswered_since = bench.now - bench.group().config.down_after - Millis{1};
  EXPECT_NE(Now().node, NodeOf(2)) << "it is silent, too";
}

TEST_F(ColdStart, ALoadingCopyIsWaitedForUnlessItIsKnownToBeOlder) {
  Own(Restored("r5", 100));
  Beat(1, 5, 90);
  Beat(2, 0, 0, /*loading=*/true);
  EXPECT_EQ(Now().wait.reason, WaitReason::kLoading);
  EXPECT_EQ(Now().wait.members, std::vector<int>{2});
  EXPECT_EQ(Now().wait.until, kNever);
  Beat(2, 4, 0, /*loading=*/true);
  EXPECT_EQ(Now().result, PickResult::kChosen) << "its file names a history of epoch 4";
}

// It led so briefly that nobody followed it, and comes back later than others are waited for.
TEST_F(ColdStart, ALiveCopyOfAnEarlierEpochWaitsForOneThatLoads) {
  const auto earlier = [](int offset) {
    std::string text = Live(offset);
    return text.replace(text.find("epoch:5"), 7, "epoch:4");
  };
  const auto look = [&](bool loading) {
    Own(earlier(100));
    bench.Send(InfoReply{NodeOf(1), earlier(90)});
    bench.Send(InfoReply{NodeOf(2), Restored("r5", loading ? 0 : 10, loading)});
    Beat(2, loading ? 0 : 5, loading ? 0 : 10, loading);
  };
  bench.group().odown_since = bench.now;
  const LogicalTime until = bench.now + bench.group().config.cold_start_wait;
  bench.now += kBootstrapGrace + Millis{1};
  look(true);
  EXPECT_EQ(Now().wait.reason, WaitReason::kLoading);
  EXPECT_EQ(Now().wait.until, until);
  look(false);
  EXPECT_EQ(Now().node, NodeOf(2));
  bench.now = until;
  look(true);
  EXPECT_EQ(Now().node, NodeOf(0));
}

TEST_F(ColdStart, ACopyThatOnlyItsSidecarReachesIsNotPassedOver) {
  Own(Restored("r5", 100));
  Beat(1, 5, 101);
  Beat(2, 5, 99);
  EXPECT_EQ(Now().result, PickResult::kWait);
  EXPECT_EQ(Now().wait.members, std::vector<int>{1});
  bench.Send(InfoReply{NodeOf(1), Restored("r5", 101)});
  EXPECT_EQ(Now().node, NodeOf(1));
}

TEST_F(ColdStart, TheDataOfAnotherClusterAreNoCopy) {
  Own(Restored("r5", 100));
  bench.Send(InfoReply{NodeOf(1), Restored("r5", 90) + "redisha_data_epoch:5\r\n"});
  const std::string largest = Restored("r5", 900) + "redisha_data_epoch:5\r\n";
  bench.Send(InfoReply{NodeOf(2), largest + "redisha_foreign_dataset:1\r\n"});
  EXPECT_EQ(Now().wait.reason, WaitReason::kLastPrimary);
  EXPECT_EQ(Now().wait.members, std::vector<int>{2});
  bench.Send(InfoReply{NodeOf(2), largest});
  EXPECT_EQ(Now().node, NodeOf(2));
}

TEST_F(ColdStart, ALateLookWhileLoadingDoesNotHideTheOffset) {
  bench.Send(InfoReply{NodeOf(1), Restored("r5", 0, /*loading=*/true)});
  Beat(1, 5, 200);
  bench.Send(InfoReply{NodeOf(1), Restored("r5", 200)});
  const Node& node = *bench.group().FindNode(NodeOf(1));
  const History known = BestKnownHistory(bench.group(), node, bench.now);
  EXPECT_EQ(known.data_epoch, 5u);
  EXPECT_EQ(known.offset, 200);
}

TEST_F(ColdStart, ForceMustNameExactlyWhoIsMissing) {
  Own(Restored("r5", 100));
  Beat(1, 0, 0);
  const auto ask = [&](std::vector<std::string> given_up) {
    bench.Send(CommandReceived{1, FailoverCommand{"demo", true, std::move(given_up)}});
    const Reply reply = bench.Of<Reply>().back();
    const auto* error = std::get_if<ReplyError>(&reply.value);
    return error == nullptr ? std::string() : error->text;
  };
  EXPECT_EQ(ask({}),
            "WOULDLOSE demo-0 holds epoch 5 offset 100, demo-1 is empty, demo-2 has not been seen "
            "and led last. To lose what only demo-2 may hold, say: SENTINEL FAILOVER demo FORCE "
            "accept-loss-of demo-2");
  EXPECT_EQ(ask({"demo-7"}), "ERR 'demo-7' is no member of this group");
  EXPECT_NE(ask({"demo-1"}), "");
  EXPECT_EQ(ask({"demo-2"}), "");
  EXPECT_TRUE(bench.Saw("+try-failover"));
}

TEST(Lineage, NewestFirstOncePerHistoryAndBounded) {
  std::vector<DataMark> lineage;
  EXPECT_FALSE(Remember(lineage, {1, ""}));
  EXPECT_TRUE(Remember(lineage, {1, "a"}));
  EXPECT_FALSE(Remember(lineage, {1, "a"}));
  EXPECT_TRUE(Remember(lineage, {2, "b"}));
  EXPECT_TRUE(Remember(lineage, {3, "a"}));
  EXPECT_EQ(lineage, (std::vector<DataMark>{{3, "a"}, {2, "b"}}));
  for (int i = 0; i < 100; ++i) Remember(lineage, {Epoch(i), std::to_string(i)});
  EXPECT_EQ(lineage.size(), kLineageMax);
}

}  // namespace
}  // namespace rha::sidecar::core
