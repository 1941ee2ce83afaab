// A primary with sessions that are nobody's sockets: who is sent away when, and what is owed.
#include "node/repl/primary_side.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "common/base/log.h"
#include "common/resp/writer.h"
#include "node/dispatch/engine.h"
#include "node/repl/limits.h"
#include "node/repl/outgoing_snapshot.h"

namespace rha::node::repl {
namespace {

constexpr size_t kMb = size_t{1} << 20;

class PrimarySideTest : public testing::Test {
 protected:
  PrimarySideTest() {
    char path[] = "/tmp/rha-primary-XXXXXX";
    config_.directory = ::mkdtemp(path);
    config_.backlog_bytes = kMb;
    engine_.Join(session_);
    keyspace_.db(0).Put("k", "v", keyspace::kNoExpiry, keyspace::events::kSet);
  }
  ~PrimarySideTest() override {
    // As its owner does: the session tells the stream that it goes.
    if (session_.stream() != nullptr) session_.stream()->OnClosed();
    engine_.Leave(session_);
    std::filesystem::remove_all(config_.directory);
  }

  void Psync() {
    const std::string_view words[] = {"PSYNC", "?", "-1"};
    primary_.Psync(session_, words);
  }
  // The image is written; the loop has not heard of it yet.
  void WalkImage() {
    while (snapshots_.busy()) snapshots_.Step(clock_, 1000);
  }
  // All of the stream that a replica is given which has it up to `position`.
  std::string GivenFrom(int64_t position, bool packed) {
    dispatch::Session session;
    engine_.Join(session);
    if (packed) {
      const std::string_view words[] = {"REPLCONF", "capa", kPackedCapability};
      resp::Writer reply(&session.out(), 2);
      primary_.Replconf(session, words, reply);
    }
    const std::string offset = std::to_string(position + 1);
    const std::string_view words[] = {"PSYNC", stream_.history().id, offset};
    primary_.Psync(session, words);
    std::string given, unpacked;
    dispatch::OutputStream& out = *session.stream();
    for (std::string_view piece = out.Peek(); !piece.empty(); piece = out.Peek()) {
      given += piece;
      // As a socket takes them, in one call.
      const std::string_view next = out.PeekNext(piece);
      given += next;
      out.Consume(piece.size() + next.size());
    }
    EXPECT_TRUE(!packed || StreamUnpacker().Unpack(&given, &unpacked).ok());
    out.OnClosed();
    engine_.Leave(session);
    return packed ? unpacked : given;
  }
  void Change(size_t bytes) { stream_.AppendCommand({"SET", "k", std::string(bytes, 'x')}); }

  net::Reactor reactor_;
  SystemClock clock_;
  keyspace::Keyspace keyspace_{1, 1};
  dispatch::NodeState state_;
  dispatch::Engine engine_{keyspace_, state_, clock_, {}};
  ReplConfig config_;
  persist::SnapshotService snapshots_{keyspace_};
  Stream stream_{state_, kMb};
  PrimarySide primary_{{.reactor = reactor_,
                        .engine = engine_,
                        .config = config_,
                        .snapshots = snapshots_,
                        .stream = stream_,
                        .describe = [] { return persist::RdbInfo(); }}};
  dispatch::Session session_;
};

// What the loop hears of a snapshot may be older than what was done with its replicas in that very
// turn: with chained replicas, a full synchronisation of this node itself.
TEST_F(PrimarySideTest, ReplicasMayBeSentAwayInTheTurnInWhichTheirSnapshotEnds) {
  Psync();
  WalkImage();
  primary_.DisconnectAll("the dataset is replaced");
  EXPECT_TRUE(session_.closing);
  const Replica& replica = *primary_.replicas().front();
  ASSERT_NE(replica.snapshot(), nullptr) << "it holds it until it is gone";
  while (replica.snapshot()->running()) reactor_.RunOnce(Millis(1000));
}

TEST_F(PrimarySideTest, WhoIsFurtherBehindThanItsLimitIsSentAway) {
  config_.output_hard_bytes = 2 * kMb;
  Psync();
  Change(3 * kMb);
  EXPECT_TRUE(session_.closing);
}

// It would keep the file and the backlog for as long as its kernel acknowledges.
TEST_F(PrimarySideTest, WhoTakesNothingOfItsSnapshotForReplTimeoutIsSentAway) {
  const std::string_view words[] = {"REPLCONF", "capa", "eof"};
  resp::Writer reply(&session_.out(), 2);
  primary_.Replconf(session_, words, reply);
  Psync();
  primary_.Cron();
  EXPECT_FALSE(session_.closing);
  config_.timeout_s = -1;  // any pause is too long
  primary_.Cron();
  EXPECT_TRUE(session_.closing);
}

TEST_F(PrimarySideTest, WhoIsGivenASnapshotIsBehindOnceThereIsSomethingInTheStream) {
  Psync();
  EXPECT_TRUE(primary_.AllAcknowledged(stream_.offset()));
  Change(1);
  EXPECT_FALSE(primary_.AllAcknowledged(stream_.offset()));
}

// Nobody hears of a change before it is on this node's own disk (appendfsync always): until then a
// replica does not owe it to us to have read it.
TEST_F(PrimarySideTest, NobodyIsSentAwayForWhatOurOwnDiskHoldsBack) {
  config_.output_hard_bytes = 2 * kMb;
  Psync();
  state_.forwarded_offset = stream_.offset();
  Change(3 * kMb);
  EXPECT_FALSE(session_.closing);
  state_.forwarded_offset = stream_.offset();
  Change(1);
  Change(kMb);
  EXPECT_TRUE(session_.closing) << "now it has fallen behind";
}

TEST_F(PrimarySideTest, LimitsThatAreSetHoldAtOnce) {
  Psync();
  Change(3 * kMb);
  EXPECT_FALSE(session_.closing);
  config_.output_hard_bytes = 2 * kMb;
  primary_.LookAtLimits();
  EXPECT_TRUE(session_.closing);
}

TEST_F(PrimarySideTest, ASmallerBacklogIsGivenBackAtOnce) {
  stream_.Activate();
  Change(kMb - 1000);
  config_.backlog_bytes = kMb / 4;
  primary_.LookAtLimits();
  EXPECT_LE(stream_.backlog().end() - stream_.backlog().begin(),
            static_cast<int64_t>(kMb / 4 + kBacklogChunkBytes));
}

TEST_F(PrimarySideTest, AStreamGoesOnFromAnyByteOfARequestThatCrossesAChunksEnd) {
  log::SetLevel(log::Level::kWarn);
  const std::vector<std::string_view> words = {"SET", "a key", "the value of that key"};
  std::string request;
  resp::AppendRequest(words, &request);
  for (size_t before = 1; before < request.size(); ++before) {
    stream_.StandAt(stream_.history(), 1000);
    stream_.AppendVerbatim(std::string(kBacklogChunkBytes - before, '\n'));
    const int64_t begin = stream_.offset();
    stream_.AppendCommand({words[0], words[1], words[2]});
    stream_.AppendCommand({words[0], words[1], words[2]});
    const std::string whole = request + request;
    for (size_t at = 0; at <= whole.size(); ++at) {
      for (const bool packed : {false, true}) {
        ASSERT_EQ(GivenFrom(begin + static_cast<int64_t>(at), packed), whole.substr(at))
            << before << " bytes before the end, from byte " << at << ", packed: " << packed;
      }
    }
  }
  log::SetLevel(log::Level::kInfo);
}

// As long as makes the share of the time that has gone by, and only from the next turn on.
TEST_F(PrimarySideTest, WritesAreHeldBackForAReplicaThatLagsUntilItHasCaughtUp) {
  config_.output_hard_bytes = 4 * kMb;
  config_.output_soft_bytes = 0;
  config_.brake_percent_max = 50;
  Psync();
  Change(2 * kMb);
  primary_.Cron();
  EXPECT_FALSE(primary_.brake().on()) << "half of the limit is nobody's lag";
  Change(kMb);
  EXPECT_TRUE(primary_.brake().on());
  EXPECT_EQ(primary_.brake().percent(), 50);
  EXPECT_FALSE(engine_.pauses().any()) << "not in the middle of a command";
  while (!engine_.pauses().any()) {
    primary_.Cron();
    reactor_.RunOnce(Millis(1));
  }
  EXPECT_EQ(engine_.pauses().together().scope, dispatch::Pause::Scope::kWrite);
  while (engine_.pauses().any()) reactor_.RunOnce(Millis(1000));
  EXPECT_GE(primary_.brake().held_ms(), 1);
  WalkImage();
  Replica& replica = *primary_.replicas().front();
  while (replica.snapshot()->running()) reactor_.RunOnce(Millis(1000));
  for (std::string_view piece = replica.Peek(); !piece.empty(); piece = replica.Peek()) {
    replica.Consume(piece.size());
  }
  primary_.Cron();
  EXPECT_FALSE(primary_.brake().on());
  EXPECT_EQ(primary_.brake().percent(), 0);
}

TEST_F(PrimarySideTest, WritesAreNotHeldBackUnlessThatIsWanted) {
  config_.output_hard_bytes = 4 * kMb;
  Psync();
  Change(3 * kMb);
  primary_.Cron();
  EXPECT_FALSE(primary_.brake().on());
}

TEST(BrakePercent, GrowsFromHalfOfTheLimitAndStaysBelowWhatIsAllowed) {
  const auto at = [](uint64_t pending, uint64_t limit) {
    return BrakePercent({.pending_bytes = pending, .limit_bytes = limit}, 80);
  };
  EXPECT_EQ(at(50, 100), 0);
  EXPECT_EQ(at(60, 100), 32);
  EXPECT_EQ(at(75, 100), 80);
  EXPECT_EQ(at(100, 100), 80);
  EXPECT_EQ(at(1000, 100), 80);
  EXPECT_EQ(at(1000, 0), 0) << "nobody is ever sent away";
}

TEST(BrakeHold, MakesTheShareAndIsNeverLong) {
  using std::chrono::microseconds;
  EXPECT_EQ(BrakeHold(microseconds(10'000), 50), Millis(10));
  EXPECT_EQ(BrakeHold(microseconds(100), 99), Millis(9));
  EXPECT_EQ(BrakeHold(microseconds(5), 99), Millis(0));
  EXPECT_EQ(BrakeHold(std::chrono::hours(1), 50), kBrakeHoldMax);
  EXPECT_EQ(BrakeHold(std::chrono::hours(1), 0), Millis(0));
}

}  // namespace
}  // namespace rha::node::repl
