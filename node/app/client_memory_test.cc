#include "node/app/client_memory.h"

#include <gtest/gtest.h>

namespace rha::node::app {
namespace {

TEST(ClientMemoryTest, TheLargestClassGoesFirstAndInItWhoCameFirst) {
  ClientMemory memory;
  EXPECT_EQ(memory.Largest(), std::nullopt);
  memory.Hold(1, 1000);
  memory.Hold(2, 70'000);
  memory.Hold(3, 120'000);  // of the same class as the one before
  EXPECT_EQ(memory.bytes(), 191'000u);
  EXPECT_EQ(memory.Largest(), 2u);
  memory.Leave(2);
  EXPECT_EQ(memory.Largest(), 3u);
  memory.Leave(3);
  EXPECT_EQ(memory.Largest(), 1u);
  memory.Leave(3);
  EXPECT_EQ(memory.bytes(), 1000u);
}

TEST(ClientMemoryTest, AClientThatGrowsOrShrinksChangesItsClass) {
  ClientMemory memory;
  memory.Hold(1, 500);
  memory.Hold(2, 400);
  memory.Hold(2, 5000);
  EXPECT_EQ(memory.Largest(), 2u);
  memory.Hold(2, 300);
  EXPECT_EQ(memory.Largest(), 1u);
  EXPECT_EQ(memory.bytes(), 800u);
  memory.Clear();
  EXPECT_EQ(memory.bytes(), 0u);
  EXPECT_EQ(memory.Largest(), std::nullopt);
}

}  // namespace
}  // namespace rha::node::app
