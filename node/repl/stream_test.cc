#include "node/repl/stream.h"

#include <gtest/gtest.h>

#include <string>

#include "node/dispatch/node_state.h"

namespace rha::node::repl {
namespace {

class Counter final : public StreamListener {
 public:
  void OnStreamGrown() override { ++count; }
  int count = 0;
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() { stream_.set_listener(&listener_); }
  void Append(int db, std::initializer_list<std::string_view> words) {
    stream_.Append(db, resp::Args(words.begin(), words.size()), {});
  }
  std::string Bytes() const {
    return std::string(stream_.backlog().begin() == stream_.offset()
                           ? std::string_view()
                           : stream_.backlog().At(stream_.backlog().begin()));
  }

  dispatch::NodeState state_;
  Stream stream_{state_, 1 << 20};
  Counter listener_;
};

TEST_F(StreamTest, ARequestThatCameAsItWouldBeWrittenIsCopied) {
  stream_.Activate();
  constexpr std::string_view kWords[] = {"SET", "k", "v"};
  stream_.Append(0, kWords, {});
  const std::string written = Bytes();
  const std::string wire = written.substr(written.find("*3"));
  stream_.Append(0, kWords, wire);
  EXPECT_EQ(Bytes(), written + wire);
}

TEST_F(StreamTest, CountsNothingBeforeSomeoneWantsIt) {
  EXPECT_FALSE(state_.stream_active);
  Append(0, {"SET", "k", "v"});
  EXPECT_EQ(stream_.offset(), 0);
  stream_.Activate();
  EXPECT_TRUE(state_.stream_active);
}

TEST_F(StreamTest, SelectsADatabaseOnlyWhenItChanges) {
  stream_.Activate();
  Append(3, {"DEL", "a"});
  Append(3, {"DEL", "b"});
  stream_.AppendCommand({"PING"});
  EXPECT_EQ(Bytes(),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
            "*2\r\n$3\r\nDEL\r\n$1\r\nb\r\n*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(state_.replication_offset, stream_.offset());
  EXPECT_EQ(listener_.count, 3);
  stream_.ForgetSelectedDb();
  Append(3, {"DEL", "c"});
  EXPECT_NE(Bytes().rfind("SELECT"), Bytes().find("SELECT"));
}

TEST_F(StreamTest, AReplicaAddsOnlyItsPrimarysBytes) {
  stream_.Activate();
  stream_.set_own(false);
  EXPECT_FALSE(state_.stream_active);
  Append(0, {"DEL", "own"});
  stream_.AppendCommand({"PING"});
  stream_.AppendVerbatim("their bytes");
  EXPECT_EQ(Bytes(), "their bytes");
}

TEST_F(StreamTest, GivingUpRenamesTheHistory) {
  stream_.StandAt(History{std::string(40, 'a'), std::string(40, 'b'), 7}, 1000);
  EXPECT_EQ(stream_.offset(), 1000);
  EXPECT_EQ(state_.replication_offset, 1000);
  stream_.AppendVerbatim("x");
  stream_.GiveUp(std::string(40, 'c'));
  EXPECT_FALSE(stream_.active());
  EXPECT_EQ(stream_.history().id, std::string(40, 'c'));
  EXPECT_EQ(stream_.history().second_id, History::NoId());
  EXPECT_EQ(stream_.backlog().held_bytes(), 0u);
}

}  // namespace
}  // namespace rha::node::repl
