#include <gmock/gmock.h>

#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

class DebugTest : public CommandTest {
 protected:
  void Fill() {
    Run({"set", "s", "25"});
    Run({"rpush", "l", "a", "b", "3"});
    Run({"sadd", "st", "1", "2", "x"});
    Run({"zadd", "z", "1", "a", "2.5", "b", "-0", "c", "1e17", "d"});
    Run({"hset", "h", "f", "v", "g", "7"});
    Run({"set", "t", "x"});
    Run({"pexpireat", "t", "9999999999999"});
    Run({"select", "3"});
    Run({"set", "other", "db"});
    Run({"select", "0"});
  }
};

// The digests are redis-server's.
TEST_F(DebugTest, DigestIsThatOfRedis) {
  EXPECT_EQ(Run({"debug", "digest"}), "+0000000000000000000000000000000000000000");
  Fill();
  EXPECT_EQ(Run({"debug", "digest"}), "+d704d16bb3ccc804fd2b82544e7686e41ccbe9f0");
}

TEST_F(DebugTest, AnErrorIsAnsweredAsItIsAskedFor) {
  EXPECT_EQ(Run({"debug", "error", "LOADING two\r\nlines"}), "-LOADING two  lines");
}

TEST_F(DebugTest, DigestValueIsThatOfRedis) {
  Fill();
  EXPECT_EQ(
      Run({"debug", "digest-value", "s", "l", "st", "z", "h", "t", "nokey"}),
      "[+a345c67d13caa69e59657f88df748de7996fa6ff, +09eb1fc9381ee92790d59930ab462945f8cd948b, "
      "+4c6eef6b7853d1b76391c849d71b0d35d3faf18f, +095d3bb9847611e7f14cd5d79d10c7ee8a56ea59, "
      "+42e8aee1f7247f7f7997132f31f0ea5085e70d29, +0745672cb1bf060476eedeb8a28f5ffe1ff5a2be, "
      "+0000000000000000000000000000000000000000]");
}

TEST_F(DebugTest, WordsThatASubcommandDoesNotTakeAreAnError) {
  const auto unknown = [](const std::string& name) {
    return "-ERR unknown subcommand or wrong number of arguments for '" + name +
           "'. Try DEBUG HELP.";
  };
  EXPECT_EQ(Run({"debug", "populate", "2", "p", "3", "4"}), unknown("populate"));
  EXPECT_EQ(Run({"debug", "object", "k", "fast"}), unknown("object"));
  EXPECT_EQ(Run({"debug", "replybuffer", "no", "x"}), unknown("replybuffer"));
  EXPECT_EQ(Run({"debug", "jmap"}), unknown("jmap"));
}

TEST_F(DebugTest, PopulateTakesNoNegativeNumbers) {
  EXPECT_EQ(Run({"debug", "populate", "-1"}), "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"debug", "populate", "1", "p", "-1"}),
            "-ERR value is out of range, must be positive");
  EXPECT_EQ(Run({"debug", "populate", "1", "p", "0"}), "+OK");
  EXPECT_EQ(Run({"get", "p:0"}), "$value:0");
}

TEST_F(DebugTest, HashTablesTellOfTheirSize) {
  OursAlone();
  Fill();
  EXPECT_THAT(
      Run({"debug", "htstats", "0"}),
      testing::MatchesRegex("\\$\\[Dictionary HT\\]\nHash table 0 stats \\(main hash table\\):\n"
                            " table size: [0-9]+\n number of elements: 6\n\\[Expires HT\\]\n"
                            "Hash table 0 stats \\(main hash table\\):\n"
                            " table size: [0-9]+\n number of elements: 1\n"));
  EXPECT_THAT(Run({"debug", "htstats", "1"}), testing::HasSubstr("No stats available"));
  EXPECT_EQ(Run({"debug", "htstats", "16"}), "-ERR Out of range database");
  EXPECT_THAT(Run({"debug", "htstats-key", "st"}), testing::HasSubstr(" number of elements: 3\n"));
  EXPECT_EQ(Run({"debug", "htstats-key", "z"}),
            "-ERR The value stored at the specified key is not represented using an hash table");
  EXPECT_EQ(Run({"debug", "htstats-key", "nokey"}), "-ERR no such key");
}

}  // namespace
}  // namespace rha::node::commands
