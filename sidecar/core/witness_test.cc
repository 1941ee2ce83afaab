// Who hears a primary that is mute here, and who is up although he does not answer as he should.
#include <gtest/gtest.h>

#include <string>

#include "sidecar/core/limits.h"
#include "sidecar/core/test_bench.h"

namespace rha::sidecar::core {
namespace {

constexpr const char* kPrimaryInfo =
    "run_id:p\r\nrole:master\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=10,lag=0\r\n";
const std::string kFollows =
    "run_id:r\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
    "master_link_status:up\r\nslave_repl_offset:10\r\n";

// One sentinel is the quorum; a primary and one replica.
class Witness : public testing::Test {
 protected:
  explicit Witness(Millis down_after = Millis{1000}) : bench(ConfigWith(down_after)) {
    bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.1").id});
    bench.Info("10.0.0.1", kPrimaryInfo);
    bench.Send(NodeLinkUp{bench.NodeAt("10.0.0.2").id});
    Tell("redisha_master_heard_ms_ago:0\r\n");
  }
  static Config ConfigWith(Millis down_after) {
    Config config = Bench::Classic(/*quorum=*/1);
    config.groups.front().down_after = down_after;
    return config;
  }
  void Tell(const std::string& heard) { bench.Info("10.0.0.2", kFollows + heard); }
  // The primary answers with `result`, or not at all.
  void Pass(Millis period, std::optional<PingResult> result = {}) {
    for (Millis passed{0}; passed < period; passed += Millis{100}) {
      bench.Pass(Millis{100});
      bench.Send(NodePingReply{bench.NodeAt("10.0.0.2").id, PingResult::kPong});
      if (result) bench.Send(NodePingReply{bench.NodeAt("10.0.0.1").id, *result});
    }
  }
  // It is down, and the replica was asked in that step.
  void FallSilent() {
    while (!bench.group().Primary()->sdown) Pass(Millis{100});
  }
  Bench bench;
};

TEST_F(Witness, AReplicaThatStillHearsThePrimaryVetoes) {
  FallSilent();
  EXPECT_FALSE(bench.Saw("+odown")) << "the replica has not answered yet";
  Tell("redisha_master_heard_ms_ago:20\r\n");
  Pass(Millis{300});
  EXPECT_FALSE(bench.Saw("+odown"));
  for (int i = 0; i < 8; ++i) {  // it is asked again in time
    Pass(Millis{200});
    Tell("redisha_master_heard_ms_ago:20\r\n");
  }
  EXPECT_FALSE(bench.Saw("+odown"));
}

TEST_F(Witness, AReplicaThatHeardNothingSinceIsNone) {
  FallSilent();
  Tell("redisha_master_heard_ms_ago:1000\r\n");
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(Witness, AReplicaThatDoesNotAnswerIsNotWaitedForLong) {
  FallSilent();
  bench.Pass(kWitnessWait);
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(Witness, AReplicaHearsNoMoreWhereItsLinkIsDownOrToAnother) {
  FallSilent();
  bench.Info("10.0.0.2",
             "run_id:r\r\nrole:slave\r\nmaster_host:10.0.0.9\r\nmaster_port:6379\r\n"
             "master_link_status:up\r\nredisha_master_heard_ms_ago:0\r\n");
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(Witness, WhatAReplicaHeardGrowsOld) {
  FallSilent();
  Tell("redisha_master_heard_ms_ago:0\r\n");
  EXPECT_FALSE(bench.Saw("+odown"));
  Pass(Millis{1200});  // its answers stay away
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(Witness, AReplicaDoesNotHoldUpAFailoverForEver) {
  FallSilent();
  for (int i = 0; i < 10 * kHeardElsewhereFor; ++i) {
    Tell("redisha_master_heard_ms_ago:0\r\n");
    Pass(Millis{100});
  }
  EXPECT_TRUE(bench.Saw("+odown"));
}

class SlowWitness : public Witness {
 protected:
  SlowWitness() : Witness(Millis{3000}) {}
};

TEST_F(SlowWitness, RedisTellsWholeSecondsWhichAreRoundedToItsDisadvantage) {
  FallSilent();
  Tell("master_last_io_seconds_ago:2\r\n");  // or nearly three
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(SlowWitness, AReplicaOfRedisVetoes) {
  FallSilent();
  Tell("master_last_io_seconds_ago:1\r\n");
  Pass(Millis{200});
  EXPECT_FALSE(bench.Saw("+odown"));
}

TEST_F(Witness, WhoAnswersWithErrorsHasNoWitnesses) {
  for (int i = 0; i < 14; ++i) {
    Pass(Millis{100}, PingResult::kMisconf);
    Tell("redisha_master_heard_ms_ago:0\r\n");
  }
  EXPECT_TRUE(bench.Saw("+odown"));
}

TEST_F(Witness, ABusyTimeEndsWithTheConnection) {
  Pass(Millis{300}, PingResult::kBusy);
  EXPECT_NE(bench.group().Primary()->busy_since, kNever);
  bench.Send(NodeLinkDown{bench.group().primary, DownReason::kClosed});
  EXPECT_EQ(bench.group().Primary()->busy_since, kNever);
}

TEST_F(Witness, APrimaryThatSaysItIsBusyIsUp) {
  Pass(Millis{5000}, PingResult::kBusy);
  EXPECT_FALSE(bench.Saw("+sdown"));
  Pass(Millis{200}, PingResult::kPong);
  Pass(Millis{5000}, PingResult::kBusy);
  EXPECT_FALSE(bench.Saw("+sdown")) << "another script";
}

TEST_F(Witness, AScriptThatDoesNotEndIsKilledAndThenItsPrimaryReplaced) {
  Pass(kBusyPatience + Millis{500}, PingResult::kBusy);
  EXPECT_TRUE(bench.Saw("+sdown"));
  EXPECT_TRUE(bench.Saw("+odown"));
  EXPECT_EQ(bench.Of<SendScriptKill>().size(), 1u);
}

class PatientWitness : public Witness {
 protected:
  PatientWitness() : Witness(kBusyPatience + Millis{2000}) {}
};

TEST_F(PatientWitness, ALongDownAfterTakesBusyForNoAnswerAsRedisDoes) {
  Pass(kBusyPatience + Millis{1500}, PingResult::kBusy);
  EXPECT_FALSE(bench.Saw("+sdown"));
  Pass(Millis{1000}, PingResult::kBusy);
  EXPECT_TRUE(bench.Saw("+sdown"));
}

}  // namespace
}  // namespace rha::sidecar::core
