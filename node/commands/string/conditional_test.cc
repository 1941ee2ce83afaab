// SET's comparisons, DELEX, DELIFEQ and MSETEX, which Redis 7.0 does not have.
#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";

class ConditionalTest : public CommandTest {
 protected:
  ConditionalTest() { OursAlone(); }
};

TEST_F(ConditionalTest, SetComparesWithWhatIsThere) {
  EXPECT_EQ(Run({"set", "k", "b", "ifeq", "a"}), "(nil)");
  EXPECT_EQ(Run({"exists", "k"}), ":0");
  EXPECT_EQ(Run({"set", "k", "a", "IFNE", "x"}), "+OK");
  EXPECT_EQ(Run({"set", "k", "b", "IFEQ", "x"}), "(nil)");
  EXPECT_EQ(Run({"set", "k", "b", "IFEQ", "a"}), "+OK");
  EXPECT_EQ(Run({"set", "k", "c", "ifne", "b"}), "(nil)");
  EXPECT_EQ(Run({"set", "k", "c", "ifne", "b", "get"}), "$b");
  EXPECT_EQ(Run({"get", "k"}), "$b");
  EXPECT_EQ(Run({"set", "k", "7", "ifeq", "b", "get"}), "$b");
  EXPECT_EQ(Run({"set", "k", "8", "ifeq", "7"}), "+OK");
}

TEST_F(ConditionalTest, SetWithTwoConditionsOrNoValueIsASyntaxError) {
  for (const auto& words : std::initializer_list<std::initializer_list<std::string_view>>{
           {"set", "k", "v", "ifeq"},
           {"set", "k", "v", "nx", "ifeq", "a"},
           {"set", "k", "v", "ifeq", "a", "xx"},
           {"set", "k", "v", "ifeq", "a", "ifeq", "a"},
           {"set", "k", "v", "ifeq", "a", "ifne", "b"}}) {
    EXPECT_EQ(Run(words), "-ERR syntax error");
  }
  Run({"sadd", "s", "x"});
  EXPECT_EQ(Run({"set", "s", "v", "ifeq", "x"}), kWrongType);
  EXPECT_EQ(Run({"set", "s", "v", "ifne", "x"}), kWrongType);
}

TEST_F(ConditionalTest, ReplicasAreToldInWordsOfRedis7) {
  Run({"set", "k", "a"});
  ForgetPropagated();
  Run({"set", "k", "b", "ifeq", "x"});
  EXPECT_THAT(propagated(), IsEmpty());
  Run({"set", "k", "b", "ifeq", "a"});
  Run({"set", "k", "c", "ifeq", "b", "pxat", "99999999999999"});
  Run({"set", "k", "d", "ifne", "b", "keepttl"});
  Run({"delex", "k", "ifeq", "d"});
  EXPECT_THAT(propagated(), ElementsAre("[0] set k b", "[0] SET k c PXAT 99999999999999",
                                        "[0] set k d keepttl", "[0] DEL k"));
}

TEST_F(ConditionalTest, DelExDeletesWhatEquals) {
  EXPECT_EQ(Run({"delex", "k"}), ":0");
  EXPECT_EQ(Run({"delex", "k", "ifne", "a"}), ":0");
  Run({"mset", "k", "a", "l", "12"});
  EXPECT_EQ(Run({"delex", "k", "ifeq", "b"}), ":0");
  EXPECT_EQ(Run({"delex", "k", "ifne", "a"}), ":0");
  EXPECT_EQ(Run({"delex", "k", "IFEQ", "a"}), ":1");
  EXPECT_EQ(Run({"delifeq", "l", "13"}), ":0");
  EXPECT_EQ(Run({"delifeq", "l", "12"}), ":1");
  Run({"sadd", "s", "x"});
  EXPECT_EQ(Run({"delex", "s", "ifeq", "x"}), kWrongType);
  EXPECT_EQ(Run({"delifeq", "s", "x"}), kWrongType);
  EXPECT_EQ(Run({"delex", "s"}), ":1");
  EXPECT_EQ(Run({"delex", "k", "ifeq"}), "-ERR wrong number of arguments for 'delex' command");
  EXPECT_EQ(Run({"delex", "k", "foo", "a"}), "-ERR syntax error");
  EXPECT_EQ(Run({"dbsize"}), ":0");
}

TEST_F(ConditionalTest, MSetExSetsAllOrNone) {
  EXPECT_EQ(Run({"msetex", "2", "a", "1", "b", "2", "xx"}), ":0");
  EXPECT_EQ(Run({"msetex", "2", "a", "1", "b", "2", "nx", "px", "100000"}), ":1");
  EXPECT_EQ(Run({"pttl", "b"}), ":100000");
  EXPECT_EQ(Run({"msetex", "2", "c", "1", "b", "9", "nx"}), ":0");
  EXPECT_EQ(Run({"exists", "c"}), ":0");
  EXPECT_EQ(Run({"msetex", "1", "a", "3", "keepttl"}), ":1");
  EXPECT_EQ(Run({"pttl", "a"}), ":100000");
  EXPECT_EQ(Run({"msetex", "1", "a", "4"}), ":1");
  EXPECT_EQ(Run({"pttl", "a"}), ":-1");
  EXPECT_EQ(Run({"mget", "a", "b"}), "[$4, $2]");
}

TEST_F(ConditionalTest, MSetExReadsAllBeforeItSetsAny) {
  const char* const arity = "-ERR wrong number of arguments for 'msetex' command";
  EXPECT_EQ(Run({"msetex", "2", "a", "1"}), arity);
  EXPECT_EQ(Run({"msetex", "2", "a", "1", "b"}), arity);
  EXPECT_EQ(Run({"msetex", "9223372036854775807", "a", "1"}), arity);
  EXPECT_EQ(Run({"msetex", "0", "a", "1"}), "-ERR invalid numkeys value");
  EXPECT_EQ(Run({"msetex", "x", "a", "1"}), "-ERR invalid numkeys value");
  EXPECT_EQ(Run({"msetex", "1", "a", "1", "get"}), "-ERR syntax error");
  EXPECT_EQ(Run({"msetex", "1", "a", "1", "ifeq", "1"}), "-ERR syntax error");
  EXPECT_EQ(Run({"msetex", "1", "a", "1", "b", "2"}), "-ERR syntax error");
  EXPECT_EQ(Run({"msetex", "1", "a", "1", "ex", "0"}),
            "-ERR invalid expire time in 'msetex' command");
  EXPECT_EQ(Run({"dbsize"}), ":0");
  EXPECT_THAT(propagated(), IsEmpty());
}

TEST_F(ConditionalTest, TheKeysOfMSetExAreFound) {
  EXPECT_EQ(Run({"command", "getkeys", "msetex", "2", "a", "1", "b", "2", "nx"}), "[$a, $b]");
  EXPECT_EQ(Run({"command", "getkeys", "msetex", "3", "a", "1", "b", "2"}),
            "-ERR Invalid arguments specified for command");
  Run({"msetex", "2", "a", "1", "b", "2", "pxat", "99999999999999"});
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] SET a 1 PXAT 99999999999999",
                                        "[0] SET b 2 PXAT 99999999999999", "[0] EXEC"));
}

}  // namespace
}  // namespace rha::node::commands
