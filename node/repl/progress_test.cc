#include "node/repl/progress.h"

#include <gtest/gtest.h>

#include "node/repl/snapshot_receiver.h"

namespace rha::node::repl {
namespace {

TEST(Progress, SnapshotWithLengthStreamsAtOnce) {
  const ManualClock clock;
  Progress progress;
  EXPECT_STREQ(progress.InfoState(), "wait_bgsave");
  progress.OnSnapshotBegins(700);
  EXPECT_STREQ(progress.InfoState(), "send_bulk");
  EXPECT_FALSE(progress.wants_stream());
  progress.OnSnapshotSent(true, clock.Now());
  EXPECT_STREQ(progress.InfoState(), "online");
  EXPECT_EQ(progress.cursor, 700);
}

TEST(Progress, SnapshotWithMarkWaitsForTheReplica) {
  ManualClock clock;
  Progress progress;
  progress.OnSnapshotBegins(700);
  progress.OnSnapshotSent(false, clock.Now());
  EXPECT_FALSE(progress.wants_stream());
  clock.Advance(Millis(2500));
  EXPECT_EQ(progress.LagSeconds(clock.Now()), 2);
  EXPECT_TRUE(progress.OnAck(700, clock.Now()));
  EXPECT_TRUE(progress.wants_stream());
  EXPECT_EQ(progress.LagSeconds(clock.Now()), 0);
  progress.cursor = 800;
  EXPECT_FALSE(progress.OnAck(800, clock.Now()));
  EXPECT_EQ(progress.acked, 800);
}

TEST(Progress, AcknowledgementsNeverGoBack) {
  const ManualClock clock;
  Progress progress;
  progress.OnContinue(100, clock.Now());
  progress.cursor = 200;
  progress.OnAck(150, clock.Now());
  progress.OnAck(120, clock.Now());
  EXPECT_EQ(progress.acked, 150);
}

TEST(Progress, NobodyHasMoreThanWasSentWhateverItSays) {
  const ManualClock clock;
  Progress progress;
  progress.OnSnapshotBegins(700);
  progress.OnAck(1'000'000, clock.Now(), 1'000'000);
  progress.OnSnapshotSent(false, clock.Now());
  progress.OnAck(1'000'000, clock.Now(), 1'000'000);
  EXPECT_TRUE(progress.streaming());
  EXPECT_EQ(progress.acked, 700);
  EXPECT_EQ(progress.applied, 700);
  EXPECT_EQ(progress.synced, 700);
  progress.cursor = 800;
  EXPECT_EQ(progress.acked, 700) << "what was said counts for what had been sent by then";
  progress.OnAck(1'000'000, clock.Now(), 1'000'000);
  EXPECT_EQ(progress.acked, 800);
  EXPECT_EQ(progress.applied, 800);
  EXPECT_EQ(progress.synced, 800);
}

TEST(SnapshotReceiver, TakesExactlyTheLength) {
  SnapshotReceiver receiver(5, "");
  std::string out;
  EXPECT_FALSE(receiver.Take("abc", &out).done);
  const auto taken = receiver.Take("defgh", &out);
  EXPECT_TRUE(taken.done);
  EXPECT_EQ(taken.consumed, 2u);
  EXPECT_EQ(out, "abcde");
}

TEST(SnapshotReceiver, FindsTheMarkHoweverItIsCut) {
  const std::string mark(40, 'm');
  const std::string wire = "the snapshot" + mark;
  for (size_t cut = 0; cut <= wire.size(); ++cut) {
    SnapshotReceiver receiver(-1, mark);
    std::string out;
    const bool early = receiver.Take(std::string_view(wire).substr(0, cut), &out).done;
    EXPECT_EQ(early, cut == wire.size());
    if (!early) {
      EXPECT_TRUE(receiver.Take(std::string_view(wire).substr(cut), &out).done);
    }
    EXPECT_EQ(out, "the snapshot");
    EXPECT_EQ(receiver.bytes_received(), 12);
  }
}

}  // namespace
}  // namespace rha::node::repl
