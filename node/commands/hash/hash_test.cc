#include <string>
#include <string_view>
#include <vector>

#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HashTest : public CommandTest {};

constexpr char kWrongType[] = "-WRONGTYPE Operation against a key holding the wrong kind of value";

TEST_F(HashTest, SetAndGet) {
  EXPECT_EQ(Run({"hset", "h", "a", "1", "b", "2"}), ":2");
  EXPECT_EQ(Run({"hset", "h", "a", "3", "c", ""}), ":1");
  EXPECT_EQ(Run({"hget", "h", "a"}), "$3");
  EXPECT_EQ(Run({"hget", "h", "x"}), "(nil)");
  EXPECT_EQ(Run({"hget", "nokey", "x"}), "(nil)");
  EXPECT_EQ(Run({"hmget", "h", "a", "x", "c"}), "[$3, (nil), $]");
  EXPECT_EQ(Run({"hmget", "nokey", "a", "b"}), "[(nil), (nil)]");
  EXPECT_EQ(Run({"hlen", "h"}), ":3");
  EXPECT_EQ(Run({"hexists", "h", "c"}), ":1");
  EXPECT_EQ(Run({"hstrlen", "h", "a"}), ":1");
  EXPECT_EQ(Run({"hstrlen", "h", "x"}), ":0");
  EXPECT_THAT(propagated(), ElementsAre("[0] hset h a 1 b 2", "[0] hset h a 3 c "));
}

TEST_F(HashTest, HalfAPairIsRefused) {
  EXPECT_EQ(Run({"hset", "h", "a", "1", "b"}), "-ERR wrong number of arguments for 'hset' command");
  EXPECT_EQ(Run({"hmset", "h", "a", "1", "b"}),
            "-ERR wrong number of arguments for 'hmset' command");
  EXPECT_EQ(Run({"exists", "h"}), ":0");
}

TEST_F(HashTest, SetNxSetsOnlyWhatIsNotThere) {
  EXPECT_EQ(Run({"hsetnx", "h", "a", "1"}), ":1");
  EXPECT_EQ(Run({"hsetnx", "h", "a", "2"}), ":0");
  EXPECT_EQ(Run({"hget", "h", "a"}), "$1");
  EXPECT_THAT(propagated(), ElementsAre("[0] hsetnx h a 1"));
}

TEST_F(HashTest, TheWholeHash) {
  EXPECT_EQ(Run({"hmset", "h", "a", "1", "b", "2"}), "+OK");
  EXPECT_EQ(Run({"hgetall", "h"}), "[$a, $1, $b, $2]");
  EXPECT_EQ(Run({"hkeys", "h"}), "[$a, $b]");
  EXPECT_EQ(Run({"hvals", "h"}), "[$1, $2]");
  EXPECT_EQ(Run({"hgetall", "nokey"}), "[]");
  EXPECT_EQ(Run({"hkeys", "nokey"}), "[]");
}

TEST_F(HashTest, TheLastFieldTakesTheKeyWithIt) {
  Run({"hset", "h", "a", "1", "b", "2"});
  EXPECT_EQ(Run({"hdel", "h", "x", "a"}), ":1");
  EXPECT_EQ(Run({"hdel", "h", "b", "a"}), ":1");
  EXPECT_EQ(Run({"exists", "h"}), ":0");
  EXPECT_EQ(Run({"hdel", "h", "a"}), ":0");
  EXPECT_EQ(propagated().size(), 3u);
}

TEST_F(HashTest, OtherTypesAreRefused) {
  Run({"set", "s", "v"});
  for (const auto& command :
       std::vector<std::vector<std::string_view>>{{"hset", "s", "a", "1"},
                                                  {"hsetnx", "s", "a", "1"},
                                                  {"hget", "s", "a"},
                                                  {"hmget", "s", "a"},
                                                  {"hgetall", "s"},
                                                  {"hlen", "s"},
                                                  {"hdel", "s", "a"},
                                                  {"hincrby", "s", "a", "1"},
                                                  {"hincrbyfloat", "s", "a", "1"},
                                                  {"hrandfield", "s"},
                                                  {"hscan", "s", "0"}}) {
    EXPECT_EQ(Run(command), kWrongType) << command[0];
  }
}

TEST_F(HashTest, Counters) {
  EXPECT_EQ(Run({"hincrby", "h", "n", "5"}), ":5");
  EXPECT_EQ(Run({"hincrby", "h", "n", "-7"}), ":-2");
  EXPECT_EQ(Run({"hincrby", "h", "n", "x"}), "-ERR value is not an integer or out of range");
  Run({"hset", "h", "n", "9223372036854775807", "w", " 1"});
  EXPECT_EQ(Run({"hincrby", "h", "n", "1"}), "-ERR increment or decrement would overflow");
  EXPECT_EQ(Run({"hincrby", "h", "w", "1"}), "-ERR hash value is not an integer");
}

TEST_F(HashTest, IncrByFloatIsPropagatedAsItsResult) {
  EXPECT_EQ(Run({"hincrbyfloat", "h", "f", "3.5e1"}), "$35");
  EXPECT_EQ(Run({"hincrbyfloat", "h", "f", "0.25"}), "$35.25");
  EXPECT_EQ(propagated().back(), "[0] HSET h f 35.25");
  EXPECT_EQ(Run({"hincrbyfloat", "h", "f", "x"}), "-ERR value is not a valid float");
  EXPECT_EQ(Run({"hincrbyfloat", "h", "f", "inf"}), "-ERR value is NaN or Infinity");
  Run({"hset", "h", "w", "word"});
  EXPECT_EQ(Run({"hincrbyfloat", "h", "w", "1"}), "-ERR hash value is not a float");
}

TEST_F(HashTest, EncodingFollowsTheLimits) {
  Run({"hset", "h", "a", std::string(64, 'x')});
  EXPECT_EQ(Run({"object", "encoding", "h"}), "$listpack");
  Run({"hset", "h", "a", std::string(65, 'x')});
  EXPECT_EQ(Run({"object", "encoding", "h"}), "$hashtable");
  Run({"hset", "h", "a", "x"});
  EXPECT_EQ(Run({"object", "encoding", "h"}), "$hashtable");
}

TEST_F(HashTest, RandomFields) {
  EXPECT_EQ(Run({"hrandfield", "h"}), "(nil)");
  EXPECT_EQ(Run({"hrandfield", "h", "3"}), "[]");
  Run({"hset", "h", "a", "1"});
  EXPECT_EQ(Run({"hrandfield", "h"}), "$a");
  EXPECT_EQ(Run({"hrandfield", "h", "5"}), "[$a]");
  EXPECT_EQ(Run({"hrandfield", "h", "0"}), "[]");
  EXPECT_EQ(Run({"hrandfield", "h", "-3"}), "[$a, $a, $a]");
  EXPECT_EQ(Run({"hrandfield", "h", "-2", "withvalues"}), "[$a, $1, $a, $1]");
  EXPECT_EQ(Run({"hrandfield", "h", "1", "x"}), "-ERR syntax error");
  EXPECT_EQ(Run({"hrandfield", "h", "1", "withvalues", "x"}), "-ERR syntax error");
  EXPECT_EQ(Run({"hrandfield", "h", "-9223372036854775808"}),
            "-ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807");
  EXPECT_EQ(Run({"hrandfield", "h", "-9223372036854775807", "withvalues"}),
            "-ERR value is out of range");
}

TEST_F(HashTest, InResp3PairsAreNested) {
  Run({"hello", "3"});
  Run({"hset", "h", "a", "1"});
  EXPECT_EQ(Run({"hrandfield", "h", "1", "withvalues"}), "[[$a, $1]]");
  EXPECT_EQ(Run({"hrandfield", "h", "-2", "withvalues"}), "[[$a, $1], [$a, $1]]");
}

TEST_F(HashTest, Scan) {
  EXPECT_EQ(Run({"hscan", "h", "0", "no", "option"}), "[$0, []]");
  Run({"hset", "h", "a", "1", "ab", "2"});
  EXPECT_EQ(Run({"hscan", "h", "0"}), "[$0, [$a, $1, $ab, $2]]");
  EXPECT_EQ(Run({"hscan", "h", "0", "match", "?", "count", "1"}), "[$0, [$a, $1]]");
  EXPECT_EQ(Run({"hscan", "h", "x"}), "-ERR invalid cursor");
  EXPECT_EQ(Run({"hscan", "h", "0", "type", "hash"}), "-ERR syntax error");
  EXPECT_EQ(Run({"hscan", "h", "0", "count", "0"}), "-ERR syntax error");
  EXPECT_EQ(Run({"hscan", "h", "0", "count"}), "-ERR syntax error");
}

TEST_F(HashTest, NothingIsPropagatedWhenNothingChanged) {
  Run({"hdel", "h", "a"});
  Run({"hget", "h", "a"});
  Run({"hrandfield", "h", "2"});
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(HashTest, DrawsAreLimited) {
  OursAlone();
  Run({"hset", "h", "f", "v"});
  EXPECT_EQ(Run({"hrandfield", "h", "-9223372036854775807"}), "-ERR value is out of range");
  EXPECT_EQ(Run({"hrandfield", "h", "-2"}), "[$f, $f]");
}

TEST_F(HashTest, ScanMayLeaveOutTheValues) {
  Run({"hset", "h", "a", "1", "b", "2"});
  OursAlone();
  EXPECT_EQ(Run({"hscan", "h", "0", "novalues"}), "[$0, [$a, $b]]");
  EXPECT_EQ(Run({"hscan", "h", "0", "NOVALUES", "match", "b*", "count", "5"}), "[$0, [$b]]");
  EXPECT_EQ(Run({"hscan", "h", "0", "match", "b*", "novalues"}), "[$0, [$b]]");
  Run({"sadd", "s", "a"});
  EXPECT_EQ(Run({"sscan", "s", "0", "novalues"}), "-ERR syntax error");
}

}  // namespace
}  // namespace rha::node::commands
