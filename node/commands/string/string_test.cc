#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StringTest : public CommandTest {};

constexpr char kWrongInteger[] = "-ERR value is not an integer or out of range";

TEST_F(StringTest, SetAndGet) {
  EXPECT_EQ(Run({"set", "k", "v"}), "+OK");
  EXPECT_EQ(Run({"get", "k"}), "$v");
  EXPECT_EQ(Run({"get", "nokey"}), "(nil)");
  EXPECT_THAT(propagated(), ElementsAre("[0] set k v"));
}

TEST_F(StringTest, SetConditions) {
  EXPECT_EQ(Run({"set", "k", "v", "xx"}), "(nil)");
  EXPECT_EQ(Run({"set", "k", "v", "nx"}), "+OK");
  EXPECT_EQ(Run({"set", "k", "w", "nx"}), "(nil)");
  EXPECT_EQ(Run({"set", "k", "w", "nx", "xx"}), "-ERR syntax error");
  EXPECT_EQ(Run({"set", "k", "w", "xx", "get"}), "$v");
}

TEST_F(StringTest, SetWithExpiryIsPropagatedAsAPointInTime) {
  EXPECT_EQ(Run({"set", "k", "v", "EX", "10"}), "+OK");
  const std::string at = std::to_string(clock_.UnixMillis() + 10000);
  EXPECT_THAT(propagated(), ElementsAre("[0] SET k v PXAT " + at));
  Advance(10000);
  EXPECT_EQ(Run({"get", "k"}), "$v");
  Advance(1);
  EXPECT_EQ(Run({"get", "k"}), "(nil)");
  EXPECT_EQ(propagated().back(), "[0] DEL k");
}

TEST_F(StringTest, SetRefusesImpossibleTimes) {
  for (const char* time : {"0", "-5", "9223372036854775807"}) {
    EXPECT_EQ(Run({"set", "k", "v", "ex", time}), "-ERR invalid expire time in 'set' command")
        << time;
  }
  EXPECT_EQ(Run({"set", "k", "v", "ex", "abc"}), kWrongInteger);
  EXPECT_EQ(Run({"exists", "k"}), ":0");
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(StringTest, SetGetIsPropagatedWithoutGet) {
  Run({"set", "k", "v", "GET", "keepttl"});
  EXPECT_THAT(propagated(), ElementsAre("[0] set k v keepttl"));
}

TEST_F(StringTest, KeepTtl) {
  Run({"set", "k", "v", "px", "5000"});
  Run({"set", "k", "w", "keepttl"});
  EXPECT_EQ(Run({"pttl", "k"}), ":5000");
  Run({"set", "k", "x"});
  EXPECT_EQ(Run({"pttl", "k"}), ":-1");
}

TEST_F(StringTest, OverwritingAnExpiredKeyDeletesItFirst) {
  Run({"set", "k", "v", "px", "10"});
  ForgetPropagated();
  Advance(11);
  Run({"set", "k", "w"});
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] DEL k", "[0] set k w", "[0] EXEC"));
}

TEST_F(StringTest, GetExAndGetDel) {
  Run({"set", "k", "v"});
  ForgetPropagated();
  EXPECT_EQ(Run({"getex", "k"}), "$v");
  EXPECT_THAT(propagated(), IsEmpty());
  EXPECT_EQ(Run({"getex", "k", "px", "100"}), "$v");
  EXPECT_EQ(Run({"getex", "k", "persist"}), "$v");
  EXPECT_EQ(Run({"getex", "k", "exat", "1"}), "$v");
  EXPECT_EQ(Run({"exists", "k"}), ":0");
  const std::string at = std::to_string(clock_.UnixMillis() + 100);
  EXPECT_THAT(propagated(), ElementsAre("[0] PEXPIREAT k " + at, "[0] PERSIST k", "[0] DEL k"));
  Run({"set", "k", "v"});
  EXPECT_EQ(Run({"getdel", "k"}), "$v");
  EXPECT_EQ(propagated().back(), "[0] DEL k");
}

TEST_F(StringTest, MultipleKeys) {
  EXPECT_EQ(Run({"mset", "a", "1", "b"}), "-ERR wrong number of arguments for 'mset' command");
  EXPECT_EQ(Run({"mset", "a", "1", "b", "2"}), "+OK");
  EXPECT_EQ(Run({"mget", "a", "x", "b"}), "[$1, (nil), $2]");
  EXPECT_EQ(Run({"msetnx", "c", "3", "a", "4"}), ":0");
  EXPECT_EQ(Run({"exists", "c"}), ":0");
}

TEST_F(StringTest, Counters) {
  EXPECT_EQ(Run({"incr", "n"}), ":1");
  EXPECT_EQ(Run({"decrby", "n", "5"}), ":-4");
  Run({"set", "n", "9223372036854775807"});
  EXPECT_EQ(Run({"incr", "n"}), "-ERR increment or decrement would overflow");
  EXPECT_EQ(Run({"decrby", "n", "-9223372036854775808"}), "-ERR decrement would overflow");
  Run({"set", "n", " 1"});
  EXPECT_EQ(Run({"incr", "n"}), kWrongInteger);
}

TEST_F(StringTest, IncrByFloatIsPropagatedAsItsResult) {
  Run({"set", "f", "3.0e3"});
  EXPECT_EQ(Run({"incrbyfloat", "f", "200"}), "$3200");
  EXPECT_EQ(propagated().back(), "[0] SET f 3200 KEEPTTL");
  EXPECT_EQ(Run({"incrbyfloat", "f", "1e5000"}), "-ERR value is not a valid float");
  EXPECT_EQ(Run({"incrbyfloat", "f", "inf"}), "-ERR increment would produce NaN or Infinity");
}

TEST_F(StringTest, EncodingsFollowTheHistoryOfTheValue) {
  Run({"set", "k", "12"});
  EXPECT_EQ(Run({"object", "encoding", "k"}), "$int");
  Run({"append", "k", "3"});
  EXPECT_EQ(Run({"get", "k"}), "$123");
  EXPECT_EQ(Run({"object", "encoding", "k"}), "$raw");
  Run({"set", "k", "short"});
  EXPECT_EQ(Run({"object", "encoding", "k"}), "$embstr");
  Run({"set", "k", std::string(45, 'x')});
  EXPECT_EQ(Run({"object", "encoding", "k"}), "$raw");
}

TEST_F(StringTest, Ranges) {
  EXPECT_EQ(Run({"setrange", "k", "3", "abc"}), ":6");
  EXPECT_EQ(Run({"get", "k"}), std::string("$\0\0\0abc", 7));
  EXPECT_EQ(Run({"getrange", "k", "-3", "-1"}), "$abc");
  EXPECT_EQ(Run({"getrange", "k", "4", "100"}), "$bc");
  EXPECT_EQ(Run({"setrange", "k", "-1", "x"}), "-ERR offset is out of range");
  EXPECT_EQ(Run({"setrange", "k", "536870911", "xx"}),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
}

TEST_F(StringTest, RangesBeyondEveryLengthAreRefused) {
  for (const std::string_view offset :
       {"4294967295", "4294967296", "4294967300", "9223372036854775806", "9223372036854775807"}) {
    EXPECT_EQ(Run({"setrange", "k", offset, "xx"}),
              "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  }
  EXPECT_EQ(Run({"exists", "k"}), ":0");
}

TEST_F(StringTest, Lcs) {
  Run({"mset", "a", "ohmytext", "b", "mynewtext"});
  EXPECT_EQ(Run({"lcs", "a", "b"}), "$mytext");
  EXPECT_EQ(Run({"lcs", "a", "b", "len"}), ":6");
  EXPECT_EQ(Run({"lcs", "a", "b", "idx", "minmatchlen", "4", "withmatchlen"}),
            "[$matches, [[[:4, :7], [:5, :8], :4]], $len, :6]");
}

TEST_F(StringTest, IncrByFloatStoresTextEvenIfItIsAWholeNumber) {
  EXPECT_EQ(Run({"incrbyfloat", "new", "25"}), "$25");
  EXPECT_EQ(Run({"object", "encoding", "new"}), "$embstr");
  Run({"set", "old", "1.5"});
  EXPECT_EQ(Run({"incrbyfloat", "old", "0.5"}), "$2");
  EXPECT_EQ(Run({"object", "encoding", "old"}), "$embstr");
  EXPECT_EQ(Run({"incr", "old"}), ":3");
  EXPECT_EQ(Run({"object", "encoding", "old"}), "$int");
}

}  // namespace
}  // namespace rha::node::commands
