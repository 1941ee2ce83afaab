#include "common/base/config_text.h"

#include <gmock/gmock.h>

namespace rha {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ConfigText, SplitsWordsAndQuotes) {
  EXPECT_THAT(*SplitConfigWords("  save 3600\t1 \"a b\" 'c d' x\"y\" "),
              ElementsAre("save", "3600", "1", "a b", "c d", "xy"));
  EXPECT_THAT(*SplitConfigWords(R"(a "\x41\n\"\\" 'it\'s \n')"),
              ElementsAre("a", "A\n\"\\", "it's \\n"));
  EXPECT_THAT(*SplitConfigWords("save \"\""), ElementsAre("save", ""));
}

TEST(ConfigText, TreatsOddBytesAsRedisDoes) {
  using std::string_view_literals::operator""sv;
  EXPECT_THAT(*SplitConfigWords("\v\fa\vb c"), ElementsAre("a\vb", "c"));
  EXPECT_THAT(*SplitConfigWords("a \"b\"\0c"sv), ElementsAre("a", "b"));
  EXPECT_THAT(*SplitConfigWords("a b\0c d"sv), ElementsAre("a", "b"));
  EXPECT_FALSE(SplitConfigWords("a \"b\0c\""sv).ok());
  EXPECT_THAT(*SplitConfigWords("\0"sv), ElementsAre());
}

TEST(ConfigText, RefusesUnbalancedQuotes) {
  EXPECT_FALSE(SplitConfigWords("a \"b").ok());
  EXPECT_FALSE(SplitConfigWords("a 'b").ok());
  EXPECT_FALSE(SplitConfigWords("a \"b\"c").ok());
  EXPECT_FALSE(SplitConfigWords("a \"b\\").ok());
}

TEST(ConfigText, ParsesLinesAndNumbersThem) {
  const auto lines = ParseConfigText("# comment\r\n\n  PORT 6379\r\nbind 127.0.0.1 ::1");
  ASSERT_TRUE(lines.ok());
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_EQ((*lines)[0].number, 3);
  EXPECT_THAT((*lines)[0].words, ElementsAre("port", "6379"));
  EXPECT_THAT((*lines)[1].words, ElementsAre("bind", "127.0.0.1", "::1"));
}

TEST(ConfigText, WhatAPowerLossLeftOfAFileIsNoShorterConfiguration) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {"port 1\n\0\0\0\0"sv, "# a\0b\nport 1"sv, "port 1\0\n"sv}) {
    EXPECT_THAT(ParseConfigText(text).status().message(), HasSubstr("a zero byte"));
  }
}

TEST(ConfigText, NamesTheLineOfAnError) {
  EXPECT_THAT(ParseConfigText("a b\nc \"d").status().message(), HasSubstr("line 2"));
}

TEST(ConfigText, QuotesWhatItReadsBack) {
  for (const std::string word : {"plain", "", "two words", "q\"uo\\te", "#hash", "bin\x01\xff\n"}) {
    EXPECT_THAT(*SplitConfigWords("k " + QuoteConfigWord(word)), ElementsAre("k", word));
  }
  EXPECT_EQ(QuoteConfigWord("/data/x.conf"), "/data/x.conf");
}

}  // namespace
}  // namespace rha
