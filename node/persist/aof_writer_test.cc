#include "node/persist/aof_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "common/env/testing/faulty_disk.h"
#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

namespace fs = std::filesystem;
using Step = AofWriter::Step;

constexpr int kWaitMs = 20'000, kLookMs = 10;

class AofWriterTest : public testing::Test {
 protected:
  AofWriterTest() {
    char path[] = "/tmp/rha-aof-XXXXXX";
    root_ = ::mkdtemp(path);
  }
  ~AofWriterTest() override {
    writer_.reset();
    fs::remove_all(root_);
  }

  AofPlace Place() const { return {root_, "log", "a"}; }
  void Start(FsyncPolicy policy) {
    AofFolder folder(disk_, Place());
    ASSERT_TRUE(folder.Find().ok());
    auto writer = AofWriter::Start(std::move(folder), policy);
    ASSERT_TRUE(writer.ok());
    writer_ = std::move(writer).value();
  }
  void Write(std::string_view bytes) {
    writer_->Append(bytes);
    writer_->HandOver({static_cast<uint64_t>(writer_->appended()), -writer_->appended()});
  }
  void Replace(std::string_view image, Step begin) {
    writer_->Do(begin);
    ASSERT_TRUE(writer_->Drain().ok());
    const std::string path = Place().PathOf("temp-a.base.rdb");
    std::ofstream(path) << image;
    writer_->Do(Step::kReplace, path);
    ASSERT_TRUE(writer_->Drain().ok());
  }
  // Looks at each piece of news until one is what is waited for; and now and then without any,
  // since nobody is told of what is written and not synced.
  AofWriter::Progress Await(const std::function<bool(const AofWriter::Progress&)>& wanted) {
    AofWriter::Progress progress = writer_->Look();
    for (int waited_ms = 0; !wanted(progress); progress = writer_->Look()) {
      pollfd news{writer_->fd(), POLLIN, 0};
      if (::poll(&news, 1, kLookMs) == 0) waited_ms += kLookMs;
      if (waited_ms >= kWaitMs) {
        ADD_FAILURE() << "it does not come";
        break;
      }
    }
    return progress;
  }
  std::string Content() const {
    env::Disk disk;
    AofFolder folder(disk, Place());
    EXPECT_TRUE(folder.Find().ok());
    std::string text;
    for (const AofFile& file : folder.manifest().InOrder()) {
      std::ifstream in(folder.place().PathOf(file.name));
      text.append(std::istreambuf_iterator<char>(in), {});
    }
    return text;
  }

  std::string root_;
  env::FaultyDisk disk_;
  std::unique_ptr<AofWriter> writer_;
};

TEST_F(AofWriterTest, BeginsFromAnImageOfSomebodyElseOrLeavesTheSetAsItWas) {
  Start(FsyncPolicy::kEverySecond);
  Replace("OLD", Step::kBeginApart);
  Write("more");
  const std::string image = Place().PathOf("temp-a.received.rdb");
  (void)writer_->Look();
  for (size_t failing = 0;; ++failing) {
    std::ofstream(image) << "NEW";
    disk_.fails_at = disk_.steps + failing;
    writer_->Do(Step::kBeginFrom, image);
    const AofWriter::Progress progress =
        Await([](const auto& seen) { return !seen.outcomes.empty(); });
    disk_.fails_at = env::FaultyDisk::kNever;
    const bool done = progress.outcomes.front().status.ok();
    const std::string content = Content();
    EXPECT_TRUE(content == "NEW" || (!done && content == "OLDmore")) << content;
    if (done) break;
    writer_->Do(Step::kClose);
    (void)writer_->Drain().ok();
    (void)writer_->Look();
  }
  Write("next");
  ASSERT_TRUE(writer_->Drain().ok());
  EXPECT_EQ(Content(), "NEWnext");
}

TEST_F(AofWriterTest, CountsTheMemoryOfWhatWaitsNotItsBytesAlone) {
  Start(FsyncPolicy::kAlways);
  Replace("BASE", Step::kBegin);
  EXPECT_LE(writer_->memory_bytes(), kAofTurnKeptBytes);
  std::string same;
  for (int i = 0; i < 3; ++i) {
    const std::string bytes(kAofTurnKeptBytes, 'b');
    writer_->Append(bytes);
    same += bytes;
  }
  EXPECT_GT(same.capacity(), same.size());
  EXPECT_GE(writer_->memory_bytes(), same.capacity());
  ASSERT_TRUE(writer_->Drain().ok());
  EXPECT_LE(writer_->memory_bytes(), kAofTurnKeptBytes);
}

TEST_F(AofWriterTest, WritesBytesAndStepsInOrderWithEachPolicy) {
  for (const auto policy : {FsyncPolicy::kAlways, FsyncPolicy::kEverySecond, FsyncPolicy::kNo}) {
    fs::remove_all(root_ + "/log");
    Start(policy);
    std::string expected = "BASE";
    Replace("BASE", Step::kBeginApart);
    for (int i = 0; i < 1000; ++i) {
      const std::string bytes = std::to_string(i) + ",";
      expected += bytes;
      Write(bytes);
      if (i % 100 == 50) writer_->Do(Step::kBegin);
    }
    ASSERT_TRUE(writer_->Drain().ok());
    const AofWriter::Progress progress = writer_->Look();
    EXPECT_EQ(progress.durable, writer_->appended());
    EXPECT_EQ(progress.increment_bytes, expected.size() - 4);
    EXPECT_EQ(Content(), expected);
    for (const auto& outcome : progress.outcomes) EXPECT_TRUE(outcome.status.ok());
  }
}

TEST_F(AofWriterTest, UnderAlwaysThereIsNewsWhenWhatWasWrittenIsDurable) {
  Start(FsyncPolicy::kAlways);
  Replace("", Step::kBeginApart);
  for (int i = 0; i < 20; ++i) {
    Write("x");
    Await([&](const auto& progress) { return progress.durable == writer_->appended(); });
  }
}

TEST_F(AofWriterTest, UnderAlwaysWhatHasComeIsSyncedThoughThoseWhoWereAnsweredDoNotComeBack) {
  Start(FsyncPolicy::kAlways);
  Replace("", Step::kBeginApart);
  disk_.sync_takes_ms = 5;
  const std::string many(100, 'x');
  for (int i = 0; i < 5; ++i) {
    Write(many);
    Await([&](const auto& progress) { return progress.durable == writer_->appended(); });
    Write("y");
    Await([&](const auto& progress) { return progress.durable == writer_->appended(); });
  }
}

TEST_F(AofWriterTest, WhatIsSyncedIsToldWithTheMarkOfItsOwner) {
  for (const auto policy : {FsyncPolicy::kAlways, FsyncPolicy::kEverySecond}) {
    fs::remove_all(root_ + "/log");
    Start(policy);
    Replace("", Step::kBeginApart);
    Write("abc");
    const auto progress =
        Await([&](const auto& news) { return news.synced == writer_->appended(); });
    EXPECT_EQ(progress.synced_mark.changes, 3u);
    EXPECT_EQ(progress.synced_mark.offset, -3);
  }
}

TEST_F(AofWriterTest, WhatWasWrittenUnsyncedIsSyncedOnceThePolicyWantsIt) {
  Start(FsyncPolicy::kNo);
  Replace("", Step::kBeginApart);
  const int64_t before = writer_->appended();
  Write("abc");
  writer_->set_policy(FsyncPolicy::kEverySecond);
  const auto progress = Await([&](const auto& news) { return news.synced == writer_->appended(); });
  EXPECT_EQ(progress.synced_mark.changes, static_cast<uint64_t>(before + 3));
}

TEST_F(AofWriterTest, WithoutAlwaysATurnIsInTheFileAtOnceWhileNobodyIsAtTheDisk) {
  Start(FsyncPolicy::kNo);
  Replace("", Step::kBeginApart);
  // The thread has drained, and goes to sleep.
  for (int i = 0; i < 100; ++i) Write("x");
  ASSERT_TRUE(writer_->Drain().ok());
  EXPECT_EQ(Content(), std::string(100, 'x'));
}

TEST_F(AofWriterTest, AWriteThatFailsIsTriedAgainUntilTheDiskHasRoom) {
  for (const auto policy : {FsyncPolicy::kAlways, FsyncPolicy::kEverySecond}) {
    fs::remove_all(root_ + "/log");
    Start(policy);
    Replace("A", Step::kBeginApart);
    Write("b");
    ASSERT_TRUE(writer_->Drain().ok());
    disk_.full = true;
    Write("cc");
    Write("dd");
    auto progress = Await([](const auto& now) { return !now.failure.ok(); });
    EXPECT_FALSE(progress.suspect);
    EXPECT_LT(progress.written, writer_->appended());
    EXPECT_FALSE(writer_->Drain().ok());
    disk_.full = false;
    Await([](const auto& now) { return now.failure.ok(); });
    ASSERT_TRUE(writer_->Drain().ok());
    EXPECT_EQ(Content(), "Abccdd");
  }
}

TEST_F(AofWriterTest, ASyncThatFailsIsHealedByANewBaseAlone) {
  Start(FsyncPolicy::kAlways);
  Replace("A", Step::kBeginApart);
  disk_.cannot_sync = true;
  Write("b");
  Await([](const auto& now) { return now.suspect; });
  disk_.cannot_sync = false;
  Write("c");
  EXPECT_FALSE(writer_->Drain().ok());
  writer_->Do(Step::kClose);
  Replace("ABC", Step::kBeginApart);
  Write("d");
  ASSERT_TRUE(writer_->Drain().ok());
  EXPECT_FALSE(writer_->Look().suspect);
  EXPECT_EQ(Content(), "ABCd");
}

// The kernel says of the next sync that all is well.
TEST_F(AofWriterTest, AStepWhoseSyncFailsIsNotBelievedEitherNorAreThoseBehindIt) {
  for (const Step step : {Step::kBegin, Step::kReplace}) {
    writer_.reset();
    fs::remove_all(root_ + "/log");
    disk_.cannot_sync = false;
    Start(FsyncPolicy::kNo);
    Replace("A", Step::kBeginApart);
    Write("b");
    Await([](const auto& now) { return now.written == 1; });
    disk_.cannot_sync = true;
    const std::string image = Place().PathOf("temp-a.base.rdb");
    std::ofstream(image) << "AB";
    writer_->Do(step, image);
    const AofWriter::Progress failed = Await([](const auto& now) { return now.suspect; });
    EXPECT_FALSE(failed.failure.ok());
    disk_.cannot_sync = false;
    for (const Step next : {Step::kBegin, Step::kReplace}) {
      writer_->Do(next, image);
      const auto then = Await([](const auto& now) { return !now.outcomes.empty(); });
      EXPECT_FALSE(then.outcomes.back().status.ok());
      EXPECT_TRUE(then.suspect);
    }
    EXPECT_EQ(Content(), "Ab");
    Replace("AB", Step::kBeginApart);
    EXPECT_FALSE(writer_->Look().suspect);
    EXPECT_EQ(Content(), "AB");
  }
}

TEST_F(AofWriterTest, WhatIsDiscardedLeavesTheSetAsItWas) {
  Start(FsyncPolicy::kEverySecond);
  Replace("A", Step::kBeginApart);
  Write("b");
  ASSERT_TRUE(writer_->Drain().ok());
  disk_.full = true;
  Write("lost");
  Await([](const auto& now) { return !now.failure.ok(); });
  writer_->Discard();
  disk_.full = false;
  Write("dropped, too");
  (void)writer_->Drain().ok();
  EXPECT_EQ(Content(), "Ab");
  Replace("N", Step::kBeginApart);
  Write("n");
  ASSERT_TRUE(writer_->Drain().ok());
  EXPECT_EQ(Content(), "Nn");
}

// As on a volume that has room for the new base's names, but not for what waits.
TEST_F(AofWriterTest, ARewriteGoesBeforeWhatCannotBeWrittenAndOnlyOnceItIsDoneThatIsDropped) {
  const std::string image = Place().PathOf("temp-a.base.rdb");
  for (const Step begin : {Step::kBegin, Step::kBeginApart}) {
    bool done = false;
    for (size_t failing = 0; !done; ++failing) {
      ASSERT_LT(failing, 40u);
      writer_.reset();
      fs::remove_all(root_ + "/log");
      Start(FsyncPolicy::kEverySecond);
      Replace("A", Step::kBeginApart);
      disk_.full_for = "a.1.incr.aof";
      Write("b");
      Await([](const auto& now) { return !now.failure.ok(); });
      writer_->Do(begin);
      Write("c");
      (void)writer_->Look();
      std::ofstream(image) << "AB";
      disk_.fails_at = disk_.steps + failing;
      writer_->Do(Step::kReplace, image);
      const auto ended = Await([](const auto& now) {
        return !now.outcomes.empty() && now.outcomes.back().step == Step::kReplace;
      });
      disk_.fails_at = env::FaultyDisk::kNever;
      done = ended.outcomes.back().status.ok();
      // What a crash would leave.
      const std::string content = Content();
      EXPECT_TRUE(content.starts_with("AB") || (!done && content == "A")) << content << failing;
      EXPECT_FALSE(fs::exists(image)) << failing;
      if (done) {
        EXPECT_EQ(ended.outcomes.front().step, begin);
      } else if (ended.suspect) {  // the engine gives it up
        continue;
      }
      disk_.full_for = nullptr;
      (void)writer_->Drain().ok();  // which tries at once
      const auto healed =
          Await([&](const auto& now) { return now.written == writer_->appended(); });
      EXPECT_TRUE(healed.failure.ok());
      if (begin == Step::kBegin || done) {
        EXPECT_EQ(Content(), done ? "ABc" : "Abc") << failing;
      }
      if (begin == Step::kBegin && !done) {
        Replace("ABC", Step::kBegin);
        EXPECT_EQ(Content(), "ABC");
      }
    }
  }
}

TEST_F(AofWriterTest, ABaseIsNotPutBeforeAnIncrementThatDidNotBeginWithIt) {
  Start(FsyncPolicy::kEverySecond);
  Replace("A", Step::kBeginApart);
  Write("b");
  ASSERT_TRUE(writer_->Drain().ok());
  (void)writer_->Look();
  const std::string image = Place().PathOf("temp-a.base.rdb");
  std::ofstream(image) << "AB";
  disk_.full_for = ".manifest";
  writer_->Do(Step::kBegin);
  auto seen = Await([](const auto& now) { return !now.outcomes.empty(); });
  EXPECT_FALSE(seen.outcomes.back().status.ok());
  disk_.full_for = nullptr;
  writer_->Do(Step::kReplace, image);
  seen = Await([](const auto& now) { return !now.outcomes.empty(); });
  EXPECT_FALSE(seen.outcomes.back().status.ok());
  EXPECT_EQ(Content(), "Ab");
  EXPECT_FALSE(fs::exists(image));
  Replace("AB", Step::kBegin);
  EXPECT_EQ(Content(), "AB");
}

// A full synchronisation, with bytes of the dataset before it that cannot be written.
TEST_F(AofWriterTest, AnotherDatasetDoesNotWaitForWhatCannotBeWrittenOfTheOneBefore) {
  Start(FsyncPolicy::kEverySecond);
  Replace("A", Step::kBeginApart);
  disk_.full_for = "a.1.incr.aof";
  Write("b");
  Await([](const auto& now) { return !now.failure.ok(); });
  writer_->Do(Step::kClose);
  const std::string image = Place().PathOf("temp-a.received.rdb");
  std::ofstream(image) << "N";
  writer_->Do(Step::kBeginFrom, image);
  Write("n");
  const auto seen = Await([](const auto& now) {
    return !now.outcomes.empty() && now.outcomes.back().step == Step::kBeginFrom;
  });
  EXPECT_TRUE(seen.outcomes.back().status.ok()) << seen.outcomes.back().status.message();
  Await([&](const auto& now) { return now.written == writer_->appended(); });
  EXPECT_EQ(Content(), "Nn");
}

// FaultyDisk lets no base take its place while it is full: it is enough that it is tried.
TEST_F(AofWriterTest, ANewBaseDoesNotWaitForWhatCannotBeWritten) {
  Start(FsyncPolicy::kEverySecond);
  Replace("A", Step::kBeginApart);
  disk_.full = true;
  Write("stays");
  Await([](const auto& now) { return !now.failure.ok(); });
  writer_->Do(Step::kReplace, Place().PathOf("temp-none"));
  const auto now = Await([](const auto& seen) { return !seen.outcomes.empty(); });
  EXPECT_EQ(now.outcomes.at(0).step, Step::kReplace);
  EXPECT_LT(now.written, writer_->appended());
  disk_.full = false;
  Await([&](const auto& seen) { return seen.written == writer_->appended(); });
  EXPECT_EQ(Content(), "Astays");
}

// A set that was given up, then a full synchronisation, all on a full disk.
TEST_F(AofWriterTest, AfterASetWasGivenUpAnotherDatasetGetsAFileAsSoonAsThereIsRoomForIt) {
  Start(FsyncPolicy::kEverySecond);
  Replace("A", Step::kBeginApart);
  Write("b");
  ASSERT_TRUE(writer_->Drain().ok());
  disk_.full = true;
  Write("lost");
  Await([](const auto& now) { return !now.failure.ok(); });
  writer_->Discard();
  writer_->Do(Step::kClose);
  const std::string image = Place().PathOf("temp-a.received.rdb");
  for (const bool room : {false, true}) {
    disk_.full = !room;
    std::ofstream(image) << "N";
    writer_->Do(Step::kBeginFrom, image);
    Write("n");
    const auto seen = Await([](const auto& now) {
      return !now.outcomes.empty() && now.outcomes.back().step == Step::kBeginFrom;
    });
    EXPECT_EQ(seen.outcomes.back().status.ok(), room);
    EXPECT_EQ(fs::exists(image), false);
    if (room) break;
    writer_->Do(Step::kClose);
    EXPECT_EQ(Content(), "Ab");
  }
  ASSERT_TRUE(writer_->Drain().ok());
  EXPECT_EQ(Content(), "Nn");
}

// The increment cannot begin, for its name cannot be written; then there is room.
TEST_F(AofWriterTest, AFullDiskAtTheMomentOfRotationLeavesTheLogThatGoesOn) {
  Start(FsyncPolicy::kEverySecond);
  Replace("A", Step::kBeginApart);
  disk_.full = true;
  writer_->Do(Step::kBegin);
  Write("b");
  Await([](const auto& now) { return !now.failure.ok(); });
  const std::string image = Place().PathOf("temp-a.base.rdb");
  std::ofstream(image) << "A";
  writer_->Do(Step::kReplace, image);
  const auto seen = Await([](const auto& now) {
    return !now.outcomes.empty() && now.outcomes.back().step == Step::kReplace;
  });
  EXPECT_FALSE(seen.outcomes.back().status.ok());
  EXPECT_EQ(Content(), "A");
  disk_.full = false;
  Await([&](const auto& now) { return now.failure.ok() && now.written == writer_->appended(); });
  EXPECT_EQ(Content(), "Ab");
  Replace("AB", Step::kBegin);
  EXPECT_EQ(Content(), "AB");
}

TEST_F(AofWriterTest, StepsAreDiscardedWithTheBytes) {
  Start(FsyncPolicy::kEverySecond);
  Replace("A", Step::kBeginApart);
  (void)writer_->Look();
  disk_.full = true;
  Write("lost");
  Await([](const auto& now) { return !now.failure.ok(); });
  writer_->Do(Step::kBegin);
  writer_->Discard();
  disk_.full = false;
  const auto now = Await([](const auto& seen) { return !seen.outcomes.empty(); });
  EXPECT_EQ(now.outcomes.at(0).step, Step::kDiscard);
  EXPECT_EQ(Content(), "A");
}

// The engine's thread writes beside a sync that takes long; then it gives the set up.
TEST_F(AofWriterTest, WhatIsWrittenBesideASyncIsNotMixedUpWithWhatIsDiscarded) {
  for (const bool fails : {false, true}) {
    writer_.reset();
    fs::remove_all(root_ + "/log");
    disk_.cannot_sync = false;
    Start(FsyncPolicy::kEverySecond);
    Replace("A", Step::kBeginApart);
    disk_.sync_waits = true;
    Write("b");
    Await([this](const auto&) { return disk_.waiting > 0; });
    Write("waits");
    std::string beside;
    Await([&](const auto& now) {  // until the sync has lasted for kSyncPatience
      beside += "c";
      Write("c");
      return now.impatient > 0;
    });
    EXPECT_EQ(Content(), "Abwaits" + beside);
    disk_.full = true;
    Write("cannot be written");
    writer_->Discard();
    disk_.full = false;
    Write("dropped");
    disk_.cannot_sync = fails;
    const std::string image = Place().PathOf("temp-a.base.rdb");
    std::ofstream(image) << "N";
    writer_->Do(Step::kClose);
    writer_->Do(Step::kBeginApart);
    disk_.sync_waits = false;
    disk_.sync_waits.notify_all();
    Await([](const auto& now) {
      return !now.outcomes.empty() && now.outcomes.back().step == Step::kBeginApart;
    });
    disk_.cannot_sync = false;
    EXPECT_EQ(Content(), "Abwaits" + beside);
    Write("n");
    writer_->Do(Step::kReplace, image);
    Await([&](const auto& now) {
      return !now.outcomes.empty() && now.outcomes.back().step == Step::kReplace;
    });
    ASSERT_TRUE(writer_->Drain().ok());
    const AofWriter::Progress now = writer_->Look();
    EXPECT_TRUE(now.failure.ok() && !now.suspect);
    EXPECT_EQ(now.written, writer_->appended());
    EXPECT_EQ(now.synced, writer_->appended());
    EXPECT_EQ(Content(), "Nn");
    EXPECT_LE(writer_->memory_bytes(), kAofTurnKeptBytes);
  }
}

TEST_F(AofWriterTest, AnotherPolicySyncsWhatWasWrittenBefore) {
  Start(FsyncPolicy::kEverySecond);
  Replace("", Step::kBeginApart);
  Write("x");
  writer_->set_policy(FsyncPolicy::kAlways);
  Await([&](const auto& progress) { return progress.durable == writer_->appended(); });
}

}  // namespace
}  // namespace rha::node::persist
