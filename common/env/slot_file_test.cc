#include "common/env/slot_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace rha::env {
namespace {

class SlotFileTest : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/slot_file_test.XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    path_ = folder_ + "/votes";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  SlotFile Open() {
    auto file = SlotFile::Open(path_, 1000);
    EXPECT_TRUE(file.ok()) << file.status().message();
    return std::move(file).value();
  }
  std::string Bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string folder_, path_;
};

TEST_F(SlotFileTest, ANewFileHoldsNothing) { EXPECT_FALSE(Open().record().has_value()); }

TEST_F(SlotFileTest, KeepsTheNewestRecord) {
  for (const std::string record : {"first", "", "a longer third", "4"}) {
    ASSERT_TRUE(Open().Write(record).ok());
    EXPECT_EQ(Open().record(), record);
  }
}

TEST_F(SlotFileTest, WritingNeedsNoNewSpace) {
  SlotFile file = Open();
  const size_t reserved = Bytes().size();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(file.Write(std::string(1000, 'x')).ok());
  EXPECT_EQ(Bytes().size(), reserved);
  EXPECT_EQ(file.Write(std::string(reserved, 'x')).code(), Code::kExhausted);
  EXPECT_EQ(file.record(), std::string(1000, 'x'));
}

TEST_F(SlotFileTest, PowerLossAtAnyByteLeavesTheOldOrTheNewRecord) {
  {
    SlotFile file = Open();
    ASSERT_TRUE(file.Write("epoch 1").ok());
    ASSERT_TRUE(file.Write("epoch 2").ok());
  }
  const std::string before = Bytes();
  ASSERT_TRUE(Open().Write("epoch 3").ok());
  const std::string after = Bytes();
  for (size_t cut = 0; cut <= before.size(); cut += cut < 100 || cut % 4096 < 100 ? 1 : 500) {
    SetBytes(after.substr(0, cut) + before.substr(cut));
    const std::string found = Open().record().value_or("nothing");
    EXPECT_TRUE(found == "epoch 2" || found == "epoch 3") << found << " at " << cut;
    // What came out must also be what the next record is put beside.
    ASSERT_TRUE(Open().Write("epoch 4").ok());
    EXPECT_EQ(Open().record(), "epoch 4");
  }
}

TEST_F(SlotFileTest, AFirstWriteCutShortPromisedNothing) {
  { SlotFile file = Open(); }
  const std::string before = Bytes();
  ASSERT_TRUE(Open().Write("epoch 1").ok());
  const std::string after = Bytes();
  SetBytes(before.substr(0, before.size() / 2) + after.substr(before.size() / 2, 20) +
           before.substr(before.size() / 2 + 20));
  EXPECT_FALSE(Open().record().has_value());
}

// A disk writes sectors in any order.
TEST_F(SlotFileTest, AFirstWriteWithoutItsFirstSectorLosesNothing) {
  const std::string record(1000, 'x');
  { SlotFile file = Open(); }
  const std::string empty = Bytes();
  ASSERT_TRUE(Open().Write(record).ok());
  const std::string good = Bytes();
  const size_t second = good.size() / 2;  // the place that is written first
  SetBytes(empty.substr(0, second + 512) + good.substr(second + 512));
  EXPECT_FALSE(Open().record().has_value()) << "nothing was promised yet";
  SetBytes(empty.substr(0, 512) + good.substr(512));
  EXPECT_EQ(Open().record(), record);
  ASSERT_TRUE(Open().Write("epoch 2").ok());
  EXPECT_EQ(Open().record(), "epoch 2");
}

TEST_F(SlotFileTest, OneDamagedSlotAfterTheFirstWriteLosesNothing) {
  ASSERT_TRUE(Open().Write("epoch 1").ok());
  const std::string good = Bytes();
  for (const size_t at : {size_t{30}, good.size() / 2 + 30}) {
    std::string bytes = good;
    bytes[at] ^= 1;
    SetBytes(bytes);
    EXPECT_EQ(Open().record(), "epoch 1");
  }
}

TEST_F(SlotFileTest, DamageToBothSlotsIsRefusedNotForgotten) {
  ASSERT_TRUE(Open().Write("epoch 1").ok());
  std::string bytes = Bytes();
  bytes[30] ^= 1;
  bytes[bytes.size() / 2 + 30] ^= 1;
  SetBytes(bytes);
  const auto file = SlotFile::Open(path_, 1000);
  EXPECT_EQ(file.status().code(), Code::kCorrupt);
  EXPECT_NE(file.status().message().find(path_), std::string::npos);
}

// A full disk may give a part of what is asked for.
TEST_F(SlotFileTest, AFileForWhichThereWasNotRoomEnoughIsMadeAnew) {
  for (const size_t bytes : {1, 100, 4096}) {
    SetBytes(std::string(bytes, '\0'));
    SlotFile file = Open();
    EXPECT_FALSE(file.record().has_value());
    EXPECT_TRUE(file.Write("epoch 1").ok());
    EXPECT_EQ(file.record(), "epoch 1");
  }
}

TEST_F(SlotFileTest, WhatIsNoSuchFileIsRefusedNotTakenForANewOne) {
  ASSERT_TRUE(Open().Write("epoch 1").ok());
  const std::string good = Bytes();
  std::string torn = good;
  torn[30] ^= 1;
  torn.replace(good.size() / 2, good.size() / 2, good.size() / 2, '\0');
  for (const std::string& bytes :
       {std::string("hello world\n"), good.substr(0, 100), "x" + good.substr(1), torn}) {
    SetBytes(bytes);
    EXPECT_EQ(SlotFile::Open(path_, 1000).status().code(), Code::kCorrupt);
    EXPECT_EQ(Bytes(), bytes) << "what is damaged is left as it is";
  }
}

TEST_F(SlotFileTest, TwoOwnersAreRefused) {
  const SlotFile first = Open();
  EXPECT_EQ(SlotFile::Open(path_, 1000).status().code(), Code::kConflict);
}

TEST_F(SlotFileTest, SaysWhichFolderIsMissing) {
  const auto file = SlotFile::Open(folder_ + "/none/votes", 10);
  EXPECT_EQ(file.status().code(), Code::kNotFound);
  EXPECT_NE(file.status().message().find("/none/votes"), std::string::npos);
}

}  // namespace
}  // namespace rha::env
