#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StreamTest : public CommandTest {
 protected:
  void Add(std::initializer_list<std::string_view> ids) {
    for (const std::string_view id : ids) Run({"xadd", "s", id, "f", id});
    ForgetPropagated();
  }
};

TEST_F(StreamTest, NumbersOfAnIdAreReadAsTheCLibraryReadsThem) {
  EXPECT_EQ(Run({"xadd", "s", " 1-01", "f", "v"}), "$1-1");
  EXPECT_EQ(Run({"xadd", "s", "+2- +3", "f", "v"}), "$2-3");
  for (const std::string_view id : {"++4", "+ 4", "+", " ", "4 ", "-4", "4-", "4-x", "0x4"}) {
    EXPECT_EQ(Run({"xadd", "s", id, "f", "v"}),
              "-ERR Invalid stream ID specified as stream command argument")
        << id;
  }
}

TEST_F(StreamTest, ReplicasAreToldTheIdThatWasGiven) {
  OursAlone();  // by a clock of its own
  EXPECT_EQ(Run({"xadd", "s", "5-*", "f", "v"}), "$5-0");
  EXPECT_EQ(Run({"xadd", "s", "5-*", "f", "v"}), "$5-1");
  const std::string id = Run({"xadd", "s", "nomkstream", "*", "f", "v"}).substr(1);
  EXPECT_THAT(propagated(), ElementsAre("[0] xadd s 5-0 f v", "[0] xadd s 5-1 f v",
                                        "[0] xadd s nomkstream " + id + " f v"));
}

TEST_F(StreamTest, ReplicasAreToldExactlyWhatWasTrimmed) {
  OursAlone();
  keyspace_.form_limits().stream_node_max_entries = 2;
  Add({"1-0", "2-0", "3-0", "4-0", "5-0"});
  EXPECT_EQ(Run({"xtrim", "s", "maxlen", "~", "2"}), ":2");
  EXPECT_EQ(Run({"xadd", "s", "minid", "~", "5", "limit", "10", "6-0", "f", "v"}), "$6-0");
  EXPECT_EQ(Run({"xtrim", "s", "maxlen", "~", "4"}), ":0");
  EXPECT_THAT(propagated(),
              ElementsAre("[0] xtrim s maxlen = 3", "[0] xadd s minid = 5-0 limit 10 6-0 f v"));
}

TEST_F(StreamTest, IdsEndWhereTheyMust) {
  EXPECT_EQ(Run({"xadd", "s", "0-0", "f", "v"}),
            "-ERR The ID specified in XADD must be greater than 0-0");
  EXPECT_EQ(Run({"xadd", "s", "0-*", "f", "v"}), "$0-1");
  EXPECT_EQ(Run({"xadd", "s", "7-18446744073709551615", "f", "v"}), "$7-18446744073709551615");
  EXPECT_EQ(Run({"xadd", "s", "18446744073709551615-18446744073709551615", "f", "v"}),
            "$18446744073709551615-18446744073709551615");
  EXPECT_EQ(Run({"xadd", "s", "*", "f", "v"}),
            "-ERR The stream has exhausted the last possible ID, unable to add more items");
  EXPECT_EQ(Run({"xrange", "s", "(18446744073709551615-18446744073709551615", "+"}),
            "-ERR invalid start ID for the interval");
  OursAlone();  // Redis 7.0 says what went wrong the last time
  EXPECT_EQ(Run({"xadd", "t", "7-18446744073709551615", "f", "v"}), "$7-18446744073709551615");
  EXPECT_EQ(Run({"xadd", "t", "7-*", "f", "v"}),
            "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
}

TEST_F(StreamTest, TheGreatestIdIsAnotherWordForWhatIsNew) {
  constexpr std::string_view kGreatest = "18446744073709551615-18446744073709551615";
  Run({"xgroup", "create", "s", "g", "0", "mkstream"});
  EXPECT_EQ(Run({"xreadgroup", "group", "g", "c", "streams", "s", kGreatest}), "(nil)");
  Run({"xadd", "s", "1-1", "f", "v"});
  EXPECT_EQ(Run({"xreadgroup", "group", "g", "c", "streams", "s", kGreatest}),
            "[[$s, [[$1-1, [$f, $v]]]]]");
}

TEST_F(StreamTest, AnEmptyStreamStays) {
  Add({"1-0"});
  EXPECT_EQ(Run({"xdel", "s", "1-0", "1-0"}), ":1");
  EXPECT_EQ(Run({"type", "s"}), "+stream");
  EXPECT_EQ(Run({"xlen", "s"}), ":0");
  EXPECT_EQ(Run({"xadd", "s", "1-0", "f", "v"}),
            "-ERR The ID specified in XADD is equal or smaller than the target stream top item");
}

TEST_F(StreamTest, ReplicasAreToldWhatAGroupWasGiven) {
  OursAlone();
  Add({"1-0", "2-0"});
  Run({"xgroup", "create", "s", "g", "0"});
  ForgetPropagated();
  EXPECT_EQ(Run({"xreadgroup", "group", "g", "c", "count", "1", "streams", "s", ">"}),
            "[[$s, [[$1-0, [$f, $1-0]]]]]");
  const std::string now = std::to_string(keyspace_.now_ms());
  EXPECT_THAT(propagated(), ElementsAre("[0] XCLAIM s g c 0 1-0 TIME " + now +
                                        " RETRYCOUNT 1 FORCE JUSTID LASTID 1-0"));
  ForgetPropagated();
  Run({"xreadgroup", "group", "g", "d", "noack", "streams", "s", ">"});
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] XGROUP CREATECONSUMER s g d",
                                        "[0] XGROUP SETID s g 2-0 ENTRIESREAD 2", "[0] EXEC"));
  ForgetPropagated();
  Run({"xreadgroup", "group", "g", "c", "streams", "s", "0"});
  EXPECT_THAT(propagated(), IsEmpty());
  EXPECT_EQ(Run({"xack", "s", "g", "1-0", "2-0"}), ":1");
}

TEST_F(StreamTest, WhoWaitsIsGivenWhatComes) {
  OursAlone();
  Add({"1-0"});
  Run({"xgroup", "create", "s", "g", "$"});
  EXPECT_EQ(Run({"xread", "block", "0", "streams", "s", "$"}), "");
  EXPECT_EQ(RunOn(other_, {"xreadgroup", "group", "g", "c", "block", "0", "streams", "s", ">"}),
            "");
  dispatch::Session third;
  engine_.Join(third);
  RunOn(third, {"xack", "s", "g", "1-0"});
  EXPECT_EQ(Pushed(session_), "");
  EXPECT_EQ(RunOn(third, {"xadd", "s", "2-0", "f", "v"}), "$2-0");
  EXPECT_EQ(Pushed(session_), "[[$s, [[$2-0, [$f, $v]]]]]");
  EXPECT_EQ(Pushed(other_), "[[$s, [[$2-0, [$f, $v]]]]]");
  engine_.Leave(third);
}

TEST_F(StreamTest, AConsumerWasActiveWhenItGotSomething) {
  OursAlone();  // told since Redis 7.2
  Run({"xgroup", "create", "s", "g", "$", "mkstream"});
  Run({"xgroup", "createconsumer", "s", "g", "c"});
  const auto inactive = [&] {
    const std::string reply = Run({"xinfo", "consumers", "s", "g"});
    return reply.substr(reply.find("$inactive"));
  };
  EXPECT_EQ(inactive(), "$inactive, :-1]]");
  Run({"xadd", "s", "1-0", "f", "v"});
  Run({"xreadgroup", "group", "g", "c", "streams", "s", ">"});
  EXPECT_EQ(inactive(), "$inactive, :0]]");
  Advance(50);
  Run({"xreadgroup", "group", "g", "c", "streams", "s", "0"});
  EXPECT_EQ(inactive(), "$inactive, :50]]") << "it got nothing new";
  Run({"xclaim", "s", "g", "c", "0", "1-0"});
  EXPECT_EQ(inactive(), "$inactive, :0]]");
}

TEST_F(StreamTest, WhoWaitsInAGroupLearnsThatItHasGone) {
  OursAlone();
  for (const auto& [words, error] :
       std::vector<std::pair<std::vector<std::string_view>, std::string>>{
           {{"xgroup", "destroy", "s", "g"},
            "-NOGROUP the consumer group this client was blocked on no longer exists"},
           {{"del", "s"}, "-UNBLOCKED the stream key no longer exists"},
           {{"set", "s", "x"}, "-UNBLOCKED the stream key no longer exists"},
           {{"flushall"}, "-UNBLOCKED the stream key no longer exists"},
           {{"rename", "s", "t"}, "-UNBLOCKED the stream key no longer exists"}}) {
    Run({"del", "s"});
    Run({"xgroup", "create", "s", "g", "$", "mkstream"});
    EXPECT_EQ(RunOn(other_, {"xreadgroup", "group", "g", "c", "block", "0", "streams", "s", ">"}),
              "");
    Run(words);
    EXPECT_EQ(Pushed(other_), error);
  }
}

TEST_F(StreamTest, HostileNumbersAreRefusedOrHarmless) {
  Add({"1-0"});
  Run({"xgroup", "create", "s", "g", "0"});
  EXPECT_EQ(Run({"xtrim", "s", "maxlen", "9223372036854775808"}),
            "-ERR value is not an integer or out of range");
  EXPECT_EQ(Run({"xtrim", "s", "maxlen", "~", "9223372036854775807"}), ":0");
  EXPECT_EQ(Run({"xtrim", "s", "maxlen", "-1"}), "-ERR The MAXLEN argument must be >= 0.");
  EXPECT_EQ(Run({"xrange", "s", "-", "+", "count", "-5"}), "(nil)");
  EXPECT_EQ(Run({"xautoclaim", "s", "g", "c", "0", "0", "count", "9223372036854775807"}),
            "-ERR COUNT must be > 0");
  EXPECT_EQ(Run({"xsetid", "s", "9-0", "entriesadded", "9223372036854775807"}), "+OK");
  EXPECT_EQ(Run({"xgroup", "setid", "s", "g", "0", "entriesread", "9223372036854775807"}), "+OK");
  EXPECT_EQ(Run({"xadd", "s", "10-0", "f", "v"}), "$10-0");
  Run({"xreadgroup", "group", "g", "c", "streams", "s", ">"});
  EXPECT_EQ(Run({"xclaim", "s", "g", "c", "0", "1-0", "idle", "-9223372036854775808", "justid"}),
            "[$1-0]");
  EXPECT_EQ(Run({"xpending", "s", "g", "-", "+", "9223372036854775807", "nobody"}), "[]");
}

}  // namespace
}  // namespace rha::node::commands
