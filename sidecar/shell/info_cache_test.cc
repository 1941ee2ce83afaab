#include "sidecar/shell/info_cache.h"

#include <gtest/gtest.h>

namespace rha::sidecar::shell {
namespace {

using core::LogicalTime;
using core::Millis;
using core::NodeId;

LogicalTime At(int64_t ms) { return LogicalTime{Millis{ms}}; }

TEST(InfoCache, KeepsTheLastOfEachNode) {
  InfoCache cache(1 << 20);
  cache.Keep(NodeId{1}, At(1), "old");
  cache.Keep(NodeId{1}, At(2), "new");
  ASSERT_NE(cache.Find(NodeId{1}), nullptr);
  EXPECT_EQ(cache.Find(NodeId{1})->text, "new");
  EXPECT_EQ(cache.Find(NodeId{1})->at, At(2));
  EXPECT_EQ(cache.Find(NodeId{2}), nullptr);
}

TEST(InfoCache, TheOldestGoesWhenAllTogetherIsTooMuch) {
  InfoCache cache(10000);
  const std::string text(3000, 'x');
  for (int i = 0; i < 3; ++i) cache.Keep(NodeId{10u + i}, At(i), text);
  cache.Keep(NodeId{10}, At(3), text);
  cache.Keep(NodeId{20}, At(4), text);
  EXPECT_EQ(cache.Find(NodeId{11}), nullptr);
  EXPECT_NE(cache.Find(NodeId{10}), nullptr);
  EXPECT_NE(cache.Find(NodeId{12}), nullptr);
  EXPECT_LE(cache.bytes(), 10000u);
}

TEST(InfoCache, WhatNeverFitsIsNotKept) {
  InfoCache cache(1000);
  cache.Keep(NodeId{1}, At(0), "short");
  cache.Keep(NodeId{1}, At(1), std::string(2000, 'x'));
  EXPECT_EQ(cache.Find(NodeId{1}), nullptr);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace rha::sidecar::shell
