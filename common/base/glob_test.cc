#include "common/base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace rha {
namespace {

TEST(Glob, MatchesAsRedisDoes) {
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("h?llo", "hello"));
  EXPECT_TRUE(GlobMatches("h*llo", "heeeello"));
  EXPECT_TRUE(GlobMatches("h[ae]llo", "hallo"));
  EXPECT_FALSE(GlobMatches("h[ae]llo", "hillo"));
  EXPECT_FALSE(GlobMatches("h[^e]llo", "hello"));
  EXPECT_TRUE(GlobMatches("h[a-c]llo", "hbllo"));
  EXPECT_TRUE(GlobMatches("h[c-a]llo", "hbllo"));
  EXPECT_TRUE(GlobMatches("a\\*b", "a*b"));
  EXPECT_FALSE(GlobMatches("a\\*b", "axb"));
  EXPECT_TRUE(GlobMatches("GET*", "getrange", true));
  EXPECT_FALSE(GlobMatches("abc", "abcd"));
  EXPECT_FALSE(GlobMatches("abcd", "abc"));
  EXPECT_TRUE(GlobMatches("[a", "a"));
}

TEST(Glob, HostilePatternsStayQuick) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace rha
