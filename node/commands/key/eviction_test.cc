#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::Each;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kNoMemory[] = "-OOM command not allowed when used memory > 'maxmemory'.";

// The counters of an allocator are set by hand: nothing that is evicted frees anything.
class EvictionCommandTest : public CommandTest {
 protected:
  EvictionCommandTest() {
    OursAlone();
    state_.memory.Follow(&allocated_, &freed_);
    state_.memory.LeaveOut(nullptr);  // which these counters have not
  }
  void Limit(int64_t bytes, const keyspace::EvictionPolicy& policy) {
    state_.memory_max_bytes = bytes;
    keyspace_.set_eviction(policy);
  }
  uint64_t allocated_ = 0, freed_ = 0;
};

using Policy = keyspace::EvictionPolicy;

TEST_F(EvictionCommandTest, WithoutAKeyThatMayGoWritesAreRefused) {
  Run({"set", "k", "v"});
  Limit(1, {.from = Policy::From::kVolatile});
  allocated_ = 2;
  EXPECT_EQ(Run({"set", "other", "v"}), kNoMemory);
  EXPECT_EQ(Run({"get", "k"}), "$v");
  EXPECT_EQ(Run({"del", "k"}), ":1");
}

TEST_F(EvictionCommandTest, AnEvictedKeyIsDeletedOnReplicasAndCounted) {
  for (int i = 0; i < 20; ++i) Run({"set", std::to_string(i), "v"});
  ForgetPropagated();
  Limit(1, {.from = Policy::From::kAll});
  allocated_ = 2;
  EXPECT_EQ(Run({"get", "nothing"}), "(nil)");  // reading commands make room too
  EXPECT_EQ(keyspace_.stats().evicted_keys, 20u);
  EXPECT_THAT(propagated(), SizeIs(20));
  EXPECT_THAT(propagated(), Each(StartsWith("[0] DEL ")));
  EXPECT_EQ(Run({"set", "k", "v"}), kNoMemory);  // and still nothing was freed
  freed_ = 1;
  EXPECT_EQ(Run({"set", "k", "v"}), "+OK");
}

TEST_F(EvictionCommandTest, AReplicaLeavesItToItsPrimary) {
  Run({"set", "k", "v"});
  Limit(1, {.from = Policy::From::kAll});
  allocated_ = 2;
  state_.is_replica = true;
  EXPECT_EQ(Run({"get", "k"}), "$v");
  state_.replica_ignores_maxmemory = false;
  EXPECT_EQ(Run({"get", "k"}), "(nil)");
}

TEST_F(EvictionCommandTest, APausedNodeDeletesNothing) {
  Run({"set", "k", "v"});
  Run({"client", "pause", "10000", "write"});
  Limit(1, {.from = Policy::From::kAll});
  allocated_ = 2;
  EXPECT_EQ(Run({"get", "k"}), "$v");
}

TEST_F(EvictionCommandTest, WhatMultiQueuesNeedsMemoryToo) {
  Run({"multi"});
  Limit(1, {});
  allocated_ = 2;
  EXPECT_EQ(Run({"get", "k"}), kNoMemory);
  EXPECT_THAT(Run({"exec"}), StartsWith("-EXECABORT"));
}

TEST_F(EvictionCommandTest, WhatIsKeptForSlowReplicasDoesNotCount) {
  Limit(10, {});
  allocated_ = 20;
  state_.stream_excess_bytes = 10;
  EXPECT_EQ(Run({"set", "k", "v"}), "+OK");
}

TEST_F(EvictionCommandTest, FrequencyTakesThePlaceOfIdleTime) {
  Run({"set", "k", "v"});
  EXPECT_EQ(Run({"object", "idletime", "k"}), ":0");
  EXPECT_THAT(Run({"object", "freq", "k"}), StartsWith("-ERR An LFU maxmemory policy is not"));
  Limit(0, {.from = Policy::From::kAll, .first = Policy::First::kLeastFrequent});
  Run({"set", "new", "v"});
  EXPECT_EQ(Run({"object", "freq", "new"}), ":5");
  EXPECT_EQ(Run({"object", "freq", "k"}), ":5");
  EXPECT_THAT(Run({"object", "idletime", "new"}),
              StartsWith("-ERR An LFU maxmemory policy is sel"));
}

}  // namespace
}  // namespace rha::node::commands
