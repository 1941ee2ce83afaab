#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kWrongType[] = "-WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr char kNotAFloat[] = "-ERR value is not a valid float";
constexpr char kSyntaxError[] = "-ERR syntax error";

// Each test runs with packed sorted sets and with trees.
class ZsetTest : public CommandTest, public testing::WithParamInterface<int64_t> {
 protected:
  ZsetTest() {
    if (GetParam() == 0) OursAlone();  // the reference has its limits elsewhere
    keyspace_.form_limits().zset_max_listpack_entries = GetParam();
  }
  void UseResp3() { Run({"hello", "3"}); }
};

INSTANTIATE_TEST_SUITE_P(BothForms, ZsetTest, testing::Values(128, 0));

TEST_P(ZsetTest, ZAddCountsWhatItAdds) {
  EXPECT_EQ(Run({"zadd", "z", "1", "a", "2", "b"}), ":2");
  EXPECT_EQ(Run({"zadd", "z", "3", "a", "4", "c"}), ":1");
  EXPECT_EQ(Run({"zadd", "z", "ch", "3", "a", "5", "b", "6", "d"}), ":2");
  EXPECT_EQ(Run({"zrange", "z", "0", "-1", "withscores"}), "[$a, $3, $c, $4, $b, $5, $d, $6]");
  EXPECT_EQ(Run({"object", "encoding", "z"}), GetParam() == 0 ? "$skiplist" : "$listpack");
}

TEST_P(ZsetTest, ZAddConditions) {
  EXPECT_EQ(Run({"zadd", "z", "xx", "1", "a"}), ":0");
  EXPECT_EQ(Run({"exists", "z"}), ":0");
  EXPECT_EQ(Run({"zadd", "z", "nx", "10", "a"}), ":1");
  EXPECT_EQ(Run({"zadd", "z", "nx", "20", "a", "20", "b"}), ":1");
  EXPECT_EQ(Run({"zadd", "z", "xx", "ch", "30", "b", "30", "c"}), ":1");
  EXPECT_EQ(Run({"zadd", "z", "gt", "ch", "5", "a", "31", "b", "7", "c"}), ":2");
  EXPECT_EQ(Run({"zadd", "z", "lt", "ch", "5", "a", "32", "b"}), ":1");
  EXPECT_EQ(Run({"zrange", "z", "0", "-1", "withscores"}), "[$a, $5, $c, $7, $b, $31]");
}

TEST_P(ZsetTest, ZAddIncr) {
  EXPECT_EQ(Run({"zadd", "z", "incr", "1.5", "a"}), "$1.5");
  EXPECT_EQ(Run({"zadd", "z", "incr", "nx", "1", "a"}), "(nil)");
  EXPECT_EQ(Run({"zadd", "z", "incr", "gt", "-1", "a"}), "(nil)");
  EXPECT_EQ(Run({"zadd", "z", "incr", "xx", "1", "b"}), "(nil)");
  EXPECT_EQ(Run({"zadd", "nokey", "incr", "xx", "1", "b"}), "(nil)");
  EXPECT_EQ(Run({"zadd", "z", "incr", "inf", "a"}), "$inf");
  EXPECT_EQ(Run({"zadd", "z", "incr", "-inf", "a"}), "-ERR resulting score is not a number (NaN)");
  EXPECT_EQ(Run({"zincrby", "z", "-3", "c"}), "$-3");
  EXPECT_EQ(Run({"zincrby", "z", "0.1", "d"}), "$0.10000000000000001");
}

TEST_P(ZsetTest, ZAddRefuses) {
  EXPECT_EQ(Run({"zadd", "z", "nx", "xx", "1", "a"}),
            "-ERR XX and NX options at the same time are not compatible");
  for (const char* other : {"nx", "lt"}) {
    EXPECT_EQ(Run({"zadd", "z", "gt", other, "1", "a"}),
              "-ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  EXPECT_EQ(Run({"zadd", "z", "incr", "1", "a", "2", "b"}),
            "-ERR INCR option supports a single increment-element pair");
  EXPECT_EQ(Run({"zadd", "z", "1", "a", "2"}), kSyntaxError);
  EXPECT_EQ(Run({"zadd", "z", "nx", "ch"}), kSyntaxError);
  for (const char* score : {"x", "nan", "", " 1", "1 ", "1e400", "1e-5000"}) {
    EXPECT_EQ(Run({"zadd", "z", "1", "a", score, "b"}), kNotAFloat) << score;
  }
  EXPECT_EQ(Run({"exists", "z"}), ":0");
  Run({"set", "s", "v"});
  EXPECT_EQ(Run({"zadd", "s", "1", "a"}), kWrongType);
}

TEST_P(ZsetTest, ScoresAsRedisReadsAndPrintsThem) {
  const std::pair<const char*, const char*> kCases[] = {{"+5", "5"},
                                                        {"0x10", "16"},
                                                        {"1e3", "1000"},
                                                        {"-inf", "-inf"},
                                                        {"Infinity", "inf"},
                                                        {"3.0", "3"},
                                                        {".5", "0.5"},
                                                        {"1e17", "1e+17"},
                                                        {"1e16", "10000000000000000"},
                                                        {"-1.1", "-1.1000000000000001"},
                                                        {"9007199254740993", "9007199254740992"},
                                                        {"1e-7", "9.9999999999999995e-08"}};
  for (const auto& [given, shown] : kCases) {
    Run({"zadd", "z", given, "a"});
    EXPECT_EQ(Run({"zscore", "z", "a"}), "$" + std::string(shown)) << given;
  }
}

TEST_P(ZsetTest, MinusZeroIsZero) {
  Run({"zadd", "z", "0", "a"});
  EXPECT_EQ(Run({"zadd", "z", "ch", "-0", "a"}), ":0");
  EXPECT_EQ(Run({"zscore", "z", "a"}), "$0");
  Run({"zadd", "new", "-0", "a"});
  EXPECT_EQ(Run({"zscore", "new", "a"}), GetParam() == 0 ? "$-0" : "$0");
}

TEST_P(ZsetTest, EventsAndPropagation) {
  Run({"zadd", "z", "1", "a", "2", "b"});
  Run({"zadd", "z", "1", "a"});
  Run({"zrem", "z", "nothere"});
  Run({"zrem", "z", "a"});
  EXPECT_THAT(propagated(), ElementsAre("[0] zadd z 1 a 2 b", "[0] zrem z a"));
  ForgetPropagated();
  EXPECT_EQ(Run({"zmpop", "2", "nokey", "z", "max", "count", "9"}), "[$z, [[$b, $2]]]");
  EXPECT_THAT(propagated(), ElementsAre("[0] ZPOPMAX z 1"));
  EXPECT_EQ(Run({"exists", "z"}), ":0");
}

TEST_P(ZsetTest, LookingAtMembers) {
  Run({"zadd", "z", "1", "a", "2", "b", "3", "c"});
  EXPECT_EQ(Run({"zcard", "z"}), ":3");
  EXPECT_EQ(Run({"zcard", "nokey"}), ":0");
  EXPECT_EQ(Run({"zmscore", "z", "b", "x"}), "[$2, (nil)]");
  EXPECT_EQ(Run({"zmscore", "nokey", "b"}), "[(nil)]");
  EXPECT_EQ(Run({"zrank", "z", "c"}), ":2");
  EXPECT_EQ(Run({"zrevrank", "z", "c"}), ":0");
  EXPECT_EQ(Run({"zrank", "z", "x"}), "(nil)");
  EXPECT_EQ(Run({"zscore", "nokey", "x"}), "(nil)");
}

TEST_P(ZsetTest, CountingBetweenScores) {
  Run({"zadd", "z", "-inf", "a", "1", "b", "2", "c", "3", "d", "inf", "e"});
  EXPECT_EQ(Run({"zcount", "z", "-inf", "+inf"}), ":5");
  EXPECT_EQ(Run({"zcount", "z", "(1", "3"}), ":2");
  EXPECT_EQ(Run({"zcount", "z", "(1", "(2"}), ":0");
  EXPECT_EQ(Run({"zcount", "z", "3", "1"}), ":0");
  EXPECT_EQ(Run({"zcount", "z", "", "2"}), ":2");
  EXPECT_EQ(Run({"zcount", "z", "x", "2"}), "-ERR min or max is not a float");
  EXPECT_EQ(Run({"zcount", "z", "1", "nan"}), "-ERR min or max is not a float");
}

TEST_P(ZsetTest, RangesByRank) {
  Run({"zadd", "z", "1", "a", "2", "b", "3", "c", "4", "d"});
  EXPECT_EQ(Run({"zrange", "z", "1", "2"}), "[$b, $c]");
  EXPECT_EQ(Run({"zrange", "z", "-2", "-1"}), "[$c, $d]");
  EXPECT_EQ(Run({"zrange", "z", "-100", "100"}), "[$a, $b, $c, $d]");
  EXPECT_EQ(Run({"zrange", "z", "2", "1"}), "[]");
  EXPECT_EQ(Run({"zrange", "z", "0", "-100"}), "[]");
  EXPECT_EQ(Run({"zrange", "z", "0", "1", "rev"}), "[$d, $c]");
  EXPECT_EQ(Run({"zrevrange", "z", "1", "-1", "withscores"}), "[$c, $3, $b, $2, $a, $1]");
  EXPECT_EQ(Run({"zrange", "z", "0", "-1", "limit", "0", "1"}),
            "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or "
            "BYLEX");
  EXPECT_EQ(Run({"zrevrange", "z", "0", "1", "rev"}), kSyntaxError);
  EXPECT_EQ(Run({"zrange", "z", "x", "1"}), "-ERR value is not an integer or out of range");
}

TEST_P(ZsetTest, RangesByScore) {
  Run({"zadd", "z", "1", "a", "2", "b", "3", "c", "4", "d"});
  EXPECT_EQ(Run({"zrange", "z", "(1", "3", "byscore"}), "[$b, $c]");
  EXPECT_EQ(Run({"zrange", "z", "3", "(1", "rev", "byscore", "withscores"}), "[$c, $3, $b, $2]");
  EXPECT_EQ(Run({"zrangebyscore", "z", "-inf", "inf", "limit", "1", "2"}), "[$b, $c]");
  EXPECT_EQ(Run({"zrevrangebyscore", "z", "inf", "-inf", "limit", "1", "2"}), "[$c, $b]");
  EXPECT_EQ(Run({"zrangebyscore", "z", "-inf", "inf", "limit", "2", "-1"}), "[$c, $d]");
  EXPECT_EQ(Run({"zrangebyscore", "z", "-inf", "inf", "limit", "0", "0"}), "[]");
  EXPECT_EQ(Run({"zrangebyscore", "z", "-inf", "inf", "limit", "-1", "2"}), "[]");
  EXPECT_EQ(Run({"zrangebyscore", "z", "-inf", "inf", "limit", "1"}), kSyntaxError);
}

TEST_P(ZsetTest, RangesByMember) {
  Run({"zadd", "z", "0", "a", "0", "b", "0", "c", "0", "d"});
  EXPECT_EQ(Run({"zrangebylex", "z", "-", "[c"}), "[$a, $b, $c]");
  EXPECT_EQ(Run({"zrange", "z", "(a", "+", "bylex", "limit", "1", "1"}), "[$c]");
  EXPECT_EQ(Run({"zrevrangebylex", "z", "(d", "-"}), "[$c, $b, $a]");
  EXPECT_EQ(Run({"zlexcount", "z", "[b", "(d"}), ":2");
  EXPECT_EQ(Run({"zrange", "z", "-", "+", "bylex", "withscores"}),
            "-ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  EXPECT_EQ(Run({"zlexcount", "z", "b", "+"}), "-ERR min or max not valid string range item");
  EXPECT_EQ(Run({"zrangebylex", "z", "-x", "+"}), "-ERR min or max not valid string range item");
}

TEST_P(ZsetTest, ZRangeStore) {
  Run({"zadd", "z", "1", "a", "2", "b", "3", "c"});
  EXPECT_EQ(Run({"zrangestore", "to", "z", "0", "1"}), ":2");
  EXPECT_EQ(Run({"zrangestore", "z", "z", "(3", "1", "byscore", "rev"}), ":2");
  EXPECT_EQ(Run({"zrange", "z", "0", "-1", "withscores"}), "[$a, $1, $b, $2]");
  EXPECT_EQ(Run({"zrangestore", "to", "nokey", "0", "-1"}), ":0");
  EXPECT_EQ(Run({"exists", "to"}), ":0");
  EXPECT_EQ(Run({"zrangestore", "to", "z", "0", "-1", "withscores"}), kSyntaxError);
}

TEST_P(ZsetTest, RemovingRanges) {
  const auto fill = [&] { Run({"zadd", "z", "1", "a", "2", "b", "3", "c", "4", "d"}); };
  fill();
  EXPECT_EQ(Run({"zremrangebyrank", "z", "1", "-2"}), ":2");
  EXPECT_EQ(Run({"zrange", "z", "0", "-1"}), "[$a, $d]");
  fill();
  EXPECT_EQ(Run({"zremrangebyscore", "z", "(1", "3"}), ":2");
  fill();
  EXPECT_EQ(Run({"zremrangebylex", "z", "-", "+"}), ":4");
  EXPECT_EQ(Run({"exists", "z"}), ":0");
  EXPECT_EQ(Run({"zremrangebyrank", "z", "0", "1"}), ":0");
}

TEST_P(ZsetTest, Popping) {
  Run({"zadd", "z", "1", "a", "2", "b", "3", "c", "4", "d", "5", "e"});
  EXPECT_EQ(Run({"zpopmin", "z"}), "[$a, $1]");
  EXPECT_EQ(Run({"zpopmax", "z", "2"}), "[$e, $5, $d, $4]");
  EXPECT_EQ(Run({"zpopmax", "z", "0"}), "[]");
  EXPECT_EQ(Run({"zpopmin", "z", "-1"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"zpopmin", "z", "x"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"zpopmin", "z", "1", "2"}), kSyntaxError);
  EXPECT_EQ(Run({"zpopmin", "z", "100"}), "[$b, $2, $c, $3]");
  EXPECT_EQ(Run({"zpopmin", "z"}), "[]");
  EXPECT_EQ(Run({"zmpop", "1", "z", "min"}), "(nil)");
  EXPECT_EQ(Run({"zmpop", "0", "z", "min"}), "-ERR numkeys should be greater than 0");
  EXPECT_EQ(Run({"zmpop", "2", "z", "min"}), kSyntaxError);
  EXPECT_EQ(Run({"zmpop", "1", "z", "min", "count", "0"}), "-ERR count should be greater than 0");
  EXPECT_EQ(Run({"zmpop", "1", "z", "min", "count", "1", "count", "1"}), kSyntaxError);
}

TEST_P(ZsetTest, UnionAndIntersection) {
  Run({"zadd", "x", "1", "a", "2", "b"});
  Run({"zadd", "y", "10", "b", "20", "c"});
  EXPECT_EQ(Run({"zunion", "2", "x", "y", "withscores"}), "[$a, $1, $b, $12, $c, $20]");
  EXPECT_EQ(Run({"zunion", "2", "x", "y", "weights", "2", "3", "aggregate", "max", "withscores"}),
            "[$a, $2, $b, $30, $c, $60]");
  EXPECT_EQ(Run({"zinter", "2", "x", "y", "aggregate", "min", "withscores"}), "[$b, $2]");
  EXPECT_EQ(Run({"zdiff", "2", "x", "y", "withscores"}), "[$a, $1]");
  EXPECT_EQ(Run({"zunionstore", "x", "2", "x", "y"}), ":3");
  EXPECT_EQ(Run({"zinterstore", "to", "2", "x", "nokey"}), ":0");
  EXPECT_EQ(Run({"zdiffstore", "to", "1", "x"}), ":3");
  EXPECT_EQ(Run({"zintercard", "2", "x", "y"}), ":2");
  EXPECT_EQ(Run({"zintercard", "2", "x", "y", "limit", "1"}), ":1");
}

TEST_P(ZsetTest, SetsAsInputsHaveTheScoreOne) {
  Run({"sadd", "s", "a", "b"});
  Run({"sadd", "ints", "1", "2"});
  Run({"zadd", "z", "5", "a"});
  EXPECT_EQ(Run({"zunion", "2", "s", "z", "weights", "2", "1", "withscores"}), "[$b, $2, $a, $7]");
  EXPECT_EQ(Run({"zunion", "2", "ints", "z", "withscores"}), "[$1, $1, $2, $1, $a, $5]");
  EXPECT_EQ(Run({"zdiff", "2", "z", "s"}), "[]");
}

TEST_P(ZsetTest, InfinitiesThatCancelEachOtherAreZero) {
  Run({"zadd", "x", "inf", "a"});
  Run({"zadd", "y", "-inf", "a"});
  EXPECT_EQ(Run({"zunion", "2", "x", "y", "withscores"}), "[$a, $0]");
  EXPECT_EQ(Run({"zinter", "1", "x", "weights", "0", "withscores"}), "[$a, $0]");
}

TEST_P(ZsetTest, CombiningRefuses) {
  EXPECT_EQ(Run({"zunionstore", "to", "0", "z"}),
            "-ERR at least 1 input key is needed for 'zunionstore' command");
  EXPECT_EQ(Run({"zunion", "2", "z"}), kSyntaxError);
  EXPECT_EQ(Run({"zunion", "1", "z", "weights"}), kSyntaxError);
  EXPECT_EQ(Run({"zunion", "1", "z", "weights", "x"}), "-ERR weight value is not a float");
  EXPECT_EQ(Run({"zunion", "1", "z", "aggregate", "avg"}), kSyntaxError);
  EXPECT_EQ(Run({"zdiff", "1", "z", "weights", "1"}), kSyntaxError);
  EXPECT_EQ(Run({"zunionstore", "to", "1", "z", "withscores"}), kSyntaxError);
  EXPECT_EQ(Run({"zintercard", "1", "z", "limit", "-1"}), "-ERR LIMIT can't be negative");
  Run({"set", "s", "v"});
  EXPECT_EQ(Run({"zunion", "2", "z", "s", "nonsense"}), kWrongType);
}

TEST_P(ZsetTest, RandomMembers) {
  OursAlone();
  Run({"zadd", "z", "1", "a", "2", "b", "3", "c"});
  EXPECT_EQ(Run({"zrandmember", "nokey"}), "(nil)");
  EXPECT_EQ(Run({"zrandmember", "nokey", "3"}), "[]");
  EXPECT_EQ(Run({"zrandmember", "z", "0"}), "[]");
  EXPECT_EQ(Run({"zrandmember", "z", "9", "withscores"}), "[$a, $1, $b, $2, $c, $3]");
  EXPECT_EQ(Run({"zrandmember", "z", "x"}), "-ERR value is not an integer or out of range");
  EXPECT_EQ(Run({"zrandmember", "z", "1", "scores"}), kSyntaxError);
  EXPECT_EQ(Run({"zrandmember", "z", "-9223372036854775808"}),
            "-ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807");
  EXPECT_EQ(Run({"zrandmember", "z", "-9223372036854775807", "withscores"}),
            "-ERR value is out of range");
}

TEST_P(ZsetTest, WaitingForMembers) {
  EXPECT_EQ(RunOn(other_, {"bzmpop", "0", "2", "y", "z", "max", "count", "2"}), "");
  EXPECT_EQ(Run({"zadd", "z", "1", "a", "2", "b", "3", "c"}), ":3");
  EXPECT_EQ(Pushed(other_), "[$z, [[$c, $3], [$b, $2]]]");
  EXPECT_EQ(Run({"bzpopmin", "y", "z", "0"}), "[$z, $a, $1]");
  EXPECT_THAT(propagated(),
              ElementsAre("[0] zadd z 1 a 2 b 3 c", "[0] ZPOPMAX z 2", "[0] ZPOPMIN z"));
  EXPECT_EQ(Run({"bzpopmax", "z", "-1"}), "-ERR timeout is negative");
  EXPECT_EQ(Run({"bzpopmax", "z", "x"}), "-ERR timeout is not a float or out of range");
}

TEST_P(ZsetTest, Scan) {
  Run({"zadd", "z", "1", "a", "2.5", "ab"});
  EXPECT_EQ(Run({"zscan", "z", "0", "match", "ab", "count", "100"}), "[$0, [$ab, $2.5]]");
  EXPECT_EQ(Run({"zscan", "nokey", "0"}), "[$0, []]");
  EXPECT_EQ(Run({"zscan", "z", "x"}), "-ERR invalid cursor");
}

TEST_P(ZsetTest, Resp3) {
  Run({"zadd", "z", "1", "a", "2.5", "b"});
  UseResp3();
  EXPECT_EQ(Run({"zrange", "z", "0", "-1", "withscores"}), "[[$a, ,1], [$b, ,2.5]]");
  EXPECT_EQ(Run({"zunion", "1", "z", "withscores"}), "[[$a, ,1], [$b, ,2.5]]");
  EXPECT_EQ(Run({"zincrby", "z", "inf", "c"}), ",inf");
  EXPECT_EQ(Run({"zpopmin", "z"}), "[$a, ,1]");
  EXPECT_EQ(Run({"zpopmin", "z", "1"}), "[[$b, ,2.5]]");
}

TEST_P(ZsetTest, OnlyTreesKeepTheSignOfZero) {
  Run({"zadd", "z", "-0", "m"});
  EXPECT_EQ(Run({"zscore", "z", "m"}), GetParam() == 0 ? "$-0" : "$0");
}

TEST_P(ZsetTest, ZRangeStoreAddsInTheOrderAskedFor) {
  const std::string large(65, 'm');  // makes a tree, in which zeros keep their sign
  Run({"zadd", "z", "1", large});
  Run({"zadd", "z", "-0", "m"});
  EXPECT_EQ(Run({"zrangestore", "up", "z", "-inf", "+inf", "byscore"}), ":2");
  EXPECT_EQ(Run({"zscore", "up", "m"}), GetParam() == 0 ? "$-0" : "$0");
  EXPECT_EQ(Run({"zrangestore", "down", "z", "+inf", "-inf", "byscore", "rev"}), ":2");
  EXPECT_EQ(Run({"zscore", "down", "m"}), "$-0");
}

TEST_P(ZsetTest, ZUnionRepliesWithTheSignOfZero) {
  Run({"zadd", "z", "0", "m"});
  Run({"zadd", "other", "0", "m"});
  EXPECT_EQ(Run({"zunion", "1", "z", "weights", "-4", "withscores"}), "[$m, $-0]");
  EXPECT_EQ(Run({"zinter", "1", "z", "weights", "-4", "withscores"}), "[$m, $-0]");
  EXPECT_EQ(Run({"zunion", "2", "z", "other", "weights", "-4", "1", "withscores"}), "[$m, $0]");
  Run({"zunionstore", "to", "1", "z", "weights", "-4"});
  EXPECT_EQ(Run({"zscore", "to", "m"}), GetParam() == 0 ? "$-0" : "$0");
  EXPECT_EQ(Run({"object", "encoding", "to"}), GetParam() == 0 ? "$skiplist" : "$listpack");
}

TEST_P(ZsetTest, ZScanShowsAllDigitsOfPackedWholeNumbers) {
  Run({"zadd", "z", "1e17", "m"});
  EXPECT_EQ(Run({"zscan", "z", "0"}),
            GetParam() == 0 ? "[$0, [$m, $1e+17]]" : "[$0, [$m, $100000000000000000]]");
  EXPECT_EQ(Run({"zscore", "z", "m"}), "$1e+17");
}

TEST_P(ZsetTest, DrawsAreLimited) {
  OursAlone();
  Run({"zadd", "z", "1", "m"});
  EXPECT_EQ(Run({"zrandmember", "z", "-9223372036854775807"}), "-ERR value is out of range");
  EXPECT_EQ(Run({"zrandmember", "z", "-2"}), "[$m, $m]");
}

TEST_P(ZsetTest, RanksMayComeWithTheirScores) {
  Run({"zadd", "z", "1", "a", "2.5", "b"});
  OursAlone();
  EXPECT_EQ(Run({"zrank", "z", "b", "withscore"}), "[:1, $2.5]");
  EXPECT_EQ(Run({"zrevrank", "z", "b", "WITHSCORE"}), "[:0, $2.5]");
  EXPECT_EQ(Run({"zrank", "z", "none", "withscore"}), "(nil)");
  EXPECT_EQ(Run({"zrank", "none", "b", "withscore"}), "(nil)");
  EXPECT_EQ(Run({"zrank", "z", "b", "withscores"}), "-ERR syntax error");
  EXPECT_EQ(Run({"zrank", "z", "b", "withscore", "x"}),
            "-ERR wrong number of arguments for 'zrank' command");
}

}  // namespace
}  // namespace rha::node::commands
