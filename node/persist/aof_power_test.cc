// The append-only file's folder on a disk that loses power at any step, again and again.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/env/testing/losing_disk.h"
#include "node/persist/aof_folder.h"

namespace rha::node::persist {
namespace {

namespace fs = std::filesystem;

// In place of commands there are numbers that count up: "7;". An image is the last of them: "=6;".
class AofPowerTest : public testing::Test {
 protected:
  AofPowerTest() {
    char path[] = "/tmp/rha-aof-power-XXXXXX";
    root_ = ::mkdtemp(path);
  }
  ~AofPowerTest() override { fs::remove_all(root_); }

  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // As a start does: what is there up to the last whole number; the rest of the last file is cut.
  void Load(AofFolder& folder, uint64_t* value) {
    const Status found = folder.Find();
    ASSERT_TRUE(found.ok()) << found.message();
    ASSERT_TRUE(folder.SizesOnDisk().ok()) << folder.SizesOnDisk().status().message();
    *value = 0;
    const std::vector<AofFile> files = folder.manifest().InOrder();
    for (const AofFile& file : files) {
      const std::string text = ReadFile(folder.place().PathOf(file.name));
      size_t at = 0;
      for (size_t end; (end = text.find(';', at)) != std::string::npos; at = end + 1) {
        const bool image = text[at] == '=';
        const uint64_t number = std::stoull(text.substr(at + (image ? 1 : 0)));
        if (!image) {
          ASSERT_EQ(number, *value + 1) << file.name;
        }
        *value = number;
      }
      if (at == text.size()) continue;
      ASSERT_EQ(&file, &files.back()) << "only the last file may end in the middle";
      ASSERT_TRUE(folder.CutLast(at).ok());
    }
  }

  // A process: rewrites and writes until it is told to stop or the disk has died.
  void Live(AofFolder& folder, Prng& chance, bool fresh) {
    folder.RemoveLeftovers();
    if (!fresh && !folder.Continue().ok()) return;
    acknowledged_ = written_;  // what was found is believed
    bool sound = !fresh;
    for (int turn = 0; turn < 30; ++turn) {
      if (!sound || chance.Below(6) == 0) {
        const bool apart = !sound || chance.Below(3) == 0;
        if (!folder.BeginIncrement(apart).ok()) return;
        const std::string image = folder.place().PathOf("temp-a.base.rdb");
        std::ofstream(image, std::ios::binary) << '=' << written_ << ';';
        // Meanwhile the set on the disk goes on only if the increment belongs to it.
        for (uint64_t more = chance.Below(3); more > 0; --more) Write(folder, chance, !apart);
        const bool replaced = folder.ReplaceBase(image, false).ok();
        if (replaced) acknowledged_ = std::max(acknowledged_, written_);
        if (!replaced) return;
        sound = true;
      }
      Write(folder, chance, true);
    }
  }
  void Write(AofFolder& folder, Prng& chance, bool counts) {
    const bool written = folder.Write(std::to_string(written_ + 1) + ";").ok();
    if (written) ++written_;
    if (!written) tried_ = written_ + 1;
    if (written && chance.Below(3) != 0 && folder.Sync().ok() && counts) acknowledged_ = written_;
  }

  std::string root_;
  uint64_t written_ = 0, tried_ = 0, acknowledged_ = 0;
};

TEST_F(AofPowerTest, WhatWasSyncedOutlivesKillsAndPowerLossAtAnyStepAgainAndAgain) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    const std::string dir = root_ + "/" + std::to_string(seed);
    fs::create_directory(dir);
    Prng chance(seed);
    env::LosingDisk disk(dir, seed + 1000);
    written_ = tried_ = acknowledged_ = 0;
    for (int life = 0; life < 6; ++life) {
      AofFolder folder(disk, {dir, "log", "a"});
      uint64_t value = 0;
      ASSERT_NO_FATAL_FAILURE(Load(folder, &value));
      ASSERT_GE(value, acknowledged_);
      ASSERT_LE(value, std::max(written_, tried_));
      written_ = tried_ = value;
      disk.steps = 0;
      disk.dies_at = chance.Below(chance.Below(2) == 0 ? 10 : 60);
      Live(folder, chance, folder.manifest().empty());
      chance.Below(3) == 0 ? disk.Killed() : disk.PowerLoss();
    }
    fs::remove_all(dir);
  }
}

}  // namespace
}  // namespace rha::node::persist
