// Who stands still before another one leads, and whose copies count.
#include "sidecar/core/copies.h"

#include <gmock/gmock.h>

#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Beat BeatOf(int number) {
  Beat beat{.id = TestId(number), .current_epoch = 1, .may_vote = true, .group = "demo"};
  beat.address = {"10.0.0." + std::to_string(number + 1), 26379};
  beat.belief.primary_member = "demo-1";
  beat.belief.config_epoch = 1;
  beat.config_leader = TestId(2);
  beat.belief.has_majority = true;
  beat.node.alive = true;
  return beat;
}

// Member 0 of three; demo-1 leads since epoch 1, the others follow it.
class Copies : public testing::Test {
 protected:
  explicit Copies(Durability durability = Durability::kAsync) : bench(With(durability)) {
    for (int i : {1, 2}) {
      bench.Send(ExtensionReceived{1, EncodeBeat(BeatOf(i)), TestId(i)});
      bench.Send(PeerLinkUp{bench.PeerOf(i)});
    }
    for (const char* host : kHosts) bench.Send(NodeLinkUp{bench.NodeAt(host).id});
    bench.now += Millis{5};
    bench.Info("10.0.0.2", "run_id:p\r\nrole:master\r\n" + Order(1, 2) + Copy(1, 50));
    bench.Info("10.0.0.1", "run_id:x\r\n" + Follows() + Order(1, 2) + Copy(1, 50));
    bench.Info("10.0.0.3", "run_id:y\r\n" + Follows() + Order(1, 2) + Copy(1, 40));
    Keep();
  }

  static Config With(Durability durability) {
    Config config = Bench::Member();
    config.groups[0].durability = durability;
    config.groups[0].initialised = true;
    return config;
  }
  static std::string Follows(bool up = true) {
    return "role:slave\r\nmaster_host:10.0.0.2\r\nmaster_port:6379\r\nmaster_link_status:" +
           std::string(up ? "up" : "down") + "\r\n";
  }
  static std::string Order(Epoch epoch, int leader) {
    return "redisha_role_epoch:" + std::to_string(epoch) +
           "\r\nredisha_role_leader:" + TestId(leader) + "\r\n";
  }
  static std::string Copy(Epoch epoch, int offset, bool proven = true) {
    return "master_replid:r\r\nmaster_repl_offset:" + std::to_string(offset) +
           "\r\nredisha_data_epoch:" + std::to_string(epoch) +
           "\r\nredisha_copy_proven:" + (proven ? "1\r\n" : "0\r\n") + "db0:keys=9\r\n";
  }
  // The own votes are cast and those of demo-2 come: this member leads a failover.
  void Elect(Epoch epoch) {
    bench.Send(VoteReply{bench.PeerOf(2), "demo", false, TestId(0), epoch});
    ASSERT_TRUE(bench.group().failover);
  }
  void AskForFailover() { bench.Send(CommandReceived{1, FailoverCommand{"demo"}}); }
  void Keep() {
    for (int i : {1, 2}) bench.Send(ExtensionReceived{1, EncodeBeat(BeatOf(i)), TestId(i)});
    for (const auto& [id, node] : bench.group().nodes) {
      bench.Send(NodePingReply{id, PingResult::kPong});
    }
  }
  // Hosts that were told to stand still, in order.
  std::vector<std::string> Sealed() {
    std::vector<std::string> hosts;
    for (const Reconfigure& order : bench.Of<Reconfigure>()) {
      if (order.seal) hosts.push_back(bench.group().FindNode(order.node)->address.host);
    }
    return hosts;
  }
  std::vector<std::string> Promoted() {
    std::vector<std::string> hosts;
    for (const Reconfigure& order : bench.Of<Reconfigure>()) {
      if (order.seal || order.primary || order.again) continue;
      hosts.push_back(bench.group().FindNode(order.node)->address.host);
    }
    return hosts;
  }

  static constexpr const char* kHosts[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
  Bench bench;
};

class QuorumCopies : public Copies {
 protected:
  QuorumCopies() : Copies(Durability::kQuorum) {}
  void PrimaryDies() {
    bench.Send(NodeLinkDown{bench.NodeAt("10.0.0.2").id, DownReason::kClosed});
    bench.Send(ExtensionReceived{1, EncodeDeath({TestId(1), "demo", "p"}), TestId(1)});
    AgreeThatItIsDown();
  }
  void AgreeThatItIsDown() {
    for (int i = 0; i < 30 && !bench.group().failover; ++i) {
      bench.Pass(Millis{100});
      Beat beat = BeatOf(2);
      beat.says_down = true;
      bench.Send(ExtensionReceived{1, EncodeBeat(beat), beat.id});
    }
    ASSERT_TRUE(bench.group().failover);
    Elect(bench.group().failover->epoch);
  }
  void Seal(const char* host, const std::string& run_id, Epoch data_epoch, int offset,
            bool proven = true) {
    const Epoch epoch = bench.group().failover ? bench.group().failover->epoch : 2;
    bench.Info(host, "run_id:" + run_id + "\r\n" + Follows(false) + "redisha_sealed:1\r\n" +
                         Order(epoch, 0) + Copy(data_epoch, offset, proven));
  }
};

TEST_F(Copies, WhoeverIsReplacedByAPersonIsSealedFirstAndItsReplicasDrainIt) {
  AskForFailover();
  Elect(2);
  EXPECT_THAT(Sealed(), ElementsAre("10.0.0.2"));
  bench.Info("10.0.0.2", "run_id:p\r\nrole:slave\r\nredisha_undecided:1\r\nredisha_sealed:1\r\n" +
                             Order(2, 0) + Copy(1, 60));
  EXPECT_FALSE(bench.NodeAt("10.0.0.2").sdown) << "whoever sealed it says soon who leads";
  bench.Info("10.0.0.3", "run_id:y\r\n" + Follows() + Order(1, 2) + Copy(1, 50));
  bench.Info("10.0.0.1", "run_id:x\r\n" + Follows() + Order(1, 2) + Copy(1, 55));
  EXPECT_THAT(Promoted(), IsEmpty()) << "both still read";
  bench.Info("10.0.0.1", "run_id:x\r\n" + Follows() + Order(1, 2) + Copy(1, 60));
  bench.Pass(2 * kSelectWait);
  EXPECT_THAT(Promoted(), ElementsAre("10.0.0.1"));
  EXPECT_THAT(Sealed(), ElementsAre("10.0.0.2")) << "replicas go on";
}

TEST_F(Copies, ThePrimaryThatNobodyCanFollowInTimeLeadsAgain) {
  AskForFailover();
  Elect(2);
  const std::string sealed =
      "run_id:p\r\nrole:slave\r\nredisha_undecided:1\r\nredisha_sealed:1\r\n" + Order(2, 0) +
      Copy(1, 60);
  bench.Info("10.0.0.2", sealed);
  bench.Pass(kSealWait);
  bench.Info("10.0.0.2", sealed);
  bench.Info("10.0.0.1", "run_id:x\r\n" + Follows() + Order(1, 2) + Copy(1, 55));
  bench.Info("10.0.0.3", "run_id:y\r\n" + Follows() + Order(1, 2) + Copy(1, 40));
  bench.Pass(kSelectWait);
  EXPECT_THAT(Promoted(), ElementsAre("10.0.0.2"));
}

TEST_F(Copies, APrimaryThatAScriptKeepsFromStandingStillIsNotMoved) {
  AskForFailover();
  Elect(2);
  bench.Send(NodePingReply{bench.NodeAt("10.0.0.2").id, PingResult::kBusy});
  bench.Pass(kSealWait + kSelectWait);
  EXPECT_THAT(Promoted(), IsEmpty());
  EXPECT_TRUE(bench.Saw("-failover-abort-hand-over-refused"));
}

TEST_F(QuorumCopies, TheChoiceIsMadeFromCopiesThatStandStill) {
  PrimaryDies();
  EXPECT_THAT(Sealed(), ElementsAre("10.0.0.1", "10.0.0.3"));
  Seal("10.0.0.1", "x", 1, 50);
  EXPECT_THAT(Promoted(), IsEmpty());
  // What it said before it was sealed was less.
  Seal("10.0.0.3", "y", 1, 70);
  EXPECT_THAT(Promoted(), ElementsAre("10.0.0.3"));
  EXPECT_EQ(bench.Of<Reconfigure>().back().copies, 2);
}

TEST_F(QuorumCopies, WithoutAMajorityThatStandsStillNobodyLeads) {
  PrimaryDies();
  Seal("10.0.0.1", "x", 1, 50);
  bench.Pass(kSealWait + kSelectWait);
  EXPECT_THAT(Promoted(), IsEmpty());
  EXPECT_TRUE(bench.Saw("-failover-abort-no-good-slave"));
}

TEST_F(QuorumCopies, WhatARestartedNodeFindsDoesNotCount) {
  PrimaryDies();
  Seal("10.0.0.1", "x", 1, 50);
  Seal("10.0.0.3", "z", 1, 70, /*proven=*/false);
  bench.Pass(kSealWait + kSelectWait);
  EXPECT_THAT(Promoted(), IsEmpty()) << "demo-1 alone may have what was acknowledged";
}

TEST_F(QuorumCopies, WhoWasLoadingAnOlderCopyWhenLastHeardMayHaveLedSince) {
  bench.Info("10.0.0.2", "run_id:q\r\nrole:slave\r\nloading:1\r\nredisha_undecided:1\r\n" +
                             Order(1, 2) + Copy(1, 50, /*proven=*/false));
  AgreeThatItIsDown();
  Seal("10.0.0.1", "x", 2, 60);
  Seal("10.0.0.3", "z", 2, 70, /*proven=*/false);
  bench.Pass(kSealWait + kSelectWait);
  EXPECT_THAT(Promoted(), IsEmpty());
}

TEST_F(QuorumCopies, APersonMayGiveUpWhoIsNotThere) {
  PrimaryDies();
  Seal("10.0.0.1", "x", 1, 50);
  Seal("10.0.0.3", "z", 1, 40, /*proven=*/false);
  bench.Pass(kSealWait + kSelectWait);
  ASSERT_FALSE(bench.group().failover);
  for (const char* host : {"10.0.0.1", "10.0.0.3"}) {
    bench.Send(NodePingReply{bench.NodeAt(host).id, PingResult::kPong});
  }
  bench.Send(CommandReceived{2, FailoverCommand{"demo", true, {"demo-1"}}});
  ASSERT_TRUE(bench.group().failover);
  Elect(bench.group().failover->epoch);
  Seal("10.0.0.1", "x", 1, 50);
  Seal("10.0.0.3", "z", 1, 40, /*proven=*/false);
  EXPECT_THAT(Promoted(), ElementsAre("10.0.0.1"));
}

TEST_F(QuorumCopies, APromiseToAnAttemptThatCameToNothingEndsInAnotherElection) {
  const std::string barred =
      "run_id:y\r\n" + Follows(false) + "redisha_sealed:1\r\n" + Order(2, 2) + Copy(1, 50);
  for (int i = 0; i < 40 && !bench.group().failover; ++i) {
    bench.Pass(Millis{100});
    Keep();
    bench.Info("10.0.0.2",
               "run_id:p\r\nrole:master\r\nredisha_copies:2\r\n" + Order(1, 2) + Copy(1, 90));
    bench.Info("10.0.0.3", barred);
    for (const Reconfigure& order : bench.Of<Reconfigure>()) EXPECT_FALSE(order.primary);
  }
  EXPECT_TRUE(bench.group().failover) << "it may follow nobody who leads in an older epoch";
}

TEST_F(QuorumCopies, APrimaryIsToldHowManyCopiesItsWritesNeed) {
  Config config = With(Durability::kQuorum);
  config.self = "demo-1";
  config.my_id = TestId(1);
  Bench beside(config);
  EXPECT_EQ(CopiesWanted(beside.group()), 2);
  EXPECT_EQ(CopiesWanted(Bench(With(Durability::kAsync)).group()), 1);
}

}  // namespace
}  // namespace rha::sidecar::core
