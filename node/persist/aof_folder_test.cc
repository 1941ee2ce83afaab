#include "node/persist/aof_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "common/env/testing/faulty_disk.h"

namespace rha::node::persist {
namespace {

namespace fs = std::filesystem;
using env::FaultyDisk;

// In place of images and commands there are letters: a set holds the letters of its files in order.
class AofFolderTest : public testing::Test {
 protected:
  AofFolderTest() {
    char path[] = "/tmp/rha-aof-XXXXXX";
    root_ = ::mkdtemp(path);
  }
  ~AofFolderTest() override { fs::remove_all(root_); }

  AofPlace Place(const std::string& dir) const { return {root_ + "/" + dir, "log", "a"}; }
  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void WriteFile(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  // What a start would load.
  std::string Load(const std::string& dir) {
    env::Disk disk;
    AofFolder folder(disk, Place(dir));
    const Status found = folder.Find();
    EXPECT_TRUE(found.ok()) << found.message();
    const auto sizes = folder.SizesOnDisk();
    EXPECT_TRUE(sizes.ok()) << sizes.status().message();
    std::string text;
    for (const AofFile& file : folder.manifest().InOrder()) {
      text += ReadFile(folder.place().PathOf(file.name));
    }
    return text;
  }
  static bool Rewrite(AofFolder& folder, std::string_view image, bool apart) {
    if (!folder.BeginIncrement(apart).ok()) return false;
    const std::string path = folder.place().PathOf("temp-a.base.rdb");
    WriteFile(path, image);
    return folder.ReplaceBase(path, false).ok();
  }

  std::string root_;
};

TEST_F(AofFolderTest, HoldsWhatWasWrittenThroughRewritesAndRestarts) {
  fs::create_directory(root_ + "/d");
  env::Disk disk;
  {
    AofFolder folder(disk, Place("d"));
    ASSERT_TRUE(folder.Find().ok());
    EXPECT_TRUE(folder.manifest().empty());
    ASSERT_TRUE(Rewrite(folder, "A", true));
    ASSERT_TRUE(folder.Write("b").ok());
  }
  EXPECT_EQ(Load("d"), "Ab");
  {
    AofFolder folder(disk, Place("d"));
    ASSERT_TRUE(folder.Find().ok());
    ASSERT_TRUE(folder.Continue().ok());
    ASSERT_TRUE(folder.Write("c").ok());
    EXPECT_EQ(folder.increment_bytes(), 2u);
    ASSERT_TRUE(Rewrite(folder, "ABC", false));
    EXPECT_EQ(folder.base_bytes(), 3u);
    EXPECT_EQ(folder.increment_bytes(), 0u);
    ASSERT_TRUE(folder.Write("d").ok());
  }
  EXPECT_EQ(Load("d"), "ABCd");
  EXPECT_EQ(ReadFile(root_ + "/d/log/a.manifest"),
            "file a.2.base.rdb seq 2 type b\nfile a.2.incr.aof seq 2 type i\n");
  EXPECT_FALSE(fs::exists(root_ + "/d/log/a.1.base.rdb"));
  EXPECT_FALSE(fs::exists(root_ + "/d/log/a.1.incr.aof"));
}

TEST_F(AofFolderTest, HistoryStaysListedWhileItIsKeptAndGoesWhenItIsNot) {
  fs::create_directory(root_ + "/d");
  env::Disk disk;
  const std::string manifest = root_ + "/d/log/a.manifest", older = root_ + "/d/log/a.1.base.rdb";
  AofFolder folder(disk, Place("d"));
  folder.KeepHistory(true);
  ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
  ASSERT_TRUE(Rewrite(folder, "AB", false));
  EXPECT_EQ(ReadFile(manifest),
            "file a.2.base.rdb seq 2 type b\nfile a.1.incr.aof seq 1 type h\n"
            "file a.1.base.rdb seq 1 type h\nfile a.2.incr.aof seq 2 type i\n");
  EXPECT_TRUE(fs::exists(older));
  EXPECT_EQ(Load("d"), "AB");
  folder.KeepHistory(false);
  EXPECT_EQ(ReadFile(manifest), "file a.2.base.rdb seq 2 type b\nfile a.2.incr.aof seq 2 type i\n");
  EXPECT_FALSE(fs::exists(older));
}

TEST_F(AofFolderTest, ACrashBetweenAnyTwoStepsOfARewriteLeavesTheOldSetOrTheNew) {
  size_t crashes = 0;
  for (const bool apart : {false, true}) {
    for (size_t step = 0;; ++step) {
      const std::string dir = "crash" + std::to_string(crashes++);
      fs::create_directory(root_ + "/" + dir);
      env::Disk sound;
      AofFolder first(sound, Place(dir));
      ASSERT_TRUE(first.Find().ok() && Rewrite(first, "A", true) && first.Write("b").ok());
      first.Close();

      FaultyDisk disk;
      AofFolder folder(disk, Place(dir));
      ASSERT_TRUE(folder.Find().ok() && folder.Continue().ok());
      disk.steps = 0;
      disk.dies_at = step;
      std::string acknowledged = "Ab";
      if (folder.Write("c").ok() && folder.Sync().ok()) acknowledged += "c";
      bool replaced = false;
      if (folder.BeginIncrement(apart).ok()) {
        const std::string path = folder.place().PathOf("temp-a.base.rdb");
        WriteFile(path, "ABC");
        if (!apart && folder.Write("d").ok() && folder.Sync().ok()) acknowledged += "d";
        replaced = folder.ReplaceBase(path, false).ok();
        if (replaced && folder.Write("e").ok() && folder.Sync().ok()) acknowledged += "e";
      }
      std::string found = Load(dir);
      for (char& c : found) c = static_cast<char>(c | 0x20);  // the image says the same
      for (char& c : acknowledged) c = static_cast<char>(c | 0x20);
      EXPECT_THAT(found, testing::StartsWith(acknowledged))
          << "step " << step << " apart " << apart;
      // A start goes on from there.
      AofFolder next(sound, Place(dir));
      ASSERT_TRUE(next.Find().ok());
      next.RemoveLeftovers();
      const Status continued = next.Continue();
      EXPECT_TRUE(continued.ok()) << continued.message();
      ASSERT_TRUE(next.Write("z").ok());
      EXPECT_THAT(Load(dir), testing::EndsWith("z"));
      for (const auto& file : fs::directory_iterator(root_ + "/" + dir + "/log")) {
        EXPECT_FALSE(file.path().filename().string().starts_with("temp-")) << file.path();
      }
      if (disk.steps < step) break;
      ASSERT_LT(step, 100u);
    }
  }
  EXPECT_GT(crashes, 30u);
}

TEST_F(AofFolderTest, AStepThatFailsOnceLosesNothingAndTheNextRewriteSucceeds) {
  for (size_t step = 0; step < 40; ++step) {
    const std::string dir = "fail" + std::to_string(step);
    fs::create_directory(root_ + "/" + dir);
    FaultyDisk disk;
    AofFolder folder(disk, Place(dir));
    ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
    disk.steps = 0;
    disk.fails_at = step;
    (void)Rewrite(folder, "AB", false);
    if (folder.suspect()) {
      folder.Close();
      ASSERT_TRUE(Rewrite(folder, "AB", true)) << step;
    }
    while (!folder.Write("c").ok()) {
    }
    std::string found = Load(dir);
    for (char& c : found) c = static_cast<char>(c | 0x20);
    EXPECT_EQ(found, "abc") << step;
    disk.fails_at = FaultyDisk::kNever;
    ASSERT_TRUE(Rewrite(folder, "ABC", folder.suspect())) << step;
    EXPECT_EQ(Load(dir), "ABC");
    EXPECT_EQ(std::distance(fs::directory_iterator(root_ + "/" + dir + "/log"), {}), 3) << step;
  }
}

// On a full disk it would take the room that the set waits for.
TEST_F(AofFolderTest, ABaseThatDoesNotTakeItsPlaceIsNotLeftBehind) {
  for (const bool apart : {false, true}) {
    for (size_t step = 0;; ++step) {
      const std::string dir = "left" + std::to_string(step) + (apart ? "apart" : "");
      fs::create_directory(root_ + "/" + dir);
      FaultyDisk disk;
      AofFolder folder(disk, Place(dir));
      ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
      ASSERT_TRUE(folder.BeginIncrement(apart).ok());
      const std::string image = folder.place().PathOf("temp-a.base.rdb");
      WriteFile(image, "AB");
      disk.fails_at = disk.steps + step;
      const bool replaced = folder.ReplaceBase(image, false).ok();
      const bool named = folder.manifest().base->sequence == 2;
      EXPECT_FALSE(fs::exists(image)) << step;
      EXPECT_EQ(fs::exists(folder.place().PathOf("a.2.base.rdb")), named) << step;
      EXPECT_EQ(Load(dir), named ? "AB" : "Ab") << step;
      if (replaced) break;
    }
  }
}

TEST_F(AofFolderTest, AWriteThatFailsLeavesNoPartOfItself) {
  fs::create_directory(root_ + "/d");
  FaultyDisk disk;
  AofFolder folder(disk, Place("d"));
  ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("bb").ok());
  disk.full = true;
  EXPECT_FALSE(folder.Write("cccccc").ok());
  EXPECT_EQ(Load("d"), "Abb");
  EXPECT_FALSE(folder.Write("cccccc").ok());
  disk.full = false;
  EXPECT_TRUE(folder.Write("cccccc").ok());
  EXPECT_EQ(Load("d"), "Abbcccccc");
}

TEST_F(AofFolderTest, ASyncThatFailsLeavesTheOldSetUntilAnotherBaseIsThere) {
  fs::create_directory(root_ + "/d");
  FaultyDisk disk;
  AofFolder folder(disk, Place("d"));
  ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
  disk.cannot_sync = true;
  EXPECT_FALSE(folder.BeginIncrement(false).ok());
  EXPECT_EQ(Load("d"), "Ab");
  disk.cannot_sync = false;
  folder.Close();
  ASSERT_TRUE(folder.BeginIncrement(true).ok());
  ASSERT_TRUE(folder.Write("d").ok());
  EXPECT_EQ(Load("d"), "Ab");
  const std::string image = folder.place().PathOf("temp-a.base.rdb");
  WriteFile(image, "ABC");
  ASSERT_TRUE(folder.ReplaceBase(image, false).ok());
  EXPECT_EQ(Load("d"), "ABCd");
}

TEST_F(AofFolderTest, ASyncThatHasFailedIsNotBelievedLater) {
  fs::create_directory(root_ + "/d");
  FaultyDisk disk;
  AofFolder folder(disk, Place("d"));
  ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
  disk.cannot_sync = true;
  EXPECT_FALSE(folder.BeginIncrement(false).ok());
  disk.cannot_sync = false;
  EXPECT_TRUE(folder.suspect());
  EXPECT_FALSE(folder.Sync().ok());
  EXPECT_FALSE(folder.BeginIncrement(false).ok());
  ASSERT_TRUE(Rewrite(folder, "AB", true));
  EXPECT_FALSE(folder.suspect());
  EXPECT_TRUE(folder.Write("c").ok() && folder.Sync().ok());
  EXPECT_EQ(Load("d"), "ABc");
}

TEST_F(AofFolderTest, AnIncrementApartIsNothingWithoutItsBase) {
  fs::create_directory(root_ + "/d");
  env::Disk disk;
  AofFolder folder(disk, Place("d"));
  ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
  ASSERT_TRUE(folder.BeginIncrement(true).ok());
  ASSERT_TRUE(folder.Write("x").ok());
  folder.Close();
  EXPECT_EQ(Load("d"), "Ab");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_ + "/d/log"), {}), 3);
  EXPECT_TRUE(folder.Write("dropped").ok());
  EXPECT_EQ(Load("d"), "Ab");
}

TEST_F(AofFolderTest, DataNotKnownToBeWholeLeaveTheSetBeforeThem) {
  fs::create_directory(root_ + "/d");
  env::Disk disk;
  AofFolder folder(disk, Place("d"));
  ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
  ASSERT_TRUE(folder.BeginIncrement(true).ok());
  const std::string image = folder.place().PathOf("temp-a.base.rdb");
  WriteFile(image, "N");
  ASSERT_TRUE(folder.ReplaceBase(image, true).ok());
  EXPECT_EQ(Load("d"), "N");
  const auto kept = AofManifest::Parse(ReadFile(root_ + "/d/log/a.manifest.kept"));
  ASSERT_TRUE(kept.ok());
  std::string text;
  for (const AofFile& file : kept->InOrder()) text += ReadFile(root_ + "/d/log/" + file.name);
  EXPECT_EQ(text, "Ab");
}

TEST_F(AofFolderTest, AnOldSingleFileBecomesTheFirstBaseAlsoAfterAnInterruption) {
  for (size_t step = 0; step < 12; ++step) {
    const std::string dir = "old" + std::to_string(step);
    fs::create_directory(root_ + "/" + dir);
    WriteFile(root_ + "/" + dir + "/a", "old");
    FaultyDisk disk;
    disk.dies_at = step;
    AofFolder interrupted(disk, Place(dir));
    (void)interrupted.Find().ok();
    EXPECT_EQ(Load(dir), "old") << step;
    EXPECT_EQ(ReadFile(root_ + "/" + dir + "/log/a.manifest"), "file a seq 1 type b\n");
    EXPECT_FALSE(fs::exists(root_ + "/" + dir + "/a"));
  }
}

TEST_F(AofFolderTest, WhatFollowsAPlaceIsCutOffAndACrashOnTheWayLeavesASetThatLoads) {
  for (size_t step = 0; step < 20; ++step) {
    const std::string dir = "cut" + std::to_string(step);
    fs::create_directory(root_ + "/" + dir);
    env::Disk sound;
    AofFolder first(sound, Place(dir));
    ASSERT_TRUE(first.Find().ok() && Rewrite(first, "A", true) && first.Write("bc").ok());
    ASSERT_TRUE(first.BeginIncrement(false).ok() && first.Write("d").ok());
    FaultyDisk disk;
    AofFolder folder(disk, Place(dir));
    ASSERT_TRUE(folder.Find().ok());
    const AofFile file = folder.manifest().increments.front();
    disk.dies_at = step;
    const bool cut = folder.CutAt(file, 1).ok();
    EXPECT_THAT(Load(dir), testing::AnyOf("Ab", cut ? "Ab" : "Abc", cut ? "Ab" : "Abcd"));
    disk.dies_at = FaultyDisk::kNever;
    AofFolder again(sound, Place(dir));
    ASSERT_TRUE(again.Find().ok() && again.CutAt(file, 1).ok());
    EXPECT_EQ(Load(dir), "Ab");
    EXPECT_FALSE(fs::exists(root_ + "/" + dir + "/log/a.2.incr.aof"));
  }
}

TEST_F(AofFolderTest, ASetWithoutItsManifestIsNotTakenForNothing) {
  fs::create_directory(root_ + "/d");
  env::Disk disk;
  AofFolder folder(disk, Place("d"));
  ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
  folder.Close();
  fs::remove(root_ + "/d/log/a.manifest");
  // It could be a first set that came to nothing: it is not loaded, but nobody writes over it.
  EXPECT_EQ(Load("d"), "");
  AofFolder second(disk, Place("d"));
  ASSERT_TRUE(second.Find().ok() && Rewrite(second, "B", true) && Rewrite(second, "C", false));
  EXPECT_EQ(ReadFile(root_ + "/d/log/a.1.base.rdb.kept"), "A");
  EXPECT_EQ(ReadFile(root_ + "/d/log/a.1.incr.aof.kept"), "b");
  second.Close();
  fs::remove(root_ + "/d/log/a.manifest");
  AofFolder third(disk, Place("d"));
  EXPECT_THAT(third.Find().message(),
              testing::HasSubstr("a.manifest is missing, but there is a.2"));
}

TEST_F(AofFolderTest, ASetThatIsRetiredIsGoneAtOnceAndACrashOnTheWayLeavesItOrNothing) {
  for (size_t step = 0; step < 12; ++step) {
    const std::string dir = "retired" + std::to_string(step);
    fs::create_directory(root_ + "/" + dir);
    env::Disk sound;
    AofFolder folder(sound, Place(dir));
    ASSERT_TRUE(folder.Find().ok() && Rewrite(folder, "A", true) && folder.Write("b").ok());
    ASSERT_TRUE(Rewrite(folder, "C", false) &&
                folder.BeginIncrement(true).ok());  // one is unlisted
    FaultyDisk disk;
    disk.dies_at = step;
    const bool retired = AofFolder::Retire(disk, Place(dir)).ok();
    EXPECT_THAT(Load(dir), testing::AnyOf("", retired ? "" : "C")) << step;
    ASSERT_TRUE(AofFolder::Retire(sound, Place(dir)).ok());
    EXPECT_EQ(Load(dir), "");
    EXPECT_TRUE(fs::is_empty(root_ + "/" + dir + "/log")) << step;
  }
}

TEST_F(AofFolderTest, AMissingFileIsNamed) {
  fs::create_directories(root_ + "/d/log");
  WriteFile(root_ + "/d/log/a.manifest", "file a.1.incr.aof seq 1 type i\n");
  env::Disk disk;
  AofFolder folder(disk, Place("d"));
  ASSERT_TRUE(folder.Find().ok());
  EXPECT_THAT(folder.SizesOnDisk().status().message(),
              testing::HasSubstr("a.1.incr.aof doesn't exist"));
}

}  // namespace
}  // namespace rha::node::persist
