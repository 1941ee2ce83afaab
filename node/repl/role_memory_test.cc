#include "node/repl/role_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

namespace rha::node::repl {
namespace {

using testing::StartsWith;

class RoleMemoryTest : public testing::Test {
 protected:
  RoleMemoryTest() {
    std::string pattern = testing::TempDir() + "rha-role-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~RoleMemoryTest() override { std::filesystem::remove_all(folder_); }

  RoleMemory Open(const std::string& uid) {
    auto memory = RoleMemory::Open(folder_ + "/role", uid);
    EXPECT_TRUE(memory.ok()) << memory.status().message();
    return std::move(memory).value();
  }

  std::string folder_;
};

TEST(RoleRecord, ComesBackAsItWas) {
  const RoleRecord orders[] = {{.uid = "u"},
                               {.uid = "u", .adopted = "v", .epoch = 7, .leader = "pod-1"}};
  for (const RoleRecord& record : orders) {
    const auto decoded = DecodeRoleRecord(EncodeRoleRecord(record));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, record);
  }
  for (const char* text : {"", "x", "redisha-role-1 u - x -", "redisha-role-2 u - 1 -"}) {
    EXPECT_FALSE(DecodeRoleRecord(text).ok()) << text;
  }
}

TEST(RoleRecord, YieldsToTheNewestAndToTheSameAgain) {
  const RoleRecord record{.uid = "u", .epoch = 5, .leader = "b"};
  EXPECT_TRUE(record.Yields(6, "a"));
  EXPECT_TRUE(record.Yields(5, "b"));
  EXPECT_TRUE(record.Yields(5, "c"));
  EXPECT_FALSE(record.Yields(5, "a"));
  EXPECT_FALSE(record.Yields(5, "*")) << "who does not know the winner has nothing to add";
  EXPECT_FALSE(record.Yields(4, "c"));
}

TEST_F(RoleMemoryTest, ARestartedNodeStillRefusesAnOlderOrder) {
  {
    RoleMemory memory = Open("u");
    EXPECT_EQ(memory.epoch(), 0u);
    EXPECT_TRUE(memory.Accept(5, "a").ok());
    EXPECT_THAT(memory.Accept(4, "b").message(), StartsWith("STALEEPOCH "));
  }
  RoleMemory memory = Open("u");
  EXPECT_EQ(memory.epoch(), 5u);
  EXPECT_EQ(memory.leader(), "a");
  EXPECT_THAT(memory.Accept(4, "b").message(), StartsWith("STALEEPOCH "));
  EXPECT_TRUE(memory.Accept(5, "a").ok());
}

TEST_F(RoleMemoryTest, AnOrderThatCannotBeKeptIsNotObeyed) {
  RoleMemory memory = Open("u");
  ASSERT_TRUE(memory.Accept(5, "a").ok());
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit all{}, none{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &all), 0);
  none = {0, all.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  EXPECT_THAT(memory.Accept(6, "b").message(), StartsWith("ERR the order cannot be kept: "));
  EXPECT_EQ(memory.epoch(), 5u);
  EXPECT_EQ(memory.leader(), "a");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &all), 0);
  std::signal(SIGXFSZ, before);
  EXPECT_TRUE(memory.Accept(5, "a").ok()) << "what it obeys it may be told again";
  EXPECT_TRUE(memory.Accept(6, "c").ok());
  EXPECT_EQ(memory.leader(), "c");
}

TEST_F(RoleMemoryTest, AVolumeOfAnotherClusterTakesNoOrders) {
  { EXPECT_TRUE(Open("theirs").Accept(9, "a").ok()); }
  {
    RoleMemory memory = Open("ours");
    EXPECT_EQ(memory.foreign_uid(), "theirs");
    EXPECT_THAT(memory.Accept(10, "b").message(), StartsWith("FOREIGN "));
    EXPECT_FALSE(memory.Adopt("others").ok()) << "whoever takes it over must know what";
    EXPECT_TRUE(memory.Adopt("theirs").ok());
    EXPECT_TRUE(memory.Accept(1, "b").ok()) << "their epochs are not ours";
  }
  EXPECT_EQ(Open("ours").foreign_uid(), "");
}

TEST_F(RoleMemoryTest, ADatasetOfAnotherClusterIsSeenInANewVolume) {
  {
    RoleMemory memory = Open("ours");
    memory.OnDataset("");
    memory.OnDataset("ours");
    EXPECT_EQ(memory.foreign_uid(), "");
    memory.OnDataset("theirs");
    EXPECT_EQ(memory.foreign_uid(), "theirs");
    EXPECT_TRUE(memory.Adopt("theirs").ok());
  }
  RoleMemory memory = Open("ours");
  memory.OnDataset("theirs");
  EXPECT_EQ(memory.foreign_uid(), "") << "the file on disk is still the one that was taken over";
}

}  // namespace
}  // namespace rha::node::repl
