#include <set>

#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KeyTest : public CommandTest {};

TEST_F(KeyTest, ExpireConditions) {
  Run({"set", "k", "v"});
  EXPECT_EQ(Run({"expire", "k", "100", "xx"}), ":0");
  EXPECT_EQ(Run({"expire", "k", "100", "gt"}), ":0");
  EXPECT_EQ(Run({"expire", "k", "100", "lt"}), ":1");
  EXPECT_EQ(Run({"expire", "k", "50", "nx"}), ":0");
  EXPECT_EQ(Run({"expire", "k", "200", "gt"}), ":1");
  EXPECT_EQ(Run({"ttl", "k"}), ":200");
  EXPECT_EQ(Run({"expire", "k", "1", "nx", "gt"}),
            "-ERR NX and XX, GT or LT options at the same time are not compatible");
}

TEST_F(KeyTest, ExpireIsPropagatedAsAPointInTimeOrADeletion) {
  Run({"set", "k", "v"});
  ForgetPropagated();
  Run({"expire", "k", "100"});
  Run({"pexpireat", "k", "1"});
  const std::string at = std::to_string(clock_.UnixMillis() + 100000);
  EXPECT_THAT(propagated(), ElementsAre("[0] PEXPIREAT k " + at, "[0] DEL k"));
  EXPECT_EQ(Run({"exists", "k"}), ":0");
}

TEST_F(KeyTest, AReplicaHidesExpiredKeysAndKeepsThem) {
  Run({"set", "k", "v", "px", "10"});
  ForgetPropagated();
  Advance(20);
  OursAlone();
  state_.is_replica = true;
  EXPECT_EQ(Run({"get", "k"}), "(nil)");
  EXPECT_EQ(Run({"dbsize"}), ":1");
  EXPECT_EQ(Run({"set", "k", "w"}), "-READONLY You can't write against a read only replica.");
  dispatch::Session primary(dispatch::SessionKind::kPrimary);
  engine_.Join(primary);
  EXPECT_EQ(RunOn(primary, {"append", "k", "2"}), "");
  engine_.Leave(primary);
  EXPECT_THAT(propagated(), IsEmpty());
  state_.is_replica = false;
  EXPECT_EQ(Run({"get", "k"}), "(nil)");
  EXPECT_EQ(Run({"dbsize"}), ":0");
  EXPECT_THAT(propagated(), ElementsAre("[0] DEL k"));
}

TEST_F(KeyTest, WhatAWritableReplicaHidesIsReplacedByWhatIsWrittenToIt) {
  Run({"set", "s", "5", "px", "10"});
  Run({"rpush", "l", "old"});
  Run({"pexpire", "l", "10"});
  Run({"set", "d", "v", "px", "10"});
  Run({"set", "a", "v"});
  Advance(11);
  state_.is_replica = state_.primary_link_up = true;
  state_.replica_read_only = false;
  EXPECT_EQ(Run({"debug", "object", "s"}).substr(0, 9), "+Value at");
  EXPECT_EQ(Run({"incr", "s"}), ":1");
  EXPECT_EQ(Run({"ttl", "s"}), ":-1");
  EXPECT_EQ(Run({"rpush", "l", "new"}), ":1");
  EXPECT_EQ(Run({"lrange", "l", "0", "-1"}), "[$new]");
  EXPECT_EQ(Run({"del", "d"}), ":0");
  EXPECT_EQ(Run({"rename", "a", "s"}), "+OK");
  EXPECT_EQ(Run({"dbsize"}), ":2");
}

TEST_F(KeyTest, ActiveExpiryFindsKeysNobodyAsksFor) {
  for (int i = 0; i < 500; ++i) Run({"set", "k" + std::to_string(i), "v", "px", "10"});
  Run({"set", "stays", "v"});
  Advance(11);
  for (int i = 0; i < 5; ++i) engine_.SweepSlice(1'000'000);
  EXPECT_EQ(Run({"dbsize"}), ":1");
}

TEST_F(KeyTest, TheMeanOfLifetimesAsLongAsOneCanSayIsNoneLonger) {
  for (int i = 0; i < 500; ++i)
    Run({"set", "k" + std::to_string(i), "v", "pxat", "9223372036854775807"});
  OursAlone();
  engine_.SweepSlice(1'000'000);
  const std::string longest = std::to_string(INT64_MAX - clock_.UnixMillis());
  const std::string info = Run({"info", "keyspace"});
  EXPECT_NE(info.find("avg_ttl=" + longest.substr(0, 4)), std::string::npos) << info;
}

TEST_F(KeyTest, RenameAndCopyKeepTheTimeToLive) {
  Run({"set", "a", "v", "px", "5000"});
  EXPECT_EQ(Run({"rename", "a", "b"}), "+OK");
  EXPECT_EQ(Run({"pttl", "b"}), ":5000");
  EXPECT_EQ(Run({"rename", "nokey", "b"}), "-ERR no such key");
  EXPECT_EQ(Run({"copy", "b", "c", "db", "3"}), ":1");
  EXPECT_EQ(Run({"move", "b", "3"}), ":1");
  EXPECT_EQ(Run({"select", "3"}), "+OK");
  EXPECT_EQ(Run({"pttl", "c"}), ":5000");
  EXPECT_EQ(Run({"pttl", "b"}), ":5000");
}

TEST_F(KeyTest, ScanSeesEveryKeyThatStays) {
  for (int i = 0; i < 1000; ++i) Run({"set", "key:" + std::to_string(i), "v"});
  std::set<std::string> seen;
  std::string cursor = "0";
  int calls = 0;
  do {
    const std::string reply = Run({"scan", cursor, "count", "10"});
    cursor = reply.substr(2, reply.find(',') - 2);
    for (size_t at = reply.find("key:"); at != std::string::npos; at = reply.find("key:", at + 1)) {
      seen.insert(reply.substr(at, reply.find_first_of(",]", at) - at));
    }
    // The table grows and shrinks meanwhile.
    for (int i = 0; i < 20; ++i) {
      const std::string other = "other:" + std::to_string(calls * 20 + i);
      calls % 2 == 0 ? Run({"set", other, "v"}) : Run({"del", other});
    }
    if (calls == 50) {
      for (int i = 500; i < 1000; ++i) Run({"del", "key:" + std::to_string(i)});
    }
    ASSERT_LT(++calls, 10000);
  } while (cursor != "0");
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(seen.contains("key:" + std::to_string(i))) << i;
}

TEST_F(KeyTest, ScanOfATypeWithoutANameFindsNothing) {
  Run({"set", "k", "v"});
  EXPECT_EQ(Run({"scan", "0", "type", ""}), "[$0, []]");
  EXPECT_EQ(Run({"scan", "0", "type", "STRING"}), "[$0, [$k]]");
}

TEST_F(KeyTest, KeysLeavesExpiredKeysOutAndAlone) {
  Run({"set", "gone", "v", "px", "10"});
  Run({"set", "k", "v"});
  Advance(11);
  ForgetPropagated();
  EXPECT_EQ(Run({"keys", "*"}), "[$k]");
  EXPECT_EQ(Run({"dbsize"}), ":2");
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(KeyTest, AskingForATimeToLiveCountsAsALookup) {
  Run({"set", "k", "v"});
  const keyspace::Stats before = keyspace_.stats();
  for (const char* command : {"ttl", "pttl", "expiretime", "pexpiretime"}) {
    Run({command, "k"});
    Run({command, "nokey"});
  }
  EXPECT_EQ(keyspace_.stats().hits, before.hits + 4);
  EXPECT_EQ(keyspace_.stats().misses, before.misses + 4);
}

TEST_F(KeyTest, SwapAndFlush) {
  Run({"set", "k", "zero"});
  EXPECT_EQ(Run({"swapdb", "0", "1"}), "+OK");
  EXPECT_EQ(Run({"exists", "k"}), ":0");
  EXPECT_EQ(Run({"flushall"}), "+OK");
  Run({"select", "1"});
  EXPECT_EQ(Run({"dbsize"}), ":0");
  EXPECT_EQ(propagated().back(), "[0] flushall");
}

TEST_F(KeyTest, KeyspaceNotifications) {
  RunOn(other_, {"psubscribe", "__key*"});
  keyspace_.set_event_mask(keyspace::kKeyeventChannel | keyspace::kKeyspaceChannel |
                           keyspace::kAllEvents);
  Run({"set", "k", "v", "px", "10"});
  EXPECT_EQ(
      Pushed(other_),
      "[$pmessage, $__key*, $__keyspace@0__:k, $set] [$pmessage, $__key*, $__keyevent@0__:set, $k] "
      "[$pmessage, $__key*, $__keyspace@0__:k, $expire] "
      "[$pmessage, $__key*, $__keyevent@0__:expire, $k]");
  Advance(11);
  Run({"get", "k"});
  EXPECT_THAT(Pushed(other_), HasSubstr("$__keyevent@0__:expired, $k"));
}

TEST_F(KeyTest, UnsupportedOptionIsShownUpToItsZeroByte) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(Run({"expire", "k", "5", "GT", "ab\0cd"sv}), "-ERR Unsupported option ab");
}

TEST_F(KeyTest, DatabaseNumbersThatFitNoInt) {
  const std::string no_int =
      "-ERR value is out of range, value must between -2147483648 and 2147483647";
  const std::string no_database = "-ERR DB index is out of range";
  const std::string no_number = "-ERR value is not an integer or out of range";
  Run({"set", "k", "v"});
  EXPECT_EQ(Run({"select", "2147483648"}), no_int);
  EXPECT_EQ(Run({"select", "2147483647"}), no_database);
  EXPECT_EQ(Run({"select", "-1"}), no_database);
  EXPECT_EQ(Run({"select", "x"}), no_number);
  EXPECT_EQ(Run({"move", "k", "-2147483649"}), no_int);
  EXPECT_EQ(Run({"move", "k", "16"}), no_database);
  EXPECT_EQ(Run({"copy", "k", "l", "db", "4294967296"}), no_int);
  EXPECT_EQ(Run({"copy", "k", "l", "db", "9223372036854775808"}), no_number);
  EXPECT_EQ(Run({"swapdb", "2147483648", "0"}), "-ERR invalid first DB index");
  EXPECT_EQ(Run({"swapdb", "0", "2147483648"}), "-ERR invalid second DB index");
  EXPECT_EQ(Run({"swapdb", "0", "2147483647"}), no_database);
}

TEST_F(KeyTest, SmallNumbersAreReportedAsShared) {
  Run({"set", "small", "9999"});
  Run({"set", "large", "10000"});
  EXPECT_EQ(Run({"object", "refcount", "small"}), ":2147483647");
  EXPECT_EQ(Run({"object", "refcount", "large"}), ":1");
  EXPECT_EQ(Run({"object", "refcount", "nokey"}), "(nil)");
}

TEST_F(KeyTest, SortLeavesASortedSetATree) {
  Run({"zadd", "z", "2", "b", "1", "a"});
  ForgetPropagated();
  EXPECT_EQ(Run({"object", "encoding", "z"}), "$listpack");
  EXPECT_EQ(Run({"sort_ro", "z", "alpha"}), "[$a, $b]");
  EXPECT_EQ(Run({"object", "encoding", "z"}), "$skiplist");
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(KeyTest, ACopyOrAMovedValueIsANewKeyEvenWhereOneWas) {
  Run({"set", "a", "1"});
  Run({"set", "b", "2"});
  keyspace_.set_event_mask(keyspace::kKeyeventChannel | keyspace::kGenericEvent |
                           keyspace::kNewKeyEvent);
  RunOn(other_, {"psubscribe", "*"});
  Pushed(other_);
  Run({"copy", "a", "b", "replace"});
  Run({"rename", "a", "b"});
  EXPECT_EQ(Pushed(other_),
            "[$pmessage, $*, $__keyevent@0__:new, $b] "
            "[$pmessage, $*, $__keyevent@0__:copy_to, $b] "
            "[$pmessage, $*, $__keyevent@0__:new, $b] "
            "[$pmessage, $*, $__keyevent@0__:rename_from, $a] "
            "[$pmessage, $*, $__keyevent@0__:rename_to, $b]");
}

TEST_F(KeyTest, AFlushCountsTheKeysThatWereThere) {
  Run({"mset", "a", "1", "b", "2"});
  const uint64_t before = keyspace_.dirty();
  Run({"flushdb"});
  EXPECT_EQ(keyspace_.dirty(), before + 2);
}

TEST_F(KeyTest, TheLastMillisecondIsATimeLikeAnyOther) {
  Run({"set", "k", "v"});
  EXPECT_EQ(Run({"pexpireat", "k", "9223372036854775807"}), ":1");
  EXPECT_EQ(Run({"pexpiretime", "k"}), ":9223372036854775807");
  OursAlone();  // Redis overflows
  EXPECT_EQ(Run({"expiretime", "k"}), ":9223372036854776");
}

}  // namespace
}  // namespace rha::node::commands
