#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SetTest : public CommandTest {
 protected:
  int64_t Number(std::initializer_list<std::string_view> words) {
    return std::stoll(Run(words).substr(1));
  }
  // s0, s1, ..: enough for a table.
  void Fill(std::string_view key, int members) {
    for (int i = 0; i < members; ++i) Run({"sadd", key, "s" + std::to_string(i)});
    ForgetPropagated();
  }
};

TEST_F(SetTest, AddAndErase) {
  EXPECT_EQ(Run({"sadd", "s", "2", "1", "2"}), ":2");
  EXPECT_EQ(Run({"sadd", "s", "2"}), ":0");
  EXPECT_EQ(Run({"smembers", "s"}), "[$1, $2]");
  EXPECT_EQ(Run({"sismember", "s", "1"}), ":1");
  EXPECT_EQ(Run({"smismember", "s", "1", "3"}), "[:1, :0]");
  EXPECT_EQ(Run({"smismember", "nokey", "1", "3"}), "[:0, :0]");
  EXPECT_EQ(Run({"scard", "s"}), ":2");
  EXPECT_EQ(Run({"srem", "s", "1", "2", "3"}), ":2");
  EXPECT_EQ(Run({"exists", "s"}), ":0");
  EXPECT_EQ(Run({"smembers", "s"}), "[]");
  EXPECT_THAT(propagated(), ElementsAre("[0] sadd s 2 1 2", "[0] srem s 1 2 3"));
}

TEST_F(SetTest, OtherTypesAreRefused) {
  Run({"set", "k", "v"});
  Run({"sadd", "s", "1"});
  for (const auto& command :
       std::vector<std::vector<std::string_view>>{{"sadd", "k", "1"},
                                                  {"srem", "k", "1"},
                                                  {"sismember", "k", "1"},
                                                  {"smismember", "k", "1"},
                                                  {"scard", "k"},
                                                  {"smembers", "k"},
                                                  {"smove", "k", "s", "1"},
                                                  {"smove", "s", "k", "1"},
                                                  {"spop", "k"},
                                                  {"spop", "k", "0"},
                                                  {"srandmember", "k"},
                                                  {"sinter", "x", "k"},
                                                  {"sunion", "s", "k"},
                                                  {"sdiff", "x", "k"},
                                                  {"sinterstore", "d", "x", "k"},
                                                  {"sintercard", "1", "k"},
                                                  {"sunionstore", "d", "k"},
                                                  {"sdiffstore", "d", "s", "k"},
                                                  {"sscan", "k", "0"},
                                                  {"hset", "s", "f", "v"}}) {
    EXPECT_EQ(Run(command), "-WRONGTYPE Operation against a key holding the wrong kind of value")
        << command[0];
  }
}

TEST_F(SetTest, EncodingFollowsTheLimits) {
  for (int i = 0; i < 512; ++i) Run({"sadd", "s", std::to_string(i)});
  EXPECT_EQ(Run({"object", "encoding", "s"}), "$intset");
  Run({"sadd", "s", "512"});
  EXPECT_EQ(Run({"object", "encoding", "s"}), "$hashtable");
  Run({"sadd", "t", "1", "x"});
  EXPECT_EQ(Run({"object", "encoding", "t"}), "$hashtable");
}

TEST_F(SetTest, Move) {
  Run({"sadd", "a", "1", "2"});
  EXPECT_EQ(Run({"smove", "a", "b", "1"}), ":1");
  EXPECT_EQ(Run({"smove", "a", "b", "1"}), ":0");
  EXPECT_EQ(Run({"smove", "nokey", "b", "1"}), ":0");
  EXPECT_EQ(Run({"smove", "a", "a", "2"}), ":1");
  EXPECT_EQ(Run({"smove", "a", "a", "3"}), ":0");
  EXPECT_EQ(Run({"smove", "a", "b", "2"}), ":1");
  EXPECT_EQ(Run({"exists", "a"}), ":0");
  EXPECT_EQ(Run({"smembers", "b"}), "[$1, $2]");
  EXPECT_EQ(propagated().size(), 3u);
}

TEST_F(SetTest, PopIsPropagatedAsWhatWentAway) {
  Run({"sadd", "s", "1"});
  ForgetPropagated();
  EXPECT_EQ(Run({"spop", "s"}), "$1");
  EXPECT_EQ(Run({"spop", "s"}), "(nil)");
  EXPECT_EQ(Run({"spop", "s", "3"}), "[]");
  EXPECT_THAT(propagated(), ElementsAre("[0] SREM s 1"));
  Run({"sadd", "s", "1", "2", "3"});
  ForgetPropagated();
  EXPECT_EQ(Run({"spop", "s", "0"}), "[]");
  EXPECT_EQ(Run({"spop", "s", "3"}), "[$1, $2, $3]");
  EXPECT_EQ(Run({"exists", "s"}), ":0");
  EXPECT_THAT(propagated(), ElementsAre("[0] DEL s"));
}

TEST_F(SetTest, PopRefusesCountsThatAreNotPositive) {
  EXPECT_EQ(Run({"spop", "s", "-1"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"spop", "s", "x"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"spop", "s", "1", "2"}), "-ERR syntax error");
}

TEST_F(SetTest, PopOfManyTakesOutWhatItReplies) {
  Fill("s", 1000);
  EXPECT_NE(Run({"spop", "s", "990"}), "[]");
  EXPECT_EQ(Run({"scard", "s"}), ":10");
}

TEST_F(SetTest, PopOfManyIsPropagatedInPiecesOfBoundedSize) {
  Fill("s", 100'000);
  ForgetPropagated();
  Run({"spop", "s", "99999"});
  const auto& told = propagated();
  ASSERT_EQ(told.size(), 98u + 2);
  EXPECT_EQ(told.front(), "[0] MULTI");
  EXPECT_EQ(told.back(), "[0] EXEC");
  size_t members = 0;
  for (size_t i = 1; i + 1 < told.size(); ++i) {
    ASSERT_TRUE(told[i].starts_with("[0] SREM s "));
    const auto words = static_cast<size_t>(std::count(told[i].begin(), told[i].end(), ' '));
    EXPECT_LE(words - 2, 1024u);
    members += words - 2;
  }
  EXPECT_EQ(members, 99'999u);
}

TEST_F(SetTest, PopAllCountsEachMemberAsAChange) {
  Fill("s", 1000);
  const uint64_t dirty = keyspace_.dirty();
  Run({"spop", "s", "1000"});
  EXPECT_EQ(keyspace_.dirty() - dirty, 1000u);
}

TEST_F(SetTest, RandomMembers) {
  EXPECT_EQ(Run({"srandmember", "s"}), "(nil)");
  EXPECT_EQ(Run({"srandmember", "s", "3"}), "[]");
  Run({"sadd", "s", "1", "2"});
  EXPECT_EQ(Run({"srandmember", "s", "0"}), "[]");
  EXPECT_EQ(Run({"srandmember", "s", "5"}), "[$1, $2]");
  EXPECT_EQ(Run({"srandmember", "s", "1", "2"}), "-ERR syntax error");
  EXPECT_EQ(Run({"srandmember", "s", "-9223372036854775808"}),
            "-ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807");
  Run({"srem", "s", "2"});
  EXPECT_EQ(Run({"srandmember", "s", "-3"}), "[$1, $1, $1]");
}

TEST_F(SetTest, Intersection) {
  Run({"sadd", "a", "1", "2", "3", "x"});
  Run({"sadd", "b", "2", "3", "4"});
  EXPECT_EQ(Run({"sinter", "a", "b"}), "[$2, $3]");
  EXPECT_EQ(Run({"sinter", "b", "b"}), "[$2, $3, $4]");
  EXPECT_EQ(Run({"sinter", "a", "nokey"}), "[]");
  EXPECT_EQ(Run({"sinterstore", "d", "a", "b"}), ":2");
  EXPECT_EQ(Run({"smembers", "d"}), "[$2, $3]");
  EXPECT_EQ(Run({"object", "encoding", "d"}), "$intset");
  EXPECT_EQ(Run({"sinterstore", "d", "a", "nokey"}), ":0");
  EXPECT_EQ(Run({"exists", "d"}), ":0");
}

TEST_F(SetTest, IntersectionMayBeCountedUpToALimit) {
  Fill("a", 1000);
  Fill("b", 600);
  EXPECT_EQ(Run({"sintercard", "2", "a", "b"}), ":600");
  EXPECT_EQ(Run({"sintercard", "2", "a", "b", "LIMIT", "0"}), ":600");
  EXPECT_EQ(Run({"sintercard", "2", "a", "b", "limit", "7"}), ":7");
  EXPECT_EQ(Run({"sintercard", "2", "a", "nokey"}), ":0");
  EXPECT_EQ(Run({"sintercard", "0", "a"}), "-ERR numkeys should be greater than 0");
  EXPECT_EQ(Run({"sintercard", "x", "a"}), "-ERR numkeys should be greater than 0");
  EXPECT_EQ(Run({"sintercard", "2", "a"}),
            "-ERR Number of keys can't be greater than number of args");
  EXPECT_EQ(Run({"sintercard", "1", "a", "b"}), "-ERR syntax error");
  EXPECT_EQ(Run({"sintercard", "1", "a", "limit"}), "-ERR syntax error");
  EXPECT_EQ(Run({"sintercard", "1", "a", "limit", "-1"}), "-ERR LIMIT can't be negative");
}

TEST_F(SetTest, UnionAndDifference) {
  Run({"sadd", "a", "1", "2", "3"});
  Run({"sadd", "b", "2"});
  Run({"sadd", "c", "4"});
  EXPECT_EQ(Run({"sunion", "a", "nokey", "b", "c"}), "[$1, $2, $3, $4]");
  EXPECT_EQ(Run({"sdiff", "a", "nokey", "b"}), "[$1, $3]");
  EXPECT_EQ(Run({"sdiff", "a", "b", "a"}), "[]");
  EXPECT_EQ(Run({"sdiff", "nokey", "a"}), "[]");
  EXPECT_EQ(Run({"sunionstore", "a", "a", "c"}), ":4");
  EXPECT_EQ(Run({"sdiffstore", "a", "a", "b", "c"}), ":2");
  EXPECT_EQ(Run({"smembers", "a"}), "[$1, $3]");
  EXPECT_EQ(Run({"sdiffstore", "a", "b", "b"}), ":0");
  EXPECT_EQ(Run({"exists", "a"}), ":0");
}

TEST_F(SetTest, BothWaysOfSubtractingAgree) {
  Fill("first", 700);
  Fill("same", 650);
  EXPECT_EQ(Number({"sdiffstore", "d", "first", "same"}), 50);
  // Many small sets: their members are erased from a copy.
  EXPECT_EQ(Run({"sadd", "x", "s1", "s2"}), ":2");
  EXPECT_EQ(Run({"sadd", "y", "s3"}), ":1");
  EXPECT_EQ(Number({"sdiffstore", "d", "first", "x", "y", "x", "y", "x"}), 697);
}

TEST_F(SetTest, AStoredResultReplacesWhateverWasThere) {
  Run({"set", "d", "text", "px", "5000"});
  Run({"sadd", "a", "1"});
  EXPECT_EQ(Run({"sunionstore", "d", "a"}), ":1");
  EXPECT_EQ(Run({"type", "d"}), "+set");
  EXPECT_EQ(Run({"pttl", "d"}), ":-1");
  EXPECT_EQ(propagated().back(), "[0] sunionstore d a");
}

TEST_F(SetTest, ScanSeesEveryMember) {
  EXPECT_EQ(Run({"sscan", "nokey", "0"}), "[$0, []]");
  Run({"sadd", "i", "10", "11", "2"});
  EXPECT_EQ(Run({"sscan", "i", "0", "match", "1*"}), "[$0, [$10, $11]]");
  Fill("s", 2000);
  std::set<std::string> seen;
  std::string cursor = "0";
  int calls = 0;
  do {
    const std::string reply = Run({"sscan", "s", cursor, "count", "50"});
    ++calls;
    cursor = reply.substr(2, reply.find(',') - 2);
    for (size_t at = reply.find('[', 1); (at = reply.find("$s", at)) != std::string::npos; ++at) {
      seen.insert(reply.substr(at + 1, reply.find_first_of(",]", at) - at - 1));
    }
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 2000u);
  EXPECT_GE(calls, 20);
}

TEST_F(SetTest, NothingIsPropagatedWhenNothingChanged) {
  Run({"sadd", "s", "1"});
  ForgetPropagated();
  Run({"sadd", "s", "1"});
  Run({"srem", "s", "2"});
  Run({"sunionstore", "d", "nokey"});
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(SetTest, DrawsAreLimited) {
  OursAlone();
  Run({"sadd", "s", "m"});
  EXPECT_EQ(Run({"srandmember", "s", "-9223372036854775808"}),
            "-ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807");
  EXPECT_EQ(Run({"srandmember", "s", "-9223372036854775807"}), "-ERR value is out of range");
  EXPECT_EQ(Run({"srandmember", "s", "-2"}), "[$m, $m]");
}

}  // namespace
}  // namespace rha::node::commands
