#include <string>

#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ListCommandTest : public CommandTest {};

TEST_F(ListCommandTest, PushesAndPopsAtBothEnds) {
  EXPECT_EQ(Run({"rpush", "l", "b", "c"}), ":2");
  EXPECT_EQ(Run({"lpush", "l", "a", "z"}), ":4");
  EXPECT_EQ(Run({"lpushx", "none", "a"}), ":0");
  EXPECT_EQ(Run({"rpushx", "l", "d"}), ":5");
  EXPECT_EQ(Run({"lrange", "l", "0", "-1"}), "[$z, $a, $b, $c, $d]");
  EXPECT_EQ(Run({"lpop", "l"}), "$z");
  EXPECT_EQ(Run({"rpop", "l", "2"}), "[$d, $c]");
  EXPECT_EQ(Run({"lpop", "l", "0"}), "[]");
  EXPECT_EQ(Run({"lpop", "none"}), "(nil)");
  EXPECT_EQ(Run({"lpop", "l", "x"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"rpop", "l", "9"}), "[$b, $a]");
  EXPECT_EQ(Run({"exists", "l"}), ":0");
  Run({"set", "s", "1"});
  EXPECT_EQ(Run({"lpush", "s", "a"}),
            "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

TEST_F(ListCommandTest, ElementsByIndexAndText) {
  Run({"rpush", "l", "a", "1", "b", "1", "c", "1"});
  EXPECT_EQ(Run({"llen", "l"}), ":6");
  EXPECT_EQ(Run({"lindex", "l", "-2"}), "$c");
  EXPECT_EQ(Run({"lindex", "l", "6"}), "(nil)");
  EXPECT_EQ(Run({"lpos", "l", "1", "rank", "-1"}), ":5");
  EXPECT_EQ(Run({"lpos", "l", "1", "count", "0", "maxlen", "4"}), "[:1, :3]");
  EXPECT_EQ(Run({"lpos", "l", "x"}), "(nil)");
  EXPECT_EQ(Run({"linsert", "l", "before", "b", "x"}), ":7");
  EXPECT_EQ(Run({"linsert", "l", "after", "none", "x"}), ":-1");
  EXPECT_EQ(Run({"lset", "l", "0", "A"}), "+OK");
  EXPECT_EQ(Run({"lset", "l", "7", "A"}), "-ERR index out of range");
  EXPECT_EQ(Run({"lset", "none", "0", "A"}), "-ERR no such key");
  EXPECT_EQ(Run({"lrem", "l", "-2", "1"}), ":2");
  EXPECT_EQ(Run({"lrange", "l", "0", "-1"}), "[$A, $1, $x, $b, $c]");
  EXPECT_EQ(Run({"ltrim", "l", "1", "-2"}), "+OK");
  EXPECT_EQ(Run({"lrange", "l", "-100", "100"}), "[$1, $x, $b]");
  EXPECT_EQ(Run({"object", "encoding", "l"}), "$quicklist");
  EXPECT_EQ(Run({"ltrim", "l", "5", "1"}), "+OK");
  EXPECT_EQ(Run({"exists", "l"}), ":0");
}

TEST_F(ListCommandTest, MovesBetweenLists) {
  Run({"rpush", "l", "a", "b", "c"});
  EXPECT_EQ(Run({"rpoplpush", "l", "m"}), "$c");
  EXPECT_EQ(Run({"lmove", "l", "l", "left", "right"}), "$a");
  EXPECT_EQ(Run({"lrange", "l", "0", "-1"}), "[$b, $a]");
  EXPECT_EQ(Run({"lmpop", "2", "none", "l", "left", "count", "5"}), "[$l, [$b, $a]]");
  EXPECT_EQ(Run({"lmpop", "1", "l", "right"}), "(nil)");
  EXPECT_EQ(Run({"lmpop", "0", "l", "right"}), "-ERR numkeys should be greater than 0");
}

class BlockingTest : public CommandTest {
 protected:
  BlockingTest() { engine_.Join(third_); }
  ~BlockingTest() override { engine_.Leave(third_); }
  void Turn(int64_t ms) {
    Advance(ms);
    engine_.EndTurn();
  }
  dispatch::Session third_;
};

TEST_F(BlockingTest, TakesAtOnceWhatIsThere) {
  Run({"rpush", "b", "1"});
  ForgetPropagated();
  EXPECT_EQ(Run({"blpop", "a", "b", "0"}), "[$b, $1]");
  EXPECT_THAT(propagated(), ElementsAre("[0] LPOP b"));
}

TEST_F(BlockingTest, WhoCameFirstIsServedFirst) {
  EXPECT_EQ(RunOn(other_, {"blpop", "l", "l", "0"}), "");
  EXPECT_EQ(RunOn(third_, {"brpop", "l", "0"}), "");
  EXPECT_EQ(engine_.blocking().size(), 2u);
  EXPECT_EQ(Run({"rpush", "l", "a", "b", "c"}), ":3");
  EXPECT_EQ(Pushed(other_), "[$l, $a]");
  EXPECT_EQ(Pushed(third_), "[$l, $c]");
  EXPECT_THAT(propagated(), ElementsAre("[0] rpush l a b c", "[0] LPOP l", "[0] RPOP l"));
  EXPECT_EQ(Run({"lrange", "l", "0", "-1"}), "[$b]");
  EXPECT_TRUE(engine_.blocking().empty());
}

TEST_F(BlockingTest, ServedAfterTheTransaction) {
  RunOn(other_, {"blpop", "l", "0"});
  Run({"multi"});
  Run({"rpush", "l", "a"});
  Run({"del", "l"});
  EXPECT_EQ(Run({"exec"}), "[:1, :1]");
  EXPECT_EQ(Pushed(other_), "");
  Run({"multi"});
  Run({"blpop", "none", "0"});
  Run({"blmove", "none", "l", "left", "left", "0"});
  Run({"rpush", "l", "b"});
  EXPECT_EQ(Run({"exec"}), "[(nil), (nil), :1]");
  EXPECT_EQ(Pushed(other_), "[$l, $b]");
}

TEST_F(BlockingTest, OneFeedsTheNext) {
  RunOn(other_, {"blmove", "a", "b", "left", "right", "0"});
  RunOn(third_, {"blmpop", "0", "1", "b", "left", "count", "10"});
  Run({"lpush", "a", "x"});
  EXPECT_EQ(Pushed(other_), "$x");
  EXPECT_EQ(Pushed(third_), "[$b, [$x]]");
  EXPECT_THAT(propagated(),
              ElementsAre("[0] lpush a x", "[0] LMOVE a b left right", "[0] LPOP b 1"));
  EXPECT_EQ(Run({"dbsize"}), ":0");
}

TEST_F(BlockingTest, AnotherTypeIsNotWaitedFor) {
  RunOn(other_, {"blpop", "k", "0"});
  Run({"zadd", "k", "1", "a"});
  EXPECT_EQ(Pushed(other_), "");
  Run({"del", "k"});
  Run({"set", "target", "x"});
  RunOn(third_, {"brpoplpush", "source", "target", "0"});
  Run({"lpush", "source", "a"});
  EXPECT_EQ(Pushed(third_), "-WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(Run({"llen", "source"}), ":1");
  Run({"rename", "source", "k"});
  EXPECT_EQ(Pushed(other_), "[$k, $a]");
}

TEST_F(BlockingTest, TimeEnds) {
  EXPECT_EQ(Run({"blpop", "l", "-1"}), "-ERR timeout is negative");
  EXPECT_EQ(Run({"blpop", "l", "x"}), "-ERR timeout is not a float or out of range");
  RunOn(other_, {"blpop", "l", "0.1"});
  RunOn(third_, {"blpop", "l", "0.05"});
  EXPECT_EQ(*engine_.NextDeadlineMs(), clock_.UnixMillis() + 50);
  Turn(49);
  EXPECT_EQ(Pushed(third_), "");
  Turn(1);
  EXPECT_EQ(Pushed(third_), "(nil)");
  Turn(50);
  EXPECT_EQ(Pushed(other_), "(nil)");
  Run({"rpush", "l", "a"});
  EXPECT_EQ(Run({"llen", "l"}), ":1");
}

TEST_F(BlockingTest, TheLongestTimeoutIsAsGoodAsNone) {
  EXPECT_EQ(RunOn(other_, {"blpop", "l", "9223372036854775.807"}), "");
  EXPECT_EQ(Run({"blpop", "l", "9223372036854776"}), "-ERR timeout is negative");
  Run({"rpush", "l", "a"});
  EXPECT_EQ(Pushed(other_), "[$l, $a]");
}

TEST_F(BlockingTest, CommandsThatWaitAreOfTheCategoryBlocking) {
  for (const char* command :
       {"blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax", "bzmpop"}) {
    EXPECT_THAT(Run({"command", "info", command}), testing::HasSubstr("@blocking")) << command;
  }
}

TEST_F(BlockingTest, EndedByOthers) {
  RunOn(other_, {"blpop", "l", "0"});
  const std::string id = std::to_string(other_.id);
  EXPECT_EQ(Run({"client", "unblock", id, "error"}), ":1");
  EXPECT_EQ(Pushed(other_), "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
  EXPECT_EQ(Run({"client", "unblock", id}), ":0");
  RunOn(other_, {"blpop", "l", "0"});
  EXPECT_EQ(Run({"client", "unblock", id}), ":1");
  EXPECT_EQ(Pushed(other_), "(nil)");
  RunOn(other_, {"blpop", "l", "0"});
  engine_.EndAllWaits();
  EXPECT_EQ(Pushed(other_),
            "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
            "replica?)");
  EXPECT_TRUE(other_.closing);
}

TEST_F(BlockingTest, SwappedDatabasesAndMovedKeys) {
  RunOn(other_, {"blpop", "l", "0"});
  Run({"select", "1"});
  Run({"rpush", "l", "a", "b"});
  EXPECT_EQ(Pushed(other_), "");
  Run({"swapdb", "0", "1"});
  EXPECT_EQ(Pushed(other_), "[$l, $a]");
  RunOn(other_, {"blpop", "m", "0"});
  Run({"rpush", "m", "c"});
  EXPECT_EQ(Run({"move", "m", "0"}), ":1");
  EXPECT_EQ(Pushed(other_), "[$m, $c]");
}

TEST_F(BlockingTest, WhoHasLeftTakesNothing) {
  dispatch::Session gone;
  engine_.Join(gone);
  RunOn(gone, {"blpop", "l", "0"});
  engine_.Leave(gone);
  RunOn(other_, {"blpop", "l", "0"});
  other_.closing = true;
  Run({"rpush", "l", "a"});
  EXPECT_EQ(Run({"llen", "l"}), ":1");
}

class SortTest : public CommandTest {};

TEST_F(SortTest, ByNumberTextAndWeight) {
  Run({"rpush", "l", "3", "10", "1"});
  EXPECT_EQ(Run({"sort", "l"}), "[$1, $3, $10]");
  EXPECT_EQ(Run({"sort", "l", "alpha", "desc"}), "[$3, $10, $1]");
  EXPECT_EQ(Run({"sort_ro", "l", "limit", "1", "1"}), "[$3]");
  Run({"mset", "w1", "9", "w3", "5", "w10", "7"});
  Run({"hset", "h3", "f", "three"});
  EXPECT_EQ(Run({"sort", "l", "by", "w*", "get", "#", "get", "h*->f"}),
            "[$3, $three, $10, (nil), $1, (nil)]");
  EXPECT_EQ(Run({"sort", "l", "by", "nosort", "desc", "limit", "0", "2"}), "[$1, $10]");
  EXPECT_EQ(Run({"sort", "none"}), "[]");
  Run({"rpush", "l", "x"});
  EXPECT_EQ(Run({"sort", "l"}), "-ERR One or more scores can't be converted into double");
}

TEST_F(SortTest, WhatIsInOrderAlreadyComesOutInEitherOrder) {
  Run({"rpush", "up", "1", "2", "2.0", "10", "20"});
  Run({"rpush", "down", "20", "10", "2.0", "2", "1"});
  for (const char* list : {"up", "down"}) {
    EXPECT_EQ(Run({"sort", list}), "[$1, $2, $2.0, $10, $20]");
    EXPECT_EQ(Run({"sort", list, "desc"}), "[$20, $10, $2.0, $2, $1]");
    EXPECT_EQ(Run({"sort", list, "limit", "1", "3"}), "[$2, $2.0, $10]");
    EXPECT_EQ(Run({"sort", list, "desc", "limit", "3", "9"}), "[$2, $1]");
    EXPECT_EQ(Run({"sort", list, "limit", "9", "1"}), "[]");
    EXPECT_EQ(Run({"sort", list, "alpha", "limit", "0", "2"}), "[$1, $10]");
  }
}

TEST_F(SortTest, StoresAList) {
  Run({"sadd", "s", "b", "a"});
  EXPECT_EQ(Run({"sort", "s", "by", "nosort", "store", "out"}), ":2");
  EXPECT_EQ(Run({"lrange", "out", "0", "-1"}), "[$a, $b]");
  EXPECT_EQ(Run({"sort", "none", "store", "out"}), ":0");
  EXPECT_EQ(Run({"exists", "out"}), ":0");
  EXPECT_EQ(Run({"sort_ro", "s", "store", "out"}), "-ERR syntax error");
  EXPECT_EQ(Run({"command", "getkeys", "sort", "k", "get", "g", "store", "d", "store", "e"}),
            "[$k, $e]");
}

TEST_F(SortTest, EachStoredElementCountsAsAChange) {
  Run({"rpush", "l", "3", "1", "2"});
  const uint64_t before = keyspace_.dirty();
  EXPECT_EQ(Run({"sort", "l", "get", "#", "get", "#", "store", "out"}), ":6");
  EXPECT_EQ(keyspace_.dirty(), before + 6);
}

TEST_F(ListCommandTest, LMoveCountsAsOneChange) {
  Run({"rpush", "from", "a", "b"});
  const uint64_t before = keyspace_.dirty();
  EXPECT_EQ(Run({"lmove", "from", "to", "left", "right"}), "$a");
  EXPECT_EQ(Run({"rpoplpush", "to", "to"}), "$a");
  EXPECT_EQ(keyspace_.dirty(), before + 2);
}

TEST_F(ListCommandTest, LTrimThatRemovesNothingStillTouchesWatchedKeys) {
  Run({"rpush", "l", "a", "b"});
  Run({"watch", "l"});
  ForgetPropagated();
  EXPECT_EQ(RunOn(other_, {"ltrim", "l", "0", "-1"}), "+OK");
  EXPECT_THAT(propagated(), IsEmpty());
  Run({"multi"});
  EXPECT_EQ(Run({"exec"}), "(nil)");
}

TEST_F(ListCommandTest, LPosTakesTheLeastRankForMinusOne) {
  Run({"rpush", "l", "a", "b", "a", "c", "a"});
  EXPECT_EQ(Run({"lpos", "l", "a", "rank", "-9223372036854775808"}), ":4");
  EXPECT_EQ(Run({"lpos", "l", "a", "rank", "-9223372036854775807"}), "(nil)");
  EXPECT_EQ(Run({"lpos", "l", "a", "rank", "-9223372036854775808", "count", "0"}), "[:4, :2, :0]");
}

}  // namespace
}  // namespace rha::node::commands
