// Rules of configured groups: votes and memory, certain death, bootstrap, minority, healing.
#include <gtest/gtest.h>

#include "sidecar/core/pick_replica.h"
#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

Beat BeatOf(int member, Epoch epoch, bool may_vote) {
  Beat beat;
  beat.id = TestId(member);
  beat.address = {"10.0.0." + std::to_string(member + 1), 26379};
  beat.current_epoch = epoch;
  beat.may_vote = may_vote;
  beat.group = "demo";
  beat.node.alive = true;
  beat.node.undecided = true;
  beat.node.role = Role::kReplica;
  return beat;
}

class Member : public testing::Test {
 protected:
  Member() : bench(Bench::Member()) {}

  void Hear(const Beat& beat) { bench.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id}); }
  void HearAndReach(const Beat& beat) {
    Hear(beat);
    const PeerId peer = bench.PeerOf(beat.id.back() - '0');
    if (!bench.machine.state().peers.at(peer).link.connected) bench.Send(PeerLinkUp{peer});
    bench.Send(PeerPingReply{peer});
  }
  // Everybody knows epoch 1 and primary demo-1; own node and demo-2 follow it.
  void KnowPrimary() {
    for (int i : {1, 2}) {
      Beat beat = BeatOf(i, 1, true);
      beat.belief.primary_member = "demo-1";
      beat.belief.config_epoch = 1;
      beat.config_leader = TestId(2);
      beat.node.undecided = false;
      Hear(beat);
      bench.Send(PeerLinkUp{bench.PeerOf(i)});
    }
    for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
      bench.Send(NodeLinkUp{bench.NodeAt(host).id});
    }
    bench.now += Millis{5};
    bench.Info("10.0.0.2",
               "run_id:b\r\nrole:master\r\nmaster_replid:r\r\nmaster_repl_offset:50\r\n");
    bench.Info("10.0.0.1", Following(50));
    bench.Info("10.0.0.3", Following(40));
  }
  static std::string Following(int offset) {
    return "run_id:x\r\nrole:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\n"
           "master_link_status:up\r\nmaster_replid:r\r\nslave_repl_offset:" +
           std::to_string(offset) + "\r\n";
  }
  ReplyVote LastVote() { return std::get<ReplyVote>(bench.Of<Reply>().back().value); }

  Bench bench;
};

TEST_F(Member, WithoutMemoryDoesNotVote) {
  bench.Send(VoteRequest{1, "demo", {}, 3, TestId(1), TestId(1)});
  EXPECT_EQ(LastVote().leader, "*");
}

TEST_F(Member, LearnsTheEpochFromAMajorityWithMemory) {
  Hear(BeatOf(1, 7, true));
  EXPECT_FALSE(bench.machine.state().may_vote);
  Hear(BeatOf(2, 9, true));
  EXPECT_TRUE(bench.machine.state().may_vote);
  EXPECT_EQ(bench.machine.state().current_epoch, 9u);
  EXPECT_TRUE(bench.disk->may_vote);
}

// It may have voted in epoch 9, for another one, before it lost its disk.
TEST_F(Member, WhoForgotItsVotesVotesInNoEpochThatItHasHeardOf) {
  Hear(BeatOf(1, 9, true));
  Hear(BeatOf(2, 9, true));
  ASSERT_TRUE(bench.machine.state().may_vote);
  bench.Send(VoteRequest{1, "demo", {}, 9, TestId(1), TestId(1)});
  EXPECT_EQ(LastVote().leader, "*");
  bench.Send(VoteRequest{2, "demo", {}, 10, TestId(1), TestId(1)});
  EXPECT_EQ(LastVote().leader, TestId(1));
}

// The missing one may be the candidate of an election that is under way.
TEST(Amnesia, OfFiveMembersAMajorityWithMemoryIsNotEnoughAtOnce) {
  Config config = Bench::Member();
  for (int i : {3, 4}) {
    const std::string name = "demo-" + std::to_string(i);
    config.groups[0].members.push_back({name, name + ".pods", TestId(i)});
  }
  Bench bench(std::move(config));
  const auto hear = [&] {
    for (int i : {1, 2, 3}) {
      const Beat beat = BeatOf(i, 4, true);
      bench.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id});
    }
  };
  for (int i = 0; i < 29; ++i) {
    hear();
    bench.Pass(Millis{100});
  }
  EXPECT_FALSE(bench.machine.state().may_vote);
  bench.Pass(Millis{200});
  hear();
  EXPECT_TRUE(bench.machine.state().may_vote);
}

TEST_F(Member, NobodyStandsWhileAMajorityMayNotVote) {
  for (int i = 0; i < 40; ++i) {
    bench.Pass(Millis{100});
    HearAndReach(BeatOf(1, 0, false));
  }
  ASSERT_TRUE(bench.machine.state().may_vote);
  bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
  bench.now += Millis{5};
  bench.Info("10.0.0.1", "run_id:a\r\nrole:slave\r\nredisha_undecided:1\r\n");
  for (int i = 0; i < 40; ++i) {
    bench.Info("10.0.0.1", "run_id:a\r\nrole:slave\r\nredisha_undecided:1\r\n");
    bench.Pass(Millis{100});
    HearAndReach(BeatOf(1, 0, false));
  }
  EXPECT_FALSE(bench.Saw("+try-failover"));
  HearAndReach(BeatOf(1, 0, true));
  bench.Pass(Millis{300});
  EXPECT_TRUE(bench.Saw("+try-failover"));
}

TEST_F(Member, TwoNewMembersWaitForTheThirdBeforeTheyTrustThemselves) {
  Hear(BeatOf(1, 0, false));
  EXPECT_FALSE(bench.machine.state().may_vote);
  for (int i = 0; i < 32; ++i) {
    bench.Pass(Millis{100});
    Hear(BeatOf(1, 0, false));
  }
  EXPECT_TRUE(bench.machine.state().may_vote);
}

TEST_F(Member, WithoutMemoryNoVoteIsCastTwiceInTheNewestEpochHeardOf) {
  for (int i : {1, 2}) {
    Beat beat = BeatOf(i, 4, true);
    beat.belief.config_epoch = 3;
    beat.belief.primary_member = "demo-1";
    Hear(beat);
  }
  ASSERT_TRUE(bench.machine.state().may_vote);
  bench.Send(VoteRequest{1, "demo", {}, 4, TestId(1), TestId(1)});
  EXPECT_NE(bench.group().leader_id, TestId(1)) << "it may have voted for another and forgotten it";
  EXPECT_EQ(bench.group().leader_epoch, 4u) << "later epochs are open";
}

TEST_F(Member, AnAttemptEndsWhenItsPrimaryIsReplacedInAnEarlierEpoch) {
  KnowPrimary();
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  bench.Send(ExtensionReceived{1, EncodeDeath({TestId(1), "demo", "b"}), TestId(1)});
  for (int i = 0; i < 10 && !bench.group().failover; ++i) {
    bench.Pass(Millis{100});
    Beat beat = BeatOf(2, 5, true);
    beat.belief.primary_member = "demo-1";
    beat.belief.config_epoch = 1;
    beat.config_leader = TestId(2);
    beat.says_down = true;
    Hear(beat);
  }
  ASSERT_TRUE(bench.group().failover);
  ASSERT_EQ(bench.group().failover->epoch, 6u);
  Beat news = BeatOf(2, 6, true);
  news.belief.primary_member = "demo-2";
  news.belief.config_epoch = 4;
  news.config_leader = TestId(2);
  Hear(news);
  EXPECT_EQ(bench.group().config_epoch, 4u);
  EXPECT_FALSE(bench.group().failover);
}

TEST_F(Member, ARestartedSidecarTakesNoLabelOnMemoryAlone) {
  Config config = Bench::Member();
  PersistedState saved;
  saved.my_id = TestId(0);
  saved.current_epoch = 4;
  PersistedGroup& group = saved.groups["demo"];
  group.name = "demo";
  group.configured = true;
  group.primary_member = "demo-0";
  group.config_epoch = 4;
  config.persisted = saved;
  Bench restarted(std::move(config));
  restarted.Send(NodeLinkUp{restarted.NodeAt("10.0.0.1").id});
  restarted.Info("10.0.0.1", "run_id:a\r\nrole:master\r\nmaster_replid:r\r\n");
  EXPECT_TRUE(restarted.Of<SetRoleLabel>().empty());
  Beat beat = BeatOf(1, 4, true);
  beat.belief.primary_member = "demo-0";
  beat.belief.config_epoch = 4;
  restarted.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id});
  ASSERT_EQ(restarted.Of<SetRoleLabel>().size(), 1u);
  EXPECT_EQ(restarted.Of<SetRoleLabel>()[0].role, Role::kPrimary);
}

// The majority may have spoken before that order, and not be heard any more: it is asked again.
TEST_F(Member, ARestartedNodeThatKnowsAnAbandonedOrderIsGivenARoleOnceAMajoritySaysSo) {
  KnowPrimary();
  const std::string stranded =
      "run_id:y\r\nrole:slave\r\nredisha_undecided:1\r\nredisha_role_epoch:9\r\n"
      "redisha_role_leader:" +
      TestId(2) + "\r\n";
  const auto pass = [&](Millis period, bool heard) {
    for (const LogicalTime end = bench.now + period; bench.now < end;) {
      bench.now += Millis{100};
      for (const auto& [id, node] : bench.group().nodes) {
        bench.Send(NodePingReply{id, PingResult::kPong});
      }
      bench.Info("10.0.0.1", stranded);
      if (!heard) continue;
      Beat beat = BeatOf(2, 9, true);
      beat.belief.primary_member = "demo-1";
      beat.belief.config_epoch = 1;
      beat.config_leader = TestId(2);
      Hear(beat);
    }
  };
  pass(Millis{2500}, /*heard=*/true);
  EXPECT_TRUE(bench.Of<Reconfigure>().empty());
  pass(Millis{300}, /*heard=*/true);
  ASSERT_EQ(bench.Of<Reconfigure>().size(), 1u);
  const Reconfigure order = bench.Of<Reconfigure>().back();
  EXPECT_EQ(order.primary->host, "10.0.0.2");
  EXPECT_EQ(order.epoch, 9u);
  EXPECT_EQ(order.leader, TestId(2));
  EXPECT_EQ(bench.group().config_epoch, 1u);
}

TEST_F(Member, ASidecarThatHearsNobodyGivesNoRoleInAnEpochItKnowsNothingOf) {
  KnowPrimary();
  for (int i = 0; i < 50; ++i) {
    bench.now += Millis{100};
    for (const auto& [id, node] : bench.group().nodes) {
      bench.Send(NodePingReply{id, PingResult::kPong});
    }
    bench.Info("10.0.0.1",
               "run_id:y\r\nrole:slave\r\nredisha_undecided:1\r\nredisha_role_epoch:9\r\n"
               "redisha_role_leader:" +
                   TestId(2) + "\r\n");
  }
  EXPECT_TRUE(bench.Of<Reconfigure>().empty());
}

// The one beside it has had an answer since; the way to this one is bad.
TEST_F(Member, AQuorumWaitsWhileSomebodyHasAnAnswerOfThePrimary) {
  KnowPrimary();
  const auto pass = [&](int64_t silent_there) {
    for (int i = 0; i < 13; ++i) {
      bench.now += Millis{100};
      for (const char* host : {"10.0.0.1", "10.0.0.3"}) {
        bench.Send(NodePingReply{bench.NodeAt(host).id, PingResult::kPong});
      }
      for (int peer : {1, 2}) {
        Beat beat = BeatOf(peer, 1, true);
        beat.belief.primary_member = "demo-1";
        beat.belief.config_epoch = 1;
        beat.config_leader = TestId(2);
        beat.says_down = peer == 2;
        beat.hearing = {.primary_silent_ms = peer == 2 ? 1100 : silent_there, .you_silent_ms = 0};
        HearAndReach(beat);
      }
      bench.Send(Tick{});
    }
  };
  pass(/*silent_there=*/800);
  EXPECT_TRUE(bench.group().Primary()->sdown);
  EXPECT_FALSE(bench.Saw("+odown"));
  bench.Send(VoteRequest{5, "demo", {}, 60, TestId(2), TestId(2)});
  EXPECT_EQ(LastVote().leader, "*");
  pass(/*silent_there=*/1100);
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(Member, AVoteLeavesOnlyAfterItIsDurable) {
  KnowPrimary();
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  bench.Send(ExtensionReceived{1, EncodeDeath({TestId(1), "demo", "b"}), TestId(1)});
  ASSERT_TRUE(bench.group().Primary()->sdown);
  bench.durable = false;
  const size_t replies = bench.Of<Reply>().size();
  bench.Send(VoteRequest{5, "demo", {}, 60, TestId(2), TestId(2)});
  EXPECT_EQ(bench.Of<Reply>().size(), replies);
  ASSERT_FALSE(bench.Of<Persist>().empty());
  EXPECT_EQ(bench.Of<Persist>().back().state.groups.at("demo").leader_id, TestId(2));
  bench.Send(PersistDone{bench.Of<Persist>().back().seq, true});
  ASSERT_EQ(bench.Of<Reply>().size(), replies + 1);
  EXPECT_EQ(LastVote().leader, TestId(2));
  EXPECT_EQ(LastVote().leader_epoch, 60u);
}

TEST_F(Member, AFailedWriteIsNoVote) {
  Hear(BeatOf(1, 0, true));
  Hear(BeatOf(2, 0, true));
  bench.durable = false;
  bench.Send(VoteRequest{5, "demo", {}, 60, TestId(2), TestId(2)});
  bench.Send(PersistDone{bench.Of<Persist>().back().seq, false});
  EXPECT_EQ(LastVote().leader, "*");
  // And never a vote for somebody else in that epoch.
  bench.Send(VoteRequest{6, "demo", {}, 60, TestId(1), TestId(1)});
  bench.Send(PersistDone{bench.Of<Persist>().back().seq, true});
  EXPECT_EQ(LastVote().leader, TestId(2));
}

// Else a failed write would look like a peer that does not understand beats, and gets no more.
TEST_F(Member, ThatABeatWasHeardIsTrueWhateverTheDiskDoes) {
  Hear(BeatOf(1, 9, true));
  Hear(BeatOf(2, 9, true));  // which is something to make durable
  ASSERT_FALSE(bench.Of<Persist>().empty());
  for (const Reply& reply : bench.Of<Reply>()) EXPECT_FALSE(reply.promise);
}

TEST_F(Member, OneVotePerEpochAndOnlyForVoters) {
  Hear(BeatOf(1, 0, true));
  Hear(BeatOf(2, 0, true));
  bench.Send(VoteRequest{5, "demo", {}, 60, TestId(2), TestId(2)});
  bench.Send(VoteRequest{6, "demo", {}, 60, TestId(1), TestId(1)});
  EXPECT_EQ(LastVote().leader, TestId(2));
  bench.Send(VoteRequest{7, "demo", {}, 61, TestId(77), TestId(77)});
  EXPECT_EQ(LastVote().leader_epoch, 60u);
}

TEST_F(Member, HelpsNobodyToReplaceAHealthyPrimary) {
  KnowPrimary();
  bench.Send(VoteRequest{5, "demo", {}, 2, TestId(2), TestId(2)});
  EXPECT_EQ(LastVote().leader, "*");
}

TEST_F(Member, ADeathNoticeAloneIsNotBelieved) {
  KnowPrimary();
  bench.Send(ExtensionReceived{1, EncodeDeath({TestId(1), "demo", "b"}), TestId(1)});
  EXPECT_FALSE(bench.group().Primary()->sdown);
  bench.Send(NodePingReply{bench.NodeAt("10.0.0.2").id});
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  EXPECT_FALSE(bench.group().Primary()->sdown) << "it answered after the notice";
}

TEST_F(Member, ANoticeAndAClosedLinkMakeDeathCertain) {
  KnowPrimary();
  bench.Send(ExtensionReceived{1, EncodeDeath({TestId(1), "demo", "b"}), TestId(1)});
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  EXPECT_TRUE(bench.group().Primary()->sdown);
  EXPECT_TRUE(bench.group().odown) << "own view and the notice are the quorum of two";
  bench.Pass(kSplitRetryMax);  // the new epoch in the beats held it back that long
  EXPECT_TRUE(bench.Saw("+try-failover"));
}

// It was on its way while the node was started again.
TEST_F(Member, ANoticeOfAnotherProcessIsNotAboutThisOne) {
  KnowPrimary();
  bench.Send(ExtensionReceived{1, EncodeDeath({TestId(1), "demo", "before"}), TestId(1)});
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  EXPECT_FALSE(bench.group().Primary()->sdown);
}

TEST_F(Member, OnlyTheSidecarBesideANodeMayReportItsDeath) {
  KnowPrimary();
  bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
  bench.Send(ExtensionReceived{1, EncodeDeath({TestId(2), "demo", "b"}), TestId(2)});
  EXPECT_FALSE(bench.group().Primary()->sdown);
}

TEST_F(Member, RefusedOnTheLocalSocketIsCertainAndToldAtOnce) {
  KnowPrimary();
  bench.all.clear();
  const NodeId own = bench.NodeAt("10.0.0.1").id;
  bench.Send(NodeLinkDown{own, DownReason::kClosed});
  EXPECT_FALSE(bench.group().FindNode(own)->sdown) << "perhaps only CLIENT KILL";
  ASSERT_EQ(bench.Of<ConnectNode>().size(), 1u);
  bench.Send(NodeLinkDown{own, DownReason::kRefused});
  EXPECT_TRUE(bench.group().FindNode(own)->sdown);
  ASSERT_FALSE(bench.Of<SendExtension>().empty());
  EXPECT_EQ(bench.Of<SendExtension>().front().args[0], "DEATH");
}

TEST_F(Member, TheEqualEpochIsDecidedByTheLeadersId) {
  KnowPrimary();
  Beat beat = BeatOf(1, 1, true);
  beat.belief.primary_member = "demo-2";
  beat.belief.config_epoch = 1;
  beat.config_leader = TestId(1);
  Hear(beat);
  EXPECT_EQ(bench.group().Primary()->address.host, "10.0.0.2");
  beat.config_leader = TestId(3);
  Hear(beat);
  EXPECT_EQ(bench.group().Primary()->address.host, "10.0.0.3");
}

TEST_F(Member, AMinorityNamesNoPrimary) {
  KnowPrimary();
  EXPECT_EQ(bench.machine.PrimaryAddress("demo", bench.now)->host, "10.0.0.2");
  bench.now += kLease + Millis{1};
  EXPECT_FALSE(bench.machine.PrimaryAddress("demo", bench.now));
}

TEST_F(Member, WhoOnlyAnswersMayKnowANewerPrimary) {
  KnowPrimary();
  for (int i = 0; i < 25; ++i) {
    bench.Pass(Millis{100});
    for (int peer : {1, 2}) {
      bench.Send(PeerPingReply{bench.PeerOf(peer)});
      bench.Send(ExtensionReply{bench.PeerOf(peer)});
    }
  }
  EXPECT_FALSE(bench.machine.PrimaryAddress("demo", bench.now));
}

// A cut in one direction: who leads there may have been made primary by votes that still came.
TEST_F(Member, WhoIsHeardByNobodyNamesNoPrimary) {
  KnowPrimary();
  for (int i = 0; i < 35; ++i) {
    bench.Pass(Millis{100});
    for (int peer : {1, 2}) Hear(BeatOf(peer, 1, true));
  }
  EXPECT_FALSE(bench.machine.PrimaryAddress("demo", bench.now));
}

TEST_F(Member, WhoSpeaksAgainIsDialledAnewNotAwaited) {
  KnowPrimary();
  bench.Send(PeerLinkDown{bench.PeerOf(1), DownReason::kClosed});
  bench.Pass(Millis{2300});
  const auto dials = [&] {
    int count = 0;
    for (const ConnectPeer& dial : bench.Of<ConnectPeer>()) count += dial.peer == bench.PeerOf(1);
    return count;
  };
  const int before = dials();
  Hear(BeatOf(1, 1, true));
  bench.Pass(Millis{100});
  EXPECT_EQ(dials(), before + 1);
  Hear(BeatOf(1, 1, true));  // a slow attempt is not ended by every beat
  bench.Pass(Millis{100});
  EXPECT_EQ(dials(), before + 1);
}

TEST_F(Member, WhatLayInTheSocketMeanwhileIsNoNews) {
  KnowPrimary();
  ASSERT_TRUE(bench.machine.PrimaryAddress("demo", bench.now));
  bench.now += Millis{5000};
  bench.Send(Tick{});
  KnowPrimary();
  EXPECT_FALSE(bench.machine.PrimaryAddress("demo", bench.now));
  bench.Pass(Millis{100});
  EXPECT_TRUE(bench.machine.PrimaryAddress("demo", bench.now));
}

TEST_F(Member, AnEmptyRestartedPrimaryIsReplacedNotObeyed) {
  KnowPrimary();
  bench.Info("10.0.0.1", Following(50));
  bench.now += Millis{5};
  bench.Info("10.0.0.2", "run_id:new\r\nrole:slave\r\nredisha_undecided:1\r\nmaster_replid:q\r\n");
  EXPECT_TRUE(bench.group().Primary()->sdown);
  const Pick pick = PickReplica(bench.machine.state(), bench.group(), bench.now);
  EXPECT_EQ(pick.result, PickResult::kChosen);
  EXPECT_EQ(pick.node, bench.NodeAt("10.0.0.1").id) << "the longest history among the others";
}

TEST_F(Member, PodAddressesMayChangeIdentityStays) {
  KnowPrimary();
  Beat beat = BeatOf(1, 1, true);
  beat.address.host = "10.9.9.9";
  Hear(beat);
  EXPECT_EQ(bench.group().Primary()->address, (Address{"10.9.9.9", 6379}));
  EXPECT_TRUE(bench.Saw("+switch-master"));
  bench.Send(HostResolved{"demo-1.pods", "10.8.8.8"});
  EXPECT_EQ(bench.group().Primary()->address.host, "10.8.8.8");
}

TEST_F(Member, ResetKeepsTheVoters) {
  KnowPrimary();
  bench.Send(CommandReceived{1, ResetCommand{"*"}});
  EXPECT_EQ(bench.group().views.size(), 2u);
  EXPECT_EQ(bench.group().nodes.size(), 3u);
}

TEST_F(Member, AFullVolumeIsNoDeath) {
  KnowPrimary();
  const NodeId primary = bench.NodeAt("10.0.0.2").id;
  for (int i = 0; i < 30; ++i) {
    bench.Pass(Millis{100});
    bench.Send(NodePingReply{primary, PingResult::kMisconf});
  }
  EXPECT_FALSE(bench.group().Primary()->sdown);
}

TEST_F(Member, AfterAPauseTheOwnPrimaryStepsDownThoughTheClockWasLate) {
  KnowPrimary();
  // demo-0 was promoted in epoch 2; then this pod was stopped, and epoch 3 went to demo-1.
  Beat own = BeatOf(1, 2, true);
  own.belief.primary_member = "demo-0";
  own.belief.config_epoch = 2;
  own.config_leader = TestId(2);
  Hear(own);
  bench.Info("10.0.0.1", "run_id:x\r\nrole:master\r\nmaster_replid:s\r\n");
  bench.now += Millis{10000};
  for (int i : {1, 2}) {
    Beat beat = BeatOf(i, 3, true);
    beat.belief.primary_member = "demo-1";
    beat.belief.config_epoch = 3;
    beat.config_leader = TestId(2);
    beat.node.undecided = false;
    Hear(beat);
  }
  ASSERT_TRUE(bench.machine.state().tilt);
  bench.now += Millis{1};
  bench.Info("10.0.0.1", "run_id:x\r\nrole:master\r\nmaster_replid:s\r\n");
  bench.Info("10.0.0.2", "run_id:b\r\nrole:master\r\nmaster_replid:t\r\n");
  ASSERT_FALSE(bench.Of<Reconfigure>().empty());
  const Reconfigure last = bench.Of<Reconfigure>().back();
  EXPECT_EQ(last.node, bench.NodeAt("10.0.0.1").id);
  EXPECT_EQ(last.primary->host, "10.0.0.2");
  EXPECT_EQ(last.epoch, 3u);
}

TEST_F(Member, AShortPauseAccusesNobodyWhereDownAfterIsShort) {
  KnowPrimary();
  bench.group().config.down_after = Millis{400};
  const NodeId primary = bench.NodeAt("10.0.0.2").id;
  bench.Send(NodePingReply{primary, PingResult::kPong});
  bench.Pass(Millis{200});
  bench.now += Millis{390};  // this sidecar stands still
  bench.Send(Tick{});
  EXPECT_FALSE(bench.group().Primary()->sdown);
  bench.Pass(Millis{500});
  EXPECT_TRUE(bench.group().Primary()->sdown) << "what is silent while this one listens is down";
}

TEST_F(Member, APausedLeaderGivesItsFailoverUp) {
  KnowPrimary();
  bench.Send(CommandReceived{1, FailoverCommand{"demo"}});
  ASSERT_TRUE(bench.group().failover);
  bench.now += kLeaderSilence + Millis{1};
  // The vote it waited for was on its way all the while.
  bench.Send(VoteReply{bench.PeerOf(1), "demo", true, TestId(0), 2});
  EXPECT_FALSE(bench.group().failover);
  EXPECT_FALSE(bench.Saw("+elected-leader"));
}

class Moved : public Member {
 protected:
  // A person wants another primary, and demo-2 has been told to lead; the old one cannot be sealed.
  void SetUp() override {
    KnowPrimary();
    bench.Info("10.0.0.3", Following(60));
    bench.Send(CommandReceived{1, FailoverCommand{"demo"}});
    bench.Send(VoteReply{bench.PeerOf(1), "demo", false, TestId(0), 2});
    for (const LogicalTime end = bench.now + kSealWait + kSelectWait; bench.now < end;) {
      bench.Pass(Millis{100});
      for (const auto& [id, node] : bench.group().nodes) {
        bench.Send(NodePingReply{id, PingResult::kPong});
      }
    }
    ASSERT_EQ(bench.Of<Reconfigure>().back().node, bench.NodeAt("10.0.0.3").id);
  }
};

TEST_F(Moved, WhoLedBeforeIsPromotedOnceItHasTheOrder) {
  const std::string leads = "run_id:x\r\nrole:master\r\nmaster_replid:n\r\nredisha_role_epoch:";
  bench.Info("10.0.0.3", leads + "1\r\n");
  EXPECT_FALSE(bench.Saw("+promoted-slave"));
  bench.Info("10.0.0.3", leads + "2\r\n");
  EXPECT_TRUE(bench.Saw("+promoted-slave"));
}

TEST_F(Moved, AnOldPrimaryThatLivesIsDemotedBeforeTheReplicasTakeTurns) {
  const size_t before = bench.Of<Reconfigure>().size();
  bench.Info("10.0.0.3", "run_id:x\r\nrole:master\r\nmaster_replid:n\r\n");
  ASSERT_TRUE(bench.Saw("+promoted-slave"));
  const auto orders = bench.Of<Reconfigure>();
  ASSERT_EQ(orders.size(), before + 1) << "parallel-syncs is 1";
  EXPECT_EQ(orders.back().node, bench.NodeAt("10.0.0.2").id);
}

TEST_F(Member, ANodeThatObeysALaterLeaderEndsTheFailover) {
  KnowPrimary();
  bench.Send(CommandReceived{1, FailoverCommand{"demo"}});
  bench.Send(ReconfigureDone{bench.NodeAt("10.0.0.3").id, false, "STALEEPOCH this node obeys x"});
  EXPECT_FALSE(bench.group().failover);
  EXPECT_TRUE(bench.Saw("-failover-abort-not-elected"));
}

TEST_F(Member, APromotionWhoseLeaderDiedStands) {
  KnowPrimary();
  bench.Info("10.0.0.3", "run_id:c\r\nrole:master\r\nredisha_role_epoch:2\r\nredisha_role_leader:" +
                             TestId(1) + "\r\nmaster_replid:n\r\n");
  EXPECT_EQ(bench.group().Primary()->address.host, "10.0.0.3");
  EXPECT_EQ(bench.group().config_epoch, 2u);
  EXPECT_EQ(bench.group().config_leader, TestId(1));
  EXPECT_TRUE(bench.Saw("+switch-master"));
}

TEST_F(Member, ARoleFromAStrangersElectionIsNotAdopted) {
  KnowPrimary();
  bench.Info("10.0.0.3", "run_id:c\r\nrole:master\r\nredisha_role_epoch:2\r\nredisha_role_leader:" +
                             TestId(77) + "\r\n");
  EXPECT_EQ(bench.group().Primary()->address.host, "10.0.0.2");
}

TEST_F(Member, APrimaryThatIsElectedAgainIsJudgedAnew) {
  KnowPrimary();
  bench.Info("10.0.0.2", "run_id:new\r\nrole:slave\r\nredisha_undecided:1\r\n");
  ASSERT_TRUE(bench.NodeAt("10.0.0.2").sdown);
  bench.now += Millis{5};
  Beat beat = BeatOf(2, 2, true);
  beat.belief.primary_member = "demo-1";
  beat.belief.config_epoch = 2;
  beat.config_leader = TestId(2);
  Hear(beat);
  EXPECT_FALSE(bench.NodeAt("10.0.0.2").sdown) << "that was before";
  EXPECT_EQ(bench.NodeAt("10.0.0.2").info_sent, bench.now) << "it is asked at once";
  bench.now += Millis{5};
  bench.Info("10.0.0.2", "run_id:new\r\nrole:slave\r\nredisha_undecided:1\r\n");
  EXPECT_FALSE(bench.NodeAt("10.0.0.2").sdown) << "that reply was on its way";
  bench.now += kPromotionNews;
  bench.Info("10.0.0.2", "run_id:new\r\nrole:slave\r\nredisha_undecided:1\r\n");
  EXPECT_TRUE(bench.NodeAt("10.0.0.2").sdown) << "the one that was elected ended before this one";
}

TEST_F(Member, ANewPrimaryThatRestartsIsMissedAtOnce) {
  KnowPrimary();
  bench.now += Millis{5};
  bench.Info("10.0.0.2", "run_id:newer\r\nrole:slave\r\nredisha_undecided:1\r\n");
  EXPECT_TRUE(bench.NodeAt("10.0.0.2").sdown);
}

// Two attempts ran at once. The earlier one gave the primary, which had lost its role, that role
// again: it holds more than anybody else.
TEST_F(Member, ALeaderLearnsThatThePrimaryWasElectedAgainMeanwhile) {
  KnowPrimary();
  for (int i : {1, 2}) Hear(BeatOf(i, 2, true));
  const std::string lost = "run_id:new\r\nrole:slave\r\nredisha_undecided:1\r\n";
  bench.Info("10.0.0.2", lost);
  bench.Send(CommandReceived{1, FailoverCommand{"demo"}});
  ASSERT_TRUE(bench.group().failover);
  const Epoch epoch = bench.group().failover->epoch;
  bench.now += Millis{5};
  for (int i : {1, 2}) bench.Send(VoteReply{bench.PeerOf(i), "demo", true, TestId(0), epoch});
  ASSERT_TRUE(bench.Saw("+elected-leader"));
  bench.now += Millis{5};
  bench.Info("10.0.0.1", Following(50));
  bench.Info("10.0.0.3", Following(40));
  EXPECT_FALSE(bench.Saw("+selected-slave")) << "the primary speaks, so it is asked as well";
  bench.Info("10.0.0.2",
             "run_id:new\r\nrole:master\r\nredisha_role_epoch:2\r\n"
             "redisha_role_leader:" +
                 TestId(2) + "\r\nmaster_replid:r\r\n");
  EXPECT_EQ(bench.group().config_epoch, 2u);
  EXPECT_FALSE(bench.group().failover);
  EXPECT_TRUE(bench.Of<Reconfigure>().empty());
}

// Not at once, as after a split vote: the other one is about to promote somebody.
TEST_F(Member, WhoKnowsThatAnotherWasElectedLeavesTheFieldToIt) {
  KnowPrimary();
  for (int i : {1, 2}) Hear(BeatOf(i, 1, true));
  bench.Send(CommandReceived{1, FailoverCommand{"demo"}});
  const Epoch epoch = bench.group().failover->epoch;
  for (int i : {1, 2}) bench.Send(VoteReply{bench.PeerOf(i), "demo", true, TestId(2), epoch});
  EXPECT_FALSE(bench.group().failover);
  EXPECT_GE(bench.group().no_attempt_before, bench.now + kRetryMin);
}

// The third voter is dead: nothing that it could say is waited for.
TEST_F(Member, TwoSurvivorsThatVotedForThemselvesTryAgainAtOnce) {
  KnowPrimary();
  for (int i : {1, 2}) Hear(BeatOf(i, 1, true));
  bench.Send(CommandReceived{1, FailoverCommand{"demo"}});
  const Epoch epoch = bench.group().failover->epoch;
  bench.Send(VoteReply{bench.PeerOf(1), "demo", true, TestId(1), epoch});
  bench.Send(PeerLinkDown{bench.PeerOf(2)});
  EXPECT_TRUE(bench.group().failover) << "the third may still decide, or have decided";
  const_cast<Peer&>(bench.machine.state().peers.at(bench.PeerOf(2))).sdown = true;
  bench.Send(VoteReply{bench.PeerOf(1), "demo", true, TestId(1), epoch});
  EXPECT_TRUE(bench.Saw("-failover-abort-not-elected"));
  EXPECT_LE(bench.group().no_attempt_before, bench.now + kSplitRetryMax);
}

// A packet that was lost in a cut leaves an attempt of three seconds, longer than a primary may be
// silent.
TEST_F(Member, ANewPrimaryIsDialledAnewNotAwaited) {
  KnowPrimary();
  const NodeId node = bench.NodeAt("10.0.0.3").id;
  const auto dials = [&] {
    int count = 0;
    for (const ConnectNode& dial : bench.Of<ConnectNode>()) count += dial.node == node ? 1 : 0;
    return count;
  };
  bench.Send(NodeLinkDown{node, DownReason::kClosed});
  bench.Pass(Millis{300});
  const int before = dials();
  bench.Pass(Millis{1000});
  ASSERT_EQ(dials(), before) << "it is under way still";
  Beat beat = BeatOf(2, 2, true);
  beat.belief.primary_member = "demo-2";
  beat.belief.config_epoch = 2;
  beat.config_leader = TestId(2);
  Hear(beat);
  ASSERT_EQ(bench.group().primary, node);
  bench.Pass(Millis{100});
  EXPECT_EQ(dials(), before + 1);
}

TEST(History, DataThenEpochThenOffset) {
  const History empty;
  const History old_long{.has_data = true, .data_epoch = 1, .offset = 1000};
  const History new_short{.has_data = true, .data_epoch = 2, .offset = 10};
  EXPECT_TRUE(MoreHistory(old_long, empty));
  EXPECT_TRUE(MoreHistory(new_short, old_long));
  EXPECT_FALSE(MoreHistory(old_long, old_long));
}

TEST(Determinism, TheSameEventsGiveTheSameActions) {
  Bench a(Bench::Member());
  Bench b(Bench::Member());
  for (Bench* bench : {&a, &b}) {
    bench->Send(ExtensionReceived{1, EncodeBeat(BeatOf(1, 0, false)), TestId(1)});
    bench->Send(ExtensionReceived{2, EncodeBeat(BeatOf(2, 0, false)), TestId(2)});
    bench->Pass(Millis{3000});
  }
  ASSERT_EQ(a.all.size(), b.all.size());
  for (size_t i = 0; i < a.all.size(); ++i) EXPECT_EQ(a.all[i].index(), b.all[i].index());
}

}  // namespace
}  // namespace rha::sidecar::core
