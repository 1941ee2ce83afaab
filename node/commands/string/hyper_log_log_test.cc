#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class HyperLogLogTest : public CommandTest {
 protected:
  void BecomeReplica() {
    OursAlone();
    state_.is_replica = state_.primary_link_up = true;
  }
};

TEST_F(HyperLogLogTest, CountsElementsOnce) {
  EXPECT_EQ(Run({"pfadd", "k", "a", "b", "a"}), ":1");
  EXPECT_EQ(Run({"pfadd", "k", "b"}), ":0");
  EXPECT_EQ(Run({"pfadd", "other", "b", "c"}), ":1");
  EXPECT_EQ(Run({"pfcount", "k"}), ":2");
  EXPECT_EQ(Run({"pfcount", "k", "none", "other"}), ":3");
  EXPECT_EQ(Run({"pfmerge", "k", "other"}), "+OK");
  EXPECT_EQ(Run({"pfcount", "k"}), ":3");
  EXPECT_EQ(Run({"pfmerge", "fresh"}), "+OK");
  EXPECT_EQ(Run({"pfcount", "fresh"}), ":0");
  EXPECT_EQ(Run({"pfselftest"}), "+OK");
}

TEST_F(HyperLogLogTest, AddingNothingMakesTheKeyAndNoMore) {
  EXPECT_EQ(Run({"pfadd", "k"}), ":1");
  EXPECT_EQ(Run({"pfadd", "k"}), ":0");
  EXPECT_EQ(Run({"object", "encoding", "k"}), "$raw");
  EXPECT_THAT(propagated(), ElementsAre("[0] pfadd k"));
}

TEST_F(HyperLogLogTest, TheCountThatAReaderLeavesInTheKeyIsPropagated) {
  Run({"pfadd", "k", "a"});
  propagated();
  ForgetPropagated();
  EXPECT_EQ(Run({"pfcount", "k"}), ":1");
  EXPECT_EQ(Run({"pfcount", "k"}), ":1");
  EXPECT_THAT(propagated(), ElementsAre("[0] pfcount k"));
}

TEST_F(HyperLogLogTest, WhatAReaderOfAReplicaCountsIsKeptThereAlone) {
  Run({"pfadd", "k", "a"});
  BecomeReplica();
  ForgetPropagated();
  const std::string before = Run({"get", "k"});
  EXPECT_EQ(Run({"pfcount", "k"}), ":1");
  EXPECT_NE(Run({"get", "k"}), before);
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(HyperLogLogTest, ThePrimarysCountIsKeptByItsReplica) {
  Run({"pfadd", "k", "a"});
  BecomeReplica();
  const std::string before = Run({"get", "k"});
  dispatch::Session primary(dispatch::SessionKind::kPrimary);
  engine_.Join(primary);
  RunOn(primary, {"pfcount", "k"});
  EXPECT_NE(Run({"get", "k"}), before);
  engine_.Leave(primary);
}

TEST_F(HyperLogLogTest, OtherStringsAndTypesAreLeftAlone) {
  const char* const error = "-WRONGTYPE Key is not a valid HyperLogLog string value.";
  Run({"set", "k", "17"});
  Run({"set", "text", "HYLL and then some more bytes"});
  Run({"rpush", "list", "a"});
  for (const char* key : {"k", "text"}) {
    EXPECT_EQ(Run({"pfadd", key, "a"}), error);
    EXPECT_EQ(Run({"pfcount", key}), error);
    EXPECT_EQ(Run({"pfcount", "none", key}), error);
    EXPECT_EQ(Run({"pfmerge", key}), error);
    EXPECT_EQ(Run({"pfmerge", "fresh", key}), error);
    EXPECT_EQ(Run({"pfdebug", "encoding", key}), error);
  }
  EXPECT_THAT(Run({"pfadd", "list", "a"}), StartsWith("-WRONGTYPE Operation against"));
  EXPECT_THAT(Run({"pfmerge", "fresh", "list"}), StartsWith("-WRONGTYPE Operation against"));
  EXPECT_EQ(Run({"exists", "fresh"}), ":0");
}

TEST_F(HyperLogLogTest, ACorruptOneIsToldAndNotChanged) {
  const char* const error = "-INVALIDOBJ Corrupted HLL object detected";
  Run({"pfadd", "k", "a"});
  Run({"setrange", "k", "16", "\xff\xff"});
  const std::string before = Run({"get", "k"});
  EXPECT_EQ(Run({"pfcount", "k"}), error);
  EXPECT_EQ(Run({"pfcount", "k", "none"}), error);
  EXPECT_EQ(Run({"pfmerge", "k"}), error);
  EXPECT_EQ(Run({"pfdebug", "todense", "k"}), error);
  Run({"setrange", "short", "0", std::string_view("HYLL\1\0\0\0\0\0\0\0\0\0\0\0\0", 17)});
  EXPECT_EQ(Run({"pfadd", "short", "a"}), error);
  EXPECT_EQ(Run({"get", "k"}), before);
}

TEST_F(HyperLogLogTest, DebuggingTurnsItDense) {
  EXPECT_EQ(Run({"pfdebug", "encoding", "k"}), "-ERR The specified key does not exist");
  Run({"pfadd", "k"});
  EXPECT_EQ(Run({"pfdebug", "encoding", "k"}), "+sparse");
  EXPECT_EQ(Run({"pfdebug", "decode", "k"}), "$Z:16384");
  EXPECT_EQ(Run({"pfdebug", "todense", "k"}), ":1");
  EXPECT_EQ(Run({"pfdebug", "todense", "k"}), ":0");
  EXPECT_EQ(Run({"pfdebug", "encoding", "k"}), "+dense");
  EXPECT_EQ(Run({"pfdebug", "decode", "k"}), "-ERR HLL encoding is not sparse");
  EXPECT_EQ(Run({"pfdebug", "x", "k"}), "-ERR Unknown PFDEBUG subcommand 'x'");
  EXPECT_THAT(propagated(), ElementsAre("[0] pfadd k", "[0] pfdebug todense k"));
}

}  // namespace
}  // namespace rha::node::commands
