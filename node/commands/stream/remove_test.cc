// XDELEX and XACKDEL, which Redis 7.0 does not have.
#include "node/commands/testing/run_command.h"

namespace rha::node::commands {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StreamRemoveTest : public CommandTest {
 protected:
  // Entries 1 to 4; group g has read 1 to 3 and acknowledged 3, h has read 1.
  StreamRemoveTest() {
    OursAlone();
    for (const char* id : {"1", "2", "3", "4"}) Run({"xadd", "s", id, "f", "v"});
    Run({"xgroup", "create", "s", "g", "0"});
    Run({"xgroup", "create", "s", "h", "0"});
    Run({"xreadgroup", "group", "g", "c", "count", "3", "streams", "s", ">"});
    Run({"xreadgroup", "group", "h", "c", "count", "1", "streams", "s", ">"});
    Run({"xack", "s", "g", "3"});
    ForgetPropagated();
  }
  std::string PendingOf(const char* group) {
    return Run({"xpending", "s", group, "-", "+", "10"}) == "[]" ? "none" : "some";
  }
};

TEST_F(StreamRemoveTest, KeepsReferencesUnlessToldOtherwise) {
  EXPECT_EQ(Run({"xdelex", "s", "ids", "2", "1", "9"}), "[:1, :-1]");
  EXPECT_EQ(Run({"xlen", "s"}), ":3");
  EXPECT_EQ(PendingOf("h"), "some");
  EXPECT_THAT(propagated(), ElementsAre("[0] XDEL s 1-0"));
}

TEST_F(StreamRemoveTest, DeletesReferencesOfEveryGroup) {
  EXPECT_EQ(Run({"xdelex", "s", "DELREF", "IDS", "1", "1"}), "[:1]");
  EXPECT_EQ(PendingOf("h"), "none");
  EXPECT_THAT(propagated(), ElementsAre("[0] MULTI", "[0] XACK s g 1-0", "[0] XACK s h 1-0",
                                        "[0] XDEL s 1-0", "[0] EXEC"));
}

TEST_F(StreamRemoveTest, DeletesReferencesOfWhatIsGone) {
  Run({"xdel", "s", "1"});
  EXPECT_EQ(Run({"xdelex", "s", "delref", "ids", "1", "1"}), "[:-1]");
  EXPECT_EQ(PendingOf("h"), "none");
}

TEST_F(StreamRemoveTest, LeavesWhatAGroupHasToReadOrToAcknowledge) {
  // 1: pending; 3: not read by h; 9: not there.
  EXPECT_EQ(Run({"xdelex", "s", "acked", "ids", "3", "1", "3", "9"}), "[:2, :2, :-1]");
  EXPECT_THAT(propagated(), IsEmpty());
  Run({"xgroup", "destroy", "s", "h"});
  EXPECT_EQ(Run({"xdelex", "s", "acked", "ids", "2", "3", "4"}), "[:1, :2]");
}

TEST_F(StreamRemoveTest, AcknowledgesAndDeletes) {
  EXPECT_EQ(Run({"xackdel", "s", "g", "ids", "3", "1", "3", "9"}), "[:1, :-1, :-1]");
  EXPECT_EQ(PendingOf("h"), "some");
  EXPECT_EQ(Run({"xlen", "s"}), ":3");
  EXPECT_THAT(propagated(),
              ElementsAre("[0] MULTI", "[0] XACK s g 1-0", "[0] XDEL s 1-0", "[0] EXEC"));
}

TEST_F(StreamRemoveTest, AcknowledgesAndDeletesWhatNobodyNeedsAnyMore) {
  EXPECT_EQ(Run({"xackdel", "s", "g", "acked", "ids", "1", "1"}), "[:2]");
  EXPECT_EQ(Run({"xackdel", "s", "h", "acked", "ids", "1", "1"}), "[:1]");
  EXPECT_EQ(Run({"xlen", "s"}), ":3");
}

TEST_F(StreamRemoveTest, SaysForEachIdThatThereIsNoStreamOrGroup) {
  EXPECT_EQ(Run({"xdelex", "none", "ids", "2", "1", "2"}), "[:-1, :-1]");
  EXPECT_EQ(Run({"xackdel", "none", "g", "ids", "1", "1"}), "[:-1]");
  EXPECT_EQ(Run({"xackdel", "s", "none", "ids", "1", "1"}), "[:-1]");
}

TEST_F(StreamRemoveTest, ReadsAllBeforeItChangesAnything) {
  const char* const count = "-ERR The `numids` parameter must match the number of arguments";
  EXPECT_EQ(Run({"xdelex", "s", "ids", "3", "1", "2"}), count);
  EXPECT_EQ(Run({"xdelex", "s", "ids", "0", "1"}), "-ERR Number of IDs must be a positive integer");
  EXPECT_EQ(Run({"xdelex", "s", "ids", "1", "1", "2"}), "-ERR syntax error");
  EXPECT_EQ(Run({"xdelex", "s", "keepref", "acked", "ids", "1", "1"}), "-ERR syntax error");
  EXPECT_EQ(Run({"xdelex", "s", "keepref", "acked", "delref"}), "-ERR syntax error");
  EXPECT_EQ(Run({"xdelex", "s", "keepref", "delref", "ids"}), "-ERR syntax error");
  EXPECT_EQ(Run({"xdelex", "s", "ids", "1", "x"}),
            "-ERR Invalid stream ID specified as stream command argument");
  EXPECT_EQ(Run({"xdelex", "s", "ids", "1", "1", "keepref"}), "[:1]");
}

}  // namespace
}  // namespace rha::node::commands
