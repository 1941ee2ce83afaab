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

}  // namespace
}  // namespace rha::node::commands
