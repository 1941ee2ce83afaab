#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class BitsTest : public CommandTest {};

TEST_F(BitsTest, OfSeveralMistakesTheOneThatRedisTellsIsTold) {
  Run({"set", "s", "abc"});
  EXPECT_EQ(Run({"bitpos", "s", "1", "0", "x", "foo"}), "-ERR syntax error");
  EXPECT_EQ(Run({"bitpos", "s", "1", "x", "0", "foo"}),
            "-ERR value is not an integer or out of range");
  EXPECT_EQ(Run({"bitcount", "s", "0", "x", "foo"}),
            "-ERR value is not an integer or out of range");
}

TEST_F(BitsTest, OnlyWhatChangesIsPropagated) {
  EXPECT_EQ(Run({"setbit", "k", "7", "0"}), ":0");
  EXPECT_THAT(propagated(), ElementsAre("[0] setbit k 7 0"));
  ForgetPropagated();
  EXPECT_EQ(Run({"setbit", "k", "7", "0"}), ":0");
  EXPECT_EQ(Run({"bitfield", "k", "get", "u8", "0", "set", "u8", "0", "0"}), "[:0, :0]");
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(BitsTest, AStringThatGrewIsPropagatedThoughNoFieldCouldBeSet) {
  EXPECT_EQ(Run({"bitfield", "k", "overflow", "fail", "incrby", "u2", "14", "4"}), "[(nil)]");
  EXPECT_EQ(Run({"strlen", "k"}), ":2");
  EXPECT_THAT(propagated(), ElementsAre("[0] bitfield k overflow fail incrby u2 14 4"));
}

TEST_F(BitsTest, OffsetsEndWhereTheLongestStringDoes) {
  constexpr char kError[] = "-ERR bit offset is not an integer or out of range";
  for (const char* offset : {"-1", "4294967296", "9223372036854775807", "x", "#1"}) {
    EXPECT_EQ(Run({"setbit", "k", offset, "1"}), kError) << offset;
    EXPECT_EQ(Run({"getbit", "k", offset}), kError) << offset;
  }
  EXPECT_EQ(Run({"bitfield", "k", "get", "i64", "#9223372036854775807"}), kError);
  EXPECT_EQ(Run({"exists", "k"}), ":0");
}

TEST_F(BitsTest, AWrongTypeIsLeftAlone) {
  Run({"rpush", "list", "a"});
  for (const auto& words : std::initializer_list<std::initializer_list<std::string_view>>{
           {"setbit", "list", "0", "1"},
           {"getbit", "list", "0"},
           {"bitcount", "list"},
           {"bitpos", "list", "1"},
           {"bitop", "and", "d", "list"},
           {"bitfield", "list", "set", "u8", "0", "1"}}) {
    EXPECT_EQ(Run(words), "-WRONGTYPE Operation against a key holding the wrong kind of value");
  }
  EXPECT_EQ(Run({"llen", "list"}), ":1");
}

TEST_F(BitsTest, ANegativeNumberIsTooLargeForAnUnsignedField) {
  EXPECT_EQ(Run({"bitfield", "k", "overflow", "sat", "set", "u8", "0", "-1", "get", "u8", "0"}),
            "[:0, :255]");
  EXPECT_EQ(Run({"bitfield", "k", "overflow", "sat", "incrby", "u8", "0", "-300"}), "[:0]");
  EXPECT_EQ(Run({"bitfield_ro", "k", "set", "u8", "0", "1"}),
            "-ERR BITFIELD_RO only supports the GET subcommand");
}

TEST_F(BitsTest, CombiningNothingErasesTheTarget) {
  Run({"set", "d", "v"});
  EXPECT_EQ(Run({"bitop", "or", "d", "none"}), ":0");
  EXPECT_EQ(Run({"exists", "d"}), ":0");
  Run({"set", "a", "ab"});
  EXPECT_EQ(Run({"bitop", "not", "a", "a"}), ":2");
  EXPECT_EQ(Run({"bitcount", "a", "0", "7", "bit"}), ":5");
}

TEST_F(BitsTest, TheResultMayTakeThePlaceOfWhatItIsMadeOf) {
  Run({"set", "long", std::string(1000, 'f')});
  Run({"set", "number", "12"});
  EXPECT_EQ(Run({"bitop", "or", "number", "number", "long", "number"}), ":1000");
  EXPECT_EQ(Run({"get", "number"}), "$wv" + std::string(998, 'f'));
  EXPECT_EQ(Run({"bitop", "and", "long", "long", "long"}), ":1000");
  EXPECT_EQ(Run({"get", "long"}), "$" + std::string(1000, 'f'));
  Run({"expire", "long", "100"});
  Run({"sadd", "set", "member"});
  EXPECT_EQ(Run({"bitop", "xor", "long", "long", "long"}), ":1000");
  EXPECT_EQ(Run({"get", "long"}), "$" + std::string(1000, '\0'));
  EXPECT_EQ(Run({"ttl", "long"}), ":-1");
  EXPECT_EQ(Run({"bitop", "not", "set", "long"}), ":1000");
  EXPECT_EQ(Run({"object", "encoding", "set"}), "$raw");
}

}  // namespace
}  // namespace rha::node::commands
