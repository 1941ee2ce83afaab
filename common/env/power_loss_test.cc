// Small durable files after the power has failed at any step, by seed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "common/env/files.h"
#include "common/env/slot_file.h"
#include "common/env/testing/power_loss_disk.h"

namespace rha::env {
namespace {

constexpr uint64_t kSeeds = 300;

class PowerLossTest : public testing::Test {
 protected:
  PowerLossTest() {
    char path[] = "/tmp/rha-power-XXXXXX";
    root_ = ::mkdtemp(path);
  }
  ~PowerLossTest() override { std::filesystem::remove_all(root_); }
  std::string root_;
};

TEST_F(PowerLossTest, ASlotFileHoldsTheLastRecordOrTheOneThatWasBeingWritten) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng chance(seed);
    const std::string path = root_ + "/role";
    std::filesystem::remove(path);
    PowerLossDisk disk(root_);
    uint64_t promised = 0, tried = 0;
    for (int life = 0; life < 3; ++life) {
      disk.dies_at = chance.Below(10);
      {
        auto file = SlotFile::Open(path, 5000, disk);
        while (file.ok() && !disk.dead()) {
          const std::string record(1 + (tried + 1) % 5000, static_cast<char>('a' + tried % 26));
          if (file->Write(std::to_string(++tried) + " " + record).ok()) promised = tried;
        }
      }
      disk.LosePower(chance);
      const auto found = SlotFile::Open(path, 5000, disk);
      ASSERT_TRUE(found.ok()) << found.status().message();
      const uint64_t holds = found->record() ? std::stoull(*found->record()) : 0;
      EXPECT_GE(holds, promised);
      EXPECT_LE(holds, tried);
      promised = tried = holds;
    }
  }
}

TEST_F(PowerLossTest, ATextFileIsTheOldOneOrTheNewOne) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng chance(seed);
    const std::string path = root_ + "/text";
    PowerLossDisk disk(root_);
    ASSERT_TRUE(WriteTextFile(path, "old", disk).ok());
    (chance.Below(2) == 0 ? disk.dies_at : disk.fails_at) = disk.steps + chance.Below(8);
    const bool written = WriteTextFile(path, "the new one", disk).ok();
    disk.LosePower(chance);
    const auto found = ReadTextFile(path);
    ASSERT_TRUE(found.ok());
    EXPECT_TRUE(*found == "the new one" || (*found == "old" && !written)) << *found;
  }
}

}  // namespace
}  // namespace rha::env
