// Planned moves of classic groups: the primary that lives hands over, and loses no write.
#include "sidecar/core/handover.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

constexpr const char* kOurs = "redisha_version:1\r\n";
constexpr const char* kLeads = "run_id:b\r\nrole:master\r\nmaster_failover_state:no-failover\r\n";

// One sentinel, a primary and one replica, which is promoted. Of our kind, or of Redis'.
class Planned : public testing::Test {
 protected:
  Planned() : bench(Bench::Classic(1)) {
    bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
    Primary("");
    bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.2").id});
    Replica(10);
  }
  void Primary(const std::string& kind, int offset = 10) {
    bench.Info("10.0.0.1", kind +
                               "run_id:p\r\nrole:master\r\nmaster_failover_state:no-failover\r\n" +
                               "slave0:ip=10.0.0.2,port=6379,state=online,offset=10,lag=0\r\n" +
                               "master_repl_offset:" + std::to_string(offset) + "\r\n");
  }
  void Replica(int offset) {
    bench.Info("10.0.0.2",
               "run_id:b\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
               "master_link_status:up\r\nslave_repl_offset:" +
                   std::to_string(offset) + "\r\n");
  }
  void Demoted(const std::string& state) {
    bench.Info("10.0.0.1",
               std::string(kOurs) +
                   "run_id:p\r\nrole:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\n"
                   "master_link_status:up\r\nmaster_failover_state:" +
                   state + "\r\n");
  }
  void Move(const std::string& kind, bool coordinated = false) {
    Primary(kind);
    bench.Send(
        CommandReceived{1, FailoverCommand{.group = "mymaster", .coordinated = coordinated}});
    Replica(10);
    Primary(kind);
  }
  void Answers(HandoverStep step, const std::string& error = "") {
    bench.Send(HandoverReply{bench.NodeAt("10.0.0.1").id, step, error.empty(), error});
    bench.now += Millis{1};
  }
  // The replica leads, and the old primary is told to follow.
  void HandedOver() {
    Move(kOurs);
    Answers(HandoverStep::kHandOver);
    Demoted("no-failover");
    bench.Info("10.0.0.2", kLeads);
  }
  void OrderFails(const std::string& error) {
    bench.Send(ReconfigureDone{bench.NodeAt("10.0.0.1").id, false, error});
    bench.Pass(Millis{100});
  }
  std::vector<HandoverStep> Asked() {
    std::vector<HandoverStep> steps;
    for (const auto& request : bench.Of<AskToHandOver>()) steps.push_back(request.step);
    return steps;
  }
  int Hellos(const std::string& host) {
    int count = 0;
    for (const auto& hello : bench.Of<PublishHelloToNode>()) {
      count += hello.node == bench.NodeAt(host).id ? 1 : 0;
    }
    return count;
  }
  // Orders to lead (true) or to follow.
  int Orders(const std::string& host, bool lead) {
    int count = 0;
    for (const auto& order : bench.Of<Reconfigure>()) {
      count += order.node == bench.NodeAt(host).id && !order.primary == lead ? 1 : 0;
    }
    return count;
  }
  using Steps = std::vector<HandoverStep>;
  Bench bench;
};

TEST_F(Planned, OurPrimaryHandsOverAndTheReplicaIsNotToldToLeadBefore) {
  Move(kOurs);
  ASSERT_EQ(Asked(), Steps{HandoverStep::kHandOver});
  const AskToHandOver asked = bench.Of<AskToHandOver>()[0];
  EXPECT_EQ(asked.to, (Address{"10.0.0.2", 6379}));
  EXPECT_EQ(asked.limit, Millis{500}) << "less than others take for a death";
  EXPECT_TRUE(bench.Saw("+failover-state-hand-over"));
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
  Answers(HandoverStep::kHandOver);
  Demoted("failover-in-progress");
  EXPECT_FALSE(bench.Saw("+switch-master"));
  bench.Info("10.0.0.2", kLeads);
  EXPECT_TRUE(bench.Saw("+switch-master"));
  EXPECT_EQ(Orders("10.0.0.2", true), 1) << "it writes its configuration too";
}

TEST_F(Planned, ThePrimaryIsBelievedThatItHasHandedOver) {
  Move(kOurs);
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  Answers(HandoverStep::kHandOver);
  Demoted("no-failover");
  EXPECT_TRUE(bench.Saw("+switch-master"));
}

TEST_F(Planned, TheOldPrimaryIsLeftAloneUntilItHasFinished) {
  Move(kOurs);
  Answers(HandoverStep::kHandOver);
  Demoted("failover-in-progress");
  bench.all.clear();
  bench.Info("10.0.0.2", kLeads);
  EXPECT_EQ(Orders("10.0.0.1", false), 0);
  EXPECT_EQ(Hellos("10.0.0.1"), 0) << "PUBLISH waits as writes do, and orders behind it";
  EXPECT_GT(Hellos("10.0.0.2"), 0);
  Demoted("no-failover");
  EXPECT_EQ(Orders("10.0.0.1", false), 1);
  Demoted("no-failover");
  EXPECT_TRUE(bench.Saw("+failover-end"));
}

TEST_F(Planned, WhoRefusesOrdersWhileFailingOverIsToldToGiveItUp) {
  HandedOver();
  ASSERT_EQ(Orders("10.0.0.1", false), 1);
  EXPECT_FALSE(bench.Of<Reconfigure>().back().ends_handover);
  OrderFails("ERR REPLICAOF not allowed while failing over.");
  ASSERT_EQ(Orders("10.0.0.1", false), 2);
  EXPECT_TRUE(bench.Of<Reconfigure>().back().ends_handover);
}

TEST_F(Planned, WhoMayNotGiveUpAHandOverIsOrderedWithoutIt) {
  HandedOver();
  OrderFails("ERR REPLICAOF not allowed while failing over.");
  ASSERT_TRUE(bench.Of<Reconfigure>().back().ends_handover);
  OrderFails("EXECABORT Transaction discarded because of previous errors.");
  ASSERT_EQ(Orders("10.0.0.1", false), 3);
  EXPECT_FALSE(bench.Of<Reconfigure>().back().ends_handover);
}

TEST_F(Planned, APrimaryThatLeadsAgainEndsTheMove) {
  Move(kOurs);
  Answers(HandoverStep::kHandOver);
  Primary(kOurs);
  EXPECT_TRUE(bench.Saw("-failover-abort-slave-timeout"));
  EXPECT_EQ(Asked().back(), HandoverStep::kAbort);
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, AMoveThatDoesNotComeOffIsGivenUpInTime) {
  Move(kOurs);
  Answers(HandoverStep::kHandOver);
  for (int i = 0; i < 15; ++i) {
    bench.Pass(Millis{100});
    bench.Send(NodePingReply{bench.NodeAt("10.0.0.1").id});
    bench.Send(NodePingReply{bench.NodeAt("10.0.0.2").id});
    Demoted("failover-in-progress");
    Replica(10);
  }
  EXPECT_EQ(bench.Count("-failover-abort-slave-timeout"), 1);
  EXPECT_EQ(Asked(), (Steps{HandoverStep::kHandOver, HandoverStep::kAbort}));
}

TEST_F(Planned, AnotherProcessAtItsAddressHasNotTakenOver) {
  Move(kOurs);
  Answers(HandoverStep::kHandOver);
  bench.Info("10.0.0.2", "run_id:c\r\nrole:master\r\n");
  EXPECT_FALSE(bench.Saw("+switch-master"));
}

TEST_F(Planned, WritesOfARedisServerWaitUntilTheReplicaHasThemAll) {
  Move("");
  ASSERT_EQ(Asked(), Steps{HandoverStep::kPause});
  EXPECT_EQ(bench.Of<AskToHandOver>()[0].limit, Millis{1000}) << "twice as long as it may take";
  Replica(11);
  EXPECT_EQ(Orders("10.0.0.2", true), 0) << "nothing is held back yet";
  Answers(HandoverStep::kPause);
  Replica(11);
  EXPECT_EQ(Orders("10.0.0.2", true), 0) << "what the primary has is not known yet";
  Primary("", 12);
  Replica(11);
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
  Replica(12);
  EXPECT_EQ(Orders("10.0.0.2", true), 1);
  bench.all.clear();
  bench.Info("10.0.0.2", "run_id:b\r\nrole:master\r\n");
  ASSERT_EQ(Orders("10.0.0.1", false), 1);
  EXPECT_TRUE(Asked().empty()) << "its writes must not go on before it follows";
  EXPECT_EQ(Hellos("10.0.0.1"), 0);
  bench.Send(ReconfigureDone{bench.NodeAt("10.0.0.1").id});
  EXPECT_EQ(Asked(), Steps{HandoverStep::kUnpause});
}

TEST_F(Planned, WhoIsHandedOverByAnotherMeanwhileIsLeftAlone) {
  Move("");
  Answers(HandoverStep::kPause);
  Demoted("failover-in-progress");
  EXPECT_TRUE(bench.Saw("-failover-abort-slave-timeout"));
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, APromotionSeenAfterThePauseHasEndedIsNotTaken) {
  Move("");
  Answers(HandoverStep::kPause);
  Primary("", 10);
  Replica(10);
  ASSERT_EQ(Orders("10.0.0.2", true), 1);
  bench.now += Millis{900};  // this sidecar was stopped, and the old primary goes on
  bench.Info("10.0.0.2", "run_id:b\r\nrole:master\r\n");
  EXPECT_FALSE(bench.Saw("+switch-master"));
  EXPECT_TRUE(bench.Saw("-failover-abort-slave-timeout"));
}

TEST_F(Planned, WhatAnotherLeaderMayCountOnIsLeftHeldBack) {
  Move("");
  Answers(HandoverStep::kPause);
  bench.Send(HelloReceived{"10.0.1.1,26379," + TestId(1) + ",9,mymaster,10.0.0.2,6379,9"});
  EXPECT_TRUE(bench.Saw("-failover-abort-not-elected"));
  EXPECT_EQ(Asked(), Steps{HandoverStep::kPause}) << "it ends by itself";
}

TEST_F(Planned, AVoteForAnotherDoesNotTakeBackWhatThePrimaryHasAgreedTo) {
  Move(kOurs);
  Answers(HandoverStep::kHandOver);
  bench.StockPeer(1);
  bench.Send(VoteRequest{7, "", {"10.0.0.1", 6379}, 9, TestId(1)});
  Demoted("no-failover");
  bench.Info("10.0.0.2", kLeads);
  EXPECT_TRUE(bench.Saw("+switch-master"));
}

TEST_F(Planned, AReplicaThatDoesNotCatchUpIsNotPromoted) {
  Move("");
  Answers(HandoverStep::kPause);
  for (int i = 0; i < 6; ++i) {
    bench.Pass(Millis{100});
    Primary("", 12);
    Replica(11);
  }
  EXPECT_TRUE(bench.Saw("-failover-abort-slave-timeout"));
  EXPECT_EQ(Asked(), (Steps{HandoverStep::kPause, HandoverStep::kUnpause}));
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, APromotionThatOutlastsThePauseIsGivenUp) {
  Move("");
  Answers(HandoverStep::kPause);
  Primary("", 10);
  Replica(10);
  ASSERT_EQ(Orders("10.0.0.2", true), 1);
  bench.Pass(Millis{900});
  EXPECT_TRUE(bench.Saw("-failover-abort-slave-timeout"));
  EXPECT_EQ(Asked().back(), HandoverStep::kUnpause);
}

TEST_F(Planned, WhoRefusesOneWayIsAskedForTheOther) {
  Move("");
  Answers(HandoverStep::kPause, "NOPERM no");
  EXPECT_EQ(Asked(), (Steps{HandoverStep::kPause, HandoverStep::kHandOver}));
  EXPECT_EQ(bench.Of<AskToHandOver>().back().limit, kHandoverAcks);
}

TEST_F(Planned, WhoRefusesBothIsReplacedAsItIsAndThatIsSaid) {
  Move(kOurs);
  Answers(HandoverStep::kHandOver, "NOPERM one");
  Answers(HandoverStep::kPause, "NOPERM two");
  EXPECT_TRUE(bench.Saw("-failover-hand-over-refused"));
  EXPECT_EQ(Orders("10.0.0.2", true), 1);
  EXPECT_EQ(Asked().back(), HandoverStep::kPause);
}

TEST_F(Planned, ACoordinatedMoveIsNotForced) {
  Move(kOurs, /*coordinated=*/true);
  Answers(HandoverStep::kHandOver, "NOPERM one");
  Answers(HandoverStep::kPause, "NOPERM two");
  EXPECT_TRUE(bench.Saw("-failover-abort-hand-over-refused"));
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, APrimaryThatIsBusyWithAScriptIsNotReplacedAsItIs) {
  Move(kOurs);
  Answers(HandoverStep::kHandOver, "BUSY one");
  Answers(HandoverStep::kPause, "BUSY two");
  EXPECT_TRUE(bench.Saw("-failover-abort-hand-over-refused"));
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, NorOneThatDoesNotAnswerForThat) {
  Move(kOurs);
  bench.Send(NodePingReply{bench.NodeAt("10.0.0.1").id, PingResult::kBusy});
  bench.Pass(Millis{700});
  EXPECT_TRUE(bench.Saw("-failover-abort-hand-over-refused"));
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, AnOrderThatAScriptRefusesIsGivenAgain) {
  HandedOver();
  const int before = Orders("10.0.0.1", false);
  OrderFails("BUSY Redis is busy running a script");
  EXPECT_GT(Orders("10.0.0.1", false), before);
}

TEST_F(Planned, APrimaryThatDoesNotAnswerIsReplacedAsItIs) {
  Move(kOurs);
  bench.Pass(Millis{700});
  EXPECT_TRUE(bench.Saw("-failover-hand-over-refused"));
  EXPECT_EQ(Orders("10.0.0.2", true), 1);
}

TEST_F(Planned, APrimaryThatDidNotAnswerIsToldToFollowAsSoonAsAnotherLeads) {
  Move(kOurs);
  bench.Pass(Millis{700});
  bench.Info("10.0.0.2", kLeads);
  ASSERT_EQ(Orders("10.0.0.1", false), 1);
  EXPECT_TRUE(bench.Of<Reconfigure>().back().ends_handover) << "it may obey what it was asked";
}

TEST_F(Planned, ACoordinatedMoveOfOneThatDoesNotAnswerIsGivenUp) {
  Move(kOurs, /*coordinated=*/true);
  bench.Pass(Millis{700});
  EXPECT_TRUE(bench.Saw("-failover-abort-hand-over-refused"));
  EXPECT_EQ(Asked().back(), HandoverStep::kAbort);
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, AReplicaThatIsStillCatchingUpIsWaitedFor) {
  bench.Info("10.0.0.2",
             "run_id:b\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
             "master_link_status:down\r\nmaster_link_down_since_seconds:0\r\n");
  bench.Send(CommandReceived{1, FailoverCommand{.group = "mymaster"}});
  bench.Pass(Millis{200});
  EXPECT_EQ(Asked(), Steps{HandoverStep::kPause});
  EXPECT_EQ(Orders("10.0.0.2", true), 0);
}

TEST_F(Planned, WhoSaysThatItIsNoPrimaryIsReplaced) {
  Move("");
  Answers(HandoverStep::kPause);
  Demoted("no-failover");
  EXPECT_TRUE(bench.Saw("-failover-hand-over-refused"));
  EXPECT_EQ(Orders("10.0.0.2", true), 1);
}

TEST_F(Planned, ACoordinatedMoveNeedsAPrimaryInReach) {
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.1").id, DownReason::kClosed});
  bench.Send(CommandReceived{1, FailoverCommand{.group = "mymaster", .coordinated = true}});
  EXPECT_EQ(std::get<ReplyError>(bench.Of<Reply>().back().value).text,
            "NOGOODPRIMARY Primary is not reachable");
  bench.Send(CommandReceived{1, FailoverCommand{"mymaster"}});
  EXPECT_TRUE(std::holds_alternative<ReplyOk>(bench.Of<Reply>().back().value));
  EXPECT_TRUE(Asked().empty());
}

TEST_F(Planned, ResetLeavesNothingHeldBack) {
  Move("");
  Answers(HandoverStep::kPause);
  bench.Send(CommandReceived{1, ResetCommand{"mymaster"}});
  EXPECT_EQ(Asked().back(), HandoverStep::kUnpause);
}

TEST_F(Planned, WhoIsNoLongerWatchedIsLeftWithNothingHeldBack) {
  Move("");
  Answers(HandoverStep::kPause);
  bench.all.clear();
  bench.Send(CommandReceived{1, RemoveCommand{"mymaster"}});
  EXPECT_EQ(Asked().back(), HandoverStep::kUnpause);
  const auto asked = std::find_if(bench.all.begin(), bench.all.end(), [](const Action& action) {
    return std::holds_alternative<AskToHandOver>(action);
  });
  EXPECT_TRUE(std::none_of(bench.all.begin(), asked, [](const Action& action) {
    return std::holds_alternative<DisconnectNode>(action);
  })) << "its link is needed for that";
}

TEST_F(Planned, ACrashFailoverAsksNobody) {
  for (int i = 0; i < 14; ++i) {
    bench.Pass(Millis{100});
    bench.Send(NodePingReply{bench.NodeAt("10.0.0.2").id});
    Replica(10);
  }
  EXPECT_TRUE(bench.Saw("+odown"));
  EXPECT_TRUE(Asked().empty());
  EXPECT_EQ(Orders("10.0.0.2", true), 1);
  bench.Pass(2 * kReconfRetry);
  EXPECT_EQ(Orders("10.0.0.2", true), 1);
  bench.Send(ReconfigureDone{bench.NodeAt("10.0.0.2").id, false, "BUSY with a script"});
  bench.Pass(kReconfRetry);
  EXPECT_EQ(Orders("10.0.0.2", true), 2);
}

TEST_F(Planned, EachStageIsCalledAsInRedis) {
  Move(kOurs);
  EXPECT_EQ(bench.machine.FailoverState(bench.group()), "wait_promotion");
  Answers(HandoverStep::kHandOver);
  bench.Info("10.0.0.2", kLeads);
  EXPECT_EQ(bench.machine.FailoverState(bench.group()), "reconf_slaves");
}

}  // namespace
}  // namespace rha::sidecar::core
