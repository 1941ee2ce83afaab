#include "node/app/oom_score.h"

#include <gtest/gtest.h>

#include <fstream>

namespace rha::node::app {
namespace {

class OomScoreTest : public testing::Test {
 protected:
  OomScoreTest() { Put("22"); }
  void Put(const std::string& text) { std::ofstream(path_) << text << '\n'; }
  std::string Stands() {
    std::string line;
    std::getline(std::ifstream(path_) >> std::ws, line);
    return line;
  }
  std::string Applied(const std::string& mode, bool is_replica = false) {
    config_.oom_score_mode = mode;
    EXPECT_TRUE(score_.Apply(config_, is_replica).ok());
    return Stands();
  }

  const std::string path_ = testing::TempDir() + "oom_score_adj";
  Config config_;
  OomScore score_{path_};
};

TEST_F(OomScoreTest, CountsFromWhatStoodThereAndGoesBackToIt) {
  config_.oom_score_values = {10, 20, 30};
  EXPECT_EQ(Applied("no"), "22") << "not touched";
  EXPECT_EQ(Applied("yes"), "32");
  EXPECT_EQ(Applied("yes", true), "42");
  config_.oom_score_values[0] = 15;
  EXPECT_EQ(Applied("relative"), "37") << "what it wrote itself is no basis";
  EXPECT_EQ(Applied("absolute"), "15");
  EXPECT_EQ(Applied("no"), "22");
  Put("7");
  EXPECT_EQ(Applied("no"), "7") << "somebody else's";
  EXPECT_EQ(Applied("yes"), "22") << "counts from that now";
}

TEST_F(OomScoreTest, StaysWithinTheKernelsLimits) {
  config_.oom_score_values = {-2000, 2000, 2000};
  EXPECT_EQ(Applied("yes"), "-1000");
  EXPECT_EQ(Applied("yes", true), "1000");
}

TEST_F(OomScoreTest, WhatCannotBeWrittenIsAnErrorAndChangesNothing) {
  OomScore none(path_ + ".nosuch");
  EXPECT_TRUE(none.Apply(config_, false).ok()) << "off";
  config_.oom_score_mode = "yes";
  EXPECT_FALSE(none.Apply(config_, false).ok());
  config_.oom_score_mode = "no";
  EXPECT_TRUE(none.Apply(config_, false).ok()) << "there is nothing to go back to";
}

}  // namespace
}  // namespace rha::node::app
