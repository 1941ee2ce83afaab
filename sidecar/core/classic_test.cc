// Groups as Redis Sentinel knows them, with stock peers: discovery, down states, votes, failover.
#include <gtest/gtest.h>

#include "sidecar/core/election.h"
#include "sidecar/core/mode.h"
#include "sidecar/core/pick_replica.h"
#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

constexpr const char* kPrimaryInfo =
    "run_id:p\r\nrole:master\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=10,lag=0\r\n"
    "slave1:ip=10.0.0.3,port=6379,state=online,offset=10,lag=0\r\nmaster_repl_offset:10\r\n";

std::string ReplicaInfo(const std::string& run_id, int offset, int priority = 100) {
  return "run_id:" + run_id +
         "\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n"
         "slave_repl_offset:" +
         std::to_string(offset) + "\r\nslave_priority:" + std::to_string(priority) + "\r\n";
}

// A primary with two replicas, all answering, and two stock peers.
class Classic : public testing::Test {
 protected:
  Classic() : bench(Bench::Classic()) {
    bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
    bench.Info("10.0.0.1", kPrimaryInfo);
    for (const char* host : {"10.0.0.2", "10.0.0.3"}) bench.Send(NodeLinkUp{bench.NodeAt(host).id});
    bench.Info("10.0.0.2", ReplicaInfo("b", 10));
    bench.Info("10.0.0.3", ReplicaInfo("a", 20));
    bench.StockPeer(1);
    bench.StockPeer(2);
  }
  void PongFrom(const std::string& host) { bench.Send(NodePingReply{bench.NodeAt(host).id}); }
  // The primary falls silent; the replicas and peers answer.
  void LosePrimary() {
    for (int i = 0; i < 14; ++i) {
      bench.Pass(Millis{100});
      for (const char* host : {"10.0.0.2", "10.0.0.3"}) PongFrom(host);
      for (int peer : {1, 2}) bench.Send(PeerPingReply{bench.PeerOf(peer)});
      bench.Info("10.0.0.2", ReplicaInfo("b", 10));
      bench.Info("10.0.0.3", ReplicaInfo("a", 20));
    }
  }
  void PeerSaysDown(int peer) {
    bench.Send(VoteReply{bench.PeerOf(peer), "mymaster", true, "*", 0});
  }
  Bench bench;
};

TEST_F(Classic, DiscoversReplicasAndPeers) {
  EXPECT_EQ(bench.Count("+slave"), 2);
  EXPECT_EQ(bench.Count("+sentinel"), 2);
  EXPECT_EQ(bench.machine.NodeFlags(bench.group(), bench.NodeAt("10.0.0.1")), "master");
  EXPECT_EQ(bench.machine.NodeFlags(bench.group(), bench.NodeAt("10.0.0.2")), "slave");
  const auto answer = bench.machine.CheckQuorum("mymaster", bench.now);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "OK 3 usable Sentinels. Quorum and failover authorization can be reached");
}

TEST_F(Classic, ASilentPrimaryIsSubjectivelyThenObjectivelyDown) {
  LosePrimary();
  EXPECT_TRUE(bench.Saw("+sdown"));
  EXPECT_FALSE(bench.Saw("+odown"));
  EXPECT_FALSE(bench.Of<AskPeer>().empty());
  EXPECT_EQ(bench.Of<AskPeer>().front().candidate, "*");
  PeerSaysDown(1);
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(Classic, LeadsAFailoverWithStockVotesAndPrefersTheBetterOffset) {
  LosePrimary();
  PeerSaysDown(1);
  bench.Pass(Millis{200});
  ASSERT_TRUE(bench.Saw("+try-failover"));
  EXPECT_FALSE(bench.Of<AskPeer>().back().extended);
  bench.Send(VoteReply{bench.PeerOf(1), "mymaster", true, TestId(0), 1});
  bench.Info("10.0.0.2", ReplicaInfo("b", 10));
  bench.Info("10.0.0.3", ReplicaInfo("a", 20));
  ASSERT_TRUE(bench.Saw("+elected-leader"));
  ASSERT_EQ(bench.Of<Reconfigure>().size(), 1u);
  EXPECT_EQ(bench.Of<Reconfigure>()[0].node, bench.NodeAt("10.0.0.3").id);
  EXPECT_FALSE(bench.Of<Reconfigure>()[0].primary);
  bench.Info("10.0.0.3", "run_id:a\r\nrole:master\r\n");
  EXPECT_TRUE(bench.Saw("+switch-master"));
  EXPECT_EQ(bench.machine.PrimaryAddress("mymaster", bench.now)->host, "10.0.0.3");
  // The other replica is re-pointed, and clients see a plain healthy master meanwhile.
  EXPECT_EQ(bench.Of<Reconfigure>().back().primary->host, "10.0.0.3");
  EXPECT_EQ(bench.machine.NodeFlags(bench.group(), bench.NodeAt("10.0.0.3")), "master");
}

// It was started again meanwhile, and nobody has promoted it: what it takes now is lost.
TEST_F(Classic, WhoLedDemotesAProcessThatBeganAsAPrimaryAfterTheSwitch) {
  LosePrimary();
  PeerSaysDown(1);
  bench.Pass(Millis{200});
  bench.Send(VoteReply{bench.PeerOf(1), "mymaster", true, TestId(0), 1});
  for (const char* host : {"10.0.0.2", "10.0.0.3"}) bench.Info(host, ReplicaInfo(host, 20));
  const std::string chosen = bench.NodeAt("10.0.0.2").promoted ? "10.0.0.2" : "10.0.0.3";
  const std::string other = chosen == "10.0.0.2" ? "10.0.0.3" : "10.0.0.2";
  bench.Info(chosen, "run_id:" + chosen + "\r\nrole:master\r\n");
  bench.Info(other, "run_id:" + other + "\r\nrole:slave\r\nmaster_host:" + chosen +
                        "\r\nmaster_port:6379\r\nmaster_link_status:up\r\n");
  ASSERT_TRUE(bench.Saw("+failover-end"));
  const auto orders = bench.Of<Reconfigure>().size();
  bench.Pass(Millis{100});
  bench.Info(chosen, "run_id:" + chosen + "\r\nrole:master\r\n");
  bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
  bench.Info("10.0.0.1", "run_id:again\r\nrole:master\r\n");
  ASSERT_GT(bench.Of<Reconfigure>().size(), orders);
  EXPECT_EQ(bench.Of<Reconfigure>().back().node, bench.NodeAt("10.0.0.1").id);
}

TEST_F(Classic, TheOldPrimaryIsToldDownAsAReplicaOfTheNew) {
  LosePrimary();
  PeerSaysDown(1);
  bench.Pass(Millis{200});
  bench.Send(VoteReply{bench.PeerOf(1), "mymaster", true, TestId(0), 1});
  bench.Info("10.0.0.2", ReplicaInfo("b", 10));
  bench.Info("10.0.0.3", ReplicaInfo("a", 20));
  bench.all.clear();
  bench.Info("10.0.0.3", "run_id:a\r\nrole:master\r\n");
  std::vector<std::string> down;
  for (const auto& event : bench.Of<PublishEvent>()) {
    if (event.channel == "+sdown") down.push_back(event.payload);
  }
  EXPECT_EQ(down,
            std::vector<std::string>{"slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.3 6379"});
}

// A closed link to the primary, and a refused new one.
class Refused : public Classic {
 protected:
  void Refuse(DownReason reason = DownReason::kRefused) {
    bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.1").id, DownReason::kClosed});
    bench.Pass(Millis{1});
    bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.1").id, reason});
    bench.Pass(kRefusedAgain);
    bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.1").id, reason});
    bench.Pass(Millis{1});
  }
  void Lost(const std::string& host, const std::string& seconds) {
    bench.Info(host,
               "run_id:x\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
               "master_link_status:down\r\nmaster_link_down_since_seconds:" +
                   seconds + "\r\nslave_repl_offset:10\r\n");
  }
};

TEST_F(Refused, IsDeathOnceAllReplicasHaveLostItToo) {
  Refuse();
  EXPECT_EQ(bench.Count("+sdown"), 0);
  Lost("10.0.0.2", "0");
  EXPECT_EQ(bench.Count("+sdown"), 0) << "the other has not answered yet";
  Lost("10.0.0.3", "0");
  EXPECT_EQ(bench.Count("+sdown"), 1);
  EXPECT_TRUE(bench.NodeAt("10.0.0.1").sdown);
  bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
  bench.Info("10.0.0.1", kPrimaryInfo);
  EXPECT_FALSE(bench.NodeAt("10.0.0.1").sdown);
}

// A supervisor, or a forwarder that all come through, is back by the second time.
TEST_F(Refused, IsNoDeathTheFirstTime) {
  const NodeId primary = bench.NodeAt("10.0.0.1").id;
  bench.Send(NodeLinkDown{primary, DownReason::kClosed});
  bench.now += Millis{1};
  bench.Send(NodeLinkDown{primary, DownReason::kRefused});
  bench.now += Millis{10};
  Lost("10.0.0.2", "0");
  Lost("10.0.0.3", "0");
  EXPECT_EQ(bench.Count("+sdown"), 0);
  bench.now += kRefusedAgain;
  bench.Send(NodeLinkDown{primary, DownReason::kRefused});
  EXPECT_EQ(bench.Count("+sdown"), 1);
}

TEST_F(Refused, IsNotConfirmedByWhoFollowsAnother) {
  Refuse();
  Lost("10.0.0.2", "0");
  bench.Info("10.0.0.3",
             "run_id:x\r\nrole:slave\r\nmaster_host:10.0.0.9\r\nmaster_port:6379\r\n"
             "master_link_status:down\r\nmaster_link_down_since_seconds:0\r\n");
  EXPECT_EQ(bench.Count("+sdown"), 0);
}

TEST_F(Refused, IsNoDeathWhileAReplicaHearsThePrimary) {
  Refuse();
  Lost("10.0.0.2", "0");
  bench.Info("10.0.0.3", ReplicaInfo("a", 20));
  EXPECT_EQ(bench.Count("+sdown"), 0);
  Lost("10.0.0.3", "0");  // it had not noticed yet
  EXPECT_EQ(bench.Count("+sdown"), 1);
}

TEST_F(Refused, IsNotConfirmedByWhoLostThePrimaryLongAgo) {
  Refuse();
  Lost("10.0.0.2", "60");
  Lost("10.0.0.3", "60");
  EXPECT_EQ(bench.Count("+sdown"), 0);
}

TEST_F(Refused, IsNotWhatATimeoutIs) {
  Refuse(DownReason::kTimeout);
  Lost("10.0.0.2", "0");
  Lost("10.0.0.3", "0");
  EXPECT_EQ(bench.Count("+sdown"), 0);
}

TEST_F(Classic, APrimaryThatRefusesPingIsDownAsInRedis) {
  for (int i = 0; i < 14; ++i) {
    bench.Pass(Millis{100});
    bench.Send(NodePingReply{bench.NodeAt("10.0.0.1").id, PingResult::kMisconf});
  }
  EXPECT_TRUE(bench.group().Primary()->sdown);
}

// What the primary and its replicas say of their histories; priorities favour the wrong one.
class ClassicChoice : public Classic {
 protected:
  ClassicChoice() {
    bench.Info("10.0.0.1", std::string(kPrimaryInfo) + "master_replid:ours\r\n");
    bench.Info("10.0.0.2", ReplicaInfo("b", 10) + "master_replid:ours\r\n");
  }
  void Third(const std::string& text) { bench.Info("10.0.0.3", text); }
  std::string Chosen() {
    const Pick pick = PickReplica(bench.machine.state(), bench.group(), bench.now);
    const Node* node = bench.group().FindNode(pick.node);
    return node == nullptr ? "nobody" : node->address.host;
  }
};

TEST_F(ClassicChoice, AReplicaOfAnotherPrimaryIsNotPromoted) {
  Third(
      "run_id:a\r\nrole:slave\r\nmaster_host:10.9.9.9\r\nmaster_port:6379\r\n"
      "master_link_status:up\r\nslave_repl_offset:9999\r\nslave_priority:1\r\n"
      "master_replid:theirs\r\n");
  EXPECT_EQ(Chosen(), "10.0.0.2");
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  EXPECT_EQ(Chosen(), "nobody");
}

TEST_F(ClassicChoice, OneThatNeverReachedThePrimaryIsNotPromotedOverOneInStep) {
  for (const std::string replid : {"random", "ours"}) {  // it came back empty, or from an old file
    Third(
        "run_id:a\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
        "master_link_status:down\r\nmaster_link_down_since_seconds:-1\r\n"
        "slave_repl_offset:0\r\nslave_priority:1\r\nmaster_replid:" +
        replid + "\r\n");
    EXPECT_EQ(Chosen(), "10.0.0.2") << replid;
  }
}

TEST_F(ClassicChoice, AmongThoseInStepRedisOrderHolds) {
  Third(ReplicaInfo("a", 5, 1) + "master_replid:ours\r\n");
  EXPECT_EQ(Chosen(), "10.0.0.3");
}

// Both restarted after the primary had begun a new history, of which nothing was heard, and died.
TEST_F(ClassicChoice, ReplicasThatShareAHistoryKnowItBetterThanWhatWasLastHeard) {
  const auto restored = [](const std::string& file, int keys) {
    return "run_id:a\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
           "master_link_status:down\r\nmaster_link_down_since_seconds:-1\r\nslave_repl_offset:9\r\n"
           "master_replid:" +
           file + "-now\r\nmaster_replid2:" + file + "\r\ndb0:keys=" + std::to_string(keys) +
           ",expires=0,avg_ttl=0\r\n";
  };
  bench.Info("10.0.0.2", restored("later", 9));
  Third(restored("other", 9));
  EXPECT_EQ(Chosen(), "nobody");
  Third(restored("later", 0));
  EXPECT_EQ(Chosen(), "10.0.0.2") << "who is empty knows nothing";
  Third(restored("later", 9));
  EXPECT_NE(Chosen(), "nobody");
}

TEST_F(ClassicChoice, ARestoredReplicaIsBetterThanNone) {
  Third(
      "run_id:a\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
      "master_link_status:down\r\nmaster_link_down_since_seconds:-1\r\n"
      "slave_repl_offset:7\r\nmaster_replid:ours\r\n");
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  EXPECT_EQ(Chosen(), "10.0.0.3");
}

// A late order of another sidecar has made the primary a replica of one of its replicas.
TEST_F(ClassicChoice, ReplicasOfAPrimaryThatCallsItselfOneMayBePromoted) {
  const std::string ours = "master_replid:ours\r\n";
  const auto cut = [&](int seconds) {
    return "run_id:b\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
           "master_link_status:down\r\nmaster_link_down_since_seconds:" +
           std::to_string(seconds) + "\r\nslave_repl_offset:10\r\n" + ours;
  };
  const auto pass = [&](int seconds) {
    for (int i = 0; i < seconds * 10; ++i) {
      bench.Pass(Millis{100});
      for (const char* host : {"10.0.0.1", "10.0.0.2"}) PongFrom(host);
    }
  };
  pass(5);  // the last INFO is that old when it happens
  bench.Info("10.0.0.1", "run_id:p\r\nrole:slave\r\nmaster_host:10.0.0.2\r\n" + ours);
  pass(30);
  ASSERT_TRUE(bench.group().Primary()->sdown);
  bench.Info("10.0.0.2", cut(35));
  EXPECT_EQ(Chosen(), "10.0.0.2");
  bench.Info("10.0.0.2", cut(60));
  EXPECT_EQ(Chosen(), "nobody") << "who was cut off long before is too old";
}

// Two were elected within a moment: what the second chose follows what the first chose.
TEST_F(ClassicChoice, WhoTookOverThePrimaryItselfIsChosen) {
  const auto say = [&] {
    bench.Info("10.0.0.1",
               "run_id:p\r\nrole:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\n"
               "master_link_status:up\r\nmaster_replid:new\r\n");
    bench.Info("10.0.0.2", "run_id:b\r\nrole:master\r\nmaster_replid:new\r\n");
    bench.Info("10.0.0.3", "run_id:a\r\nrole:master\r\nmaster_replid:other\r\n");
  };
  for (int i = 0; i < 300; ++i) {
    bench.Pass(Millis{100});
    for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) PongFrom(host);
    if (i % 10 == 0) say();
  }
  ASSERT_TRUE(bench.group().Primary()->sdown);
  EXPECT_EQ(Chosen(), "10.0.0.2");
}

TEST_F(Classic, OldAccusationsDoNotTouchTheNewPrimary) {
  LosePrimary();
  PeerSaysDown(1);
  PeerSaysDown(2);
  bench.Send(HelloReceived{"10.0.1.1,26379," + TestId(1) + ",1,mymaster,10.0.0.2,6379,1"});
  EXPECT_EQ(bench.machine.PrimaryAddress("mymaster", bench.now)->host, "10.0.0.2");
  EXPECT_FALSE(bench.group().odown);
  for (const auto& [id, view] : bench.group().views) EXPECT_FALSE(view.says_down);
}

TEST_F(Classic, AHelloOfTheSameEpochChangesNothing) {
  bench.Send(HelloReceived{"10.0.1.1,26379," + TestId(1) + ",0,mymaster,10.0.0.2,6379,0"});
  EXPECT_EQ(bench.machine.PrimaryAddress("mymaster", bench.now)->host, "10.0.0.1");
}

TEST_F(Classic, AStockLeaderIsGivenItsTime) {
  bench.Send(VoteRequest{7, "", {"10.0.0.1", 6379}, 1, TestId(1)});
  LosePrimary();
  PeerSaysDown(1);
  bench.Pass(Millis{3000});
  EXPECT_FALSE(bench.Saw("+try-failover"));
}

TEST_F(Classic, RunIdAndAddressChangesOfPeersFollowRedis) {
  bench.Send(HelloReceived{"10.0.9.1,26379," + TestId(1) + ",0,mymaster,10.0.0.1,6379,0"});
  EXPECT_TRUE(bench.Saw("+sentinel-address-switch"));
  bench.Send(HelloReceived{"10.0.1.2,26379," + TestId(9) + ",0,mymaster,10.0.0.1,6379,0"});
  EXPECT_TRUE(bench.Saw("+sentinel-invalid-addr"));
  EXPECT_EQ(bench.group().views.size(), 2u);
}

TEST_F(Classic, ALateClockForgivesSilence) {
  bench.now += Millis{5000};
  bench.Send(Tick{});
  EXPECT_TRUE(bench.Saw("+tilt"));
  EXPECT_FALSE(bench.Saw("+sdown"));
}

TEST_F(Classic, LatenessThatAddsUpIsNoSilenceEither) {
  for (int i = 0; i < 4; ++i) {
    bench.now += Millis{400};
    bench.Send(Tick{});
  }
  EXPECT_FALSE(bench.Saw("+sdown"));
  EXPECT_FALSE(bench.Saw("+tilt"));
}

TEST_F(Classic, WhatTheWayIsKnownToTakeIsNoSilence) {
  bench.Pass(Millis{300});
  for (int i = 0; i < 30; ++i) {
    bench.Pass(Millis{100});
    PongFrom("10.0.0.1");
  }
  bench.Pass(Millis{1100});
  EXPECT_FALSE(bench.NodeAt("10.0.0.1").sdown);
  bench.Pass(Millis{500});
  EXPECT_TRUE(bench.NodeAt("10.0.0.1").sdown);
}

TEST_F(Classic, AnElectionEndsWhenThePrimaryAnswersAgain) {
  LosePrimary();
  PeerSaysDown(1);
  bench.Pass(Millis{200});
  ASSERT_TRUE(bench.Saw("+try-failover"));
  PongFrom("10.0.0.1");
  EXPECT_TRUE(bench.Saw("-failover-abort-primary-answers"));
  EXPECT_FALSE(bench.group().failover);
}

TEST_F(Classic, AMoveWaitsUntilWhoMadeThePrimaryHasSentAllReplicasToIt) {
  bench.group().config_epoch = 5;
  PeerView& view = bench.group().views.begin()->second;
  view.belief.leading_epoch = 5;
  view.beat_at = bench.now;
  bench.Send(CommandReceived{1, FailoverCommand{"mymaster"}});
  EXPECT_EQ(std::get<ReplyError>(bench.Of<Reply>().back().value).text,
            "INPROG Failover already in progress");
  view.beat_at -= kLeaderSilence + Millis{1};
  bench.Send(CommandReceived{1, FailoverCommand{"mymaster"}});
  EXPECT_TRUE(std::holds_alternative<ReplyOk>(bench.Of<Reply>().back().value));
}

TEST_F(Classic, CommandsAnswerLikeRedis) {
  const auto ask = [&](auto command) {
    bench.Send(CommandReceived{1, command});
    return bench.Of<Reply>().back().value;
  };
  EXPECT_EQ(std::get<ReplyError>(ask(FailoverCommand{"nope"})).text,
            "ERR No such master with that name");
  EXPECT_TRUE(std::holds_alternative<ReplyOk>(ask(FailoverCommand{"mymaster"})));
  EXPECT_EQ(std::get<ReplyError>(ask(FailoverCommand{"mymaster"})).text,
            "INPROG Failover already in progress");
  EXPECT_EQ(std::get<ReplyInteger>(ask(ResetCommand{"my*"})).value, 1);
  EXPECT_TRUE(bench.group().views.empty());
  EXPECT_TRUE(std::holds_alternative<ReplyOk>(ask(MonitorCommand{"two", {"10.0.0.8", 6379}, 1})));
  EXPECT_TRUE(std::holds_alternative<ReplyError>(ask(MonitorCommand{"two", {"10.0.0.8", 1}, 1})));
  EXPECT_TRUE(std::holds_alternative<ReplyOk>(ask(SetCommand{"two", {{"quorum", "3"}}})));
  EXPECT_EQ(bench.disk->groups.at("two").quorum, 3);
  EXPECT_TRUE(std::holds_alternative<ReplyOk>(ask(RemoveCommand{"two"})));
  EXPECT_EQ(bench.disk->groups.count("two"), 0u);
}

TEST_F(Classic, RemembersEverythingAcrossARestart) {
  bench.Send(VoteRequest{7, "", {"10.0.0.1", 6379}, 4, TestId(2)});
  Config config = Bench::Classic();
  config.persisted = bench.disk;
  Bench again(config);
  EXPECT_EQ(again.machine.state().current_epoch, 4u);
  EXPECT_EQ(again.group().leader_id, TestId(2));
  EXPECT_EQ(again.group().nodes.size(), 3u);
  EXPECT_EQ(again.group().views.size(), 2u);
}

// A server that answers PING with an error is dialled again now and then: that is no answer.
TEST_F(Classic, WhatIsOwedIsOwedOverANewConnectionToo) {
  LosePrimary();
  ASSERT_TRUE(bench.NodeAt("10.0.0.1").sdown);
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.1").id, DownReason::kClosed});
  bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
  EXPECT_TRUE(bench.NodeAt("10.0.0.1").sdown);
  bench.Send(NodePingReply{bench.NodeAt("10.0.0.1").id, PingResult::kError});
  EXPECT_TRUE(bench.NodeAt("10.0.0.1").sdown);
  PongFrom("10.0.0.1");
  EXPECT_FALSE(bench.NodeAt("10.0.0.1").sdown);
}

TEST_F(Classic, SaysOnceWhyANodeCannotBeReached) {
  const NodeId node = bench.NodeAt("10.0.0.2").id;
  const auto warnings = [&] {
    int count = 0;
    for (const Log& log : bench.Of<Log>())  count += log.text.find("WRONGPASS") != log.text.npos;
    return count;
  };
  bench.Send(NodeLinkDown{node, DownReason::kClosed, "end of file"});
  EXPECT_TRUE(bench.NodeAt("10.0.0.2").link.error.empty()) << "it is dialled again first";
  for (int i = 0; i < 3; ++i) bench.Send(NodeLinkDown{node, DownReason::kError, "-WRONGPASS x"});
  EXPECT_EQ(warnings(), 1);
  EXPECT_EQ(bench.NodeAt("10.0.0.2").link.error, "-WRONGPASS x");
  bench.Send(NodeLinkUp{node});
  EXPECT_TRUE(bench.NodeAt("10.0.0.2").link.error.empty());
}

TEST_F(Classic, AGapOfOnesOwnForgivesNothingThatWasBeforeIt) {
  bench.Pass(Millis{800});
  bench.now += Millis{700};
  bench.Send(Tick{});
  EXPECT_FALSE(bench.NodeAt("10.0.0.1").sdown);
  bench.Pass(Millis{400});
  EXPECT_TRUE(bench.NodeAt("10.0.0.1").sdown);
}

// The own vote waits for a disk, and so do the others': an election takes as long as it takes.
TEST_F(Classic, TheTimeOfAnElectionBeginsWhenOthersAreAskedAndGrowsWithEachThatIsLost) {
  bench.durable = false;
  LosePrimary();
  PeerSaysDown(1);
  bench.Pass(Millis{200});
  ASSERT_TRUE(bench.Saw("+try-failover"));
  bench.group().failover->started = bench.now;
  bench.Pass(Millis{900});
  bench.Send(PersistDone{bench.Of<Persist>().back().seq, true});
  bench.Pass(Millis{900});
  EXPECT_FALSE(bench.Saw("-failover-abort-not-elected"));
  EXPECT_EQ(Patience(bench.group()), 1);
  bench.group().lost_elections = 2;
  EXPECT_EQ(Patience(bench.group()), 4);
  bench.group().lost_elections = 1000;
  EXPECT_EQ(Patience(bench.group()), 1 << kPatienceDoublings);
}

TEST_F(Classic, WhoFindsNobodyToPromoteTriesMoreAndMoreSeldomUntilAReplicaIsThere) {
  Group& group = bench.group();
  for (auto& [id, view] : group.views)
    const_cast<Peer&>(bench.machine.state().peers.at(id)).extended = true;
  const Millis first = group.mode().nobody_retry;
  EXPECT_EQ(RetryInVain(bench.machine.state(), group), first);
  EXPECT_EQ(RetryInVain(bench.machine.state(), group), first * 2);
  for (int i = 0; i < 100; ++i) RetryInVain(bench.machine.state(), group);
  EXPECT_EQ(RetryInVain(bench.machine.state(), group), group.config.failover_timeout * 2);
  group.no_attempt_before = bench.now + group.config.failover_timeout;
  bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.2").id});
  EXPECT_EQ(group.no_attempt_before, bench.now + first);
  EXPECT_EQ(RetryInVain(bench.machine.state(), group), first);
}

// Each of their votes keeps a stock sentinel, which may see more, from an attempt of its own.
TEST_F(Classic, BehindStockSentinelsWhoFindsNobodyWaitsAsRedisDoes) {
  EXPECT_EQ(RetryInVain(bench.machine.state(), bench.group()),
            bench.group().config.failover_timeout * 2);
}

TEST_F(Classic, TheReplicaThatIsDownForLongestMakesRoom) {
  Group& group = bench.group();
  for (int i = 0; group.nodes.size() < kNodesPerGroupMax; ++i) {
    bench.Info("10.0.0.1", "run_id:p\r\nrole:master\r\nslave0:ip=10.7." + std::to_string(i / 200) +
                               "." + std::to_string(i % 200 + 1) +
                               ",port=6379,state=online,offset=10,lag=0\r\n");
  }
  const std::string late =
      "run_id:p\r\nrole:master\r\nslave0:ip=10.8.0.1,port=6379,state=online,offset=10,lag=0\r\n";
  bench.Info("10.0.0.1", late);
  EXPECT_NE(bench.NodeAt("10.8.0.1").address.host, "10.8.0.1") << "none of them is down";
  bench.Pass(Millis{1500});
  bench.Info("10.0.0.1", late);
  EXPECT_EQ(bench.NodeAt("10.8.0.1").address.host, "10.8.0.1");
  EXPECT_EQ(group.nodes.size(), kNodesPerGroupMax);
}

}  // namespace
}  // namespace rha::sidecar::core
