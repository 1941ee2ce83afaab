#include "common/trust/secret.h"

#include <gmock/gmock.h>

namespace rha::trust {
namespace {

using testing::ElementsAre;

TEST(SameSecret, OnlyTheWholeTextIs) {
  EXPECT_TRUE(SameSecret("secret", "secret"));
  EXPECT_TRUE(SameSecret("", ""));
  for (const char* given : {"", "secre", "secretz", "Secret", "secretsecret"}) {
    EXPECT_FALSE(SameSecret(given, "secret")) << given;
  }
  EXPECT_FALSE(SameSecret("x", ""));
  EXPECT_FALSE(SameSecret(std::string_view("a\0b", 3), "a"));
}

TEST(FirstLine, EndsBeforeItsLineEnd) {
  EXPECT_EQ(FirstLine("secret\r\nmore"), "secret");
  EXPECT_EQ(FirstLine("secret"), "secret");
  EXPECT_EQ(FirstLine("\nsecret"), "");
  EXPECT_TRUE(CheckPasswordText("secret\n").ok());
  EXPECT_FALSE(CheckPasswordText("\nsecret").ok());
}

class SecretTextsTest : public testing::Test {
 protected:
  void Replace(const char* text) { texts_.Replace(text, now_ + Millis(100)); }

  SecretTexts texts_;
  MonoTime now_{std::chrono::hours(1)};
};

TEST_F(SecretTextsTest, EachTextThatWasReplacedHasItsTime) {
  Replace("a");
  Replace("b");
  now_ += Millis(60);
  Replace("c");
  EXPECT_THAT(texts_.all(), ElementsAre("c", "b", "a"));
  now_ += Millis(39);
  EXPECT_FALSE(texts_.Expire(now_));
  now_ += Millis(1);
  EXPECT_TRUE(texts_.Expire(now_));
  EXPECT_THAT(texts_.all(), ElementsAre("c", "b"));
  now_ += Millis(60);
  EXPECT_TRUE(texts_.Expire(now_));
  EXPECT_THAT(texts_.all(), ElementsAre("c"));
  EXPECT_FALSE(texts_.Expire(now_ + std::chrono::hours(1))) << "the one in force stays";
}

TEST_F(SecretTextsTest, OneThatComesBackIsInForce) {
  Replace("a");
  Replace("b");
  now_ += Millis(60);
  Replace("a");
  EXPECT_THAT(texts_.all(), ElementsAre("a", "b"));
  Replace("a");
  EXPECT_THAT(texts_.all(), ElementsAre("a", "b"));
  EXPECT_TRUE(texts_.Expire(now_ + Millis(100)));
  EXPECT_THAT(texts_.all(), ElementsAre("a"));
}

TEST_F(SecretTextsTest, SoManyAndNoMore) {
  for (const char* text : {"a", "b", "c", "d", "e", "f"}) Replace(text);
  EXPECT_THAT(texts_.all(), ElementsAre("f", "e", "d", "c"));
  Replace("d");
  EXPECT_THAT(texts_.all(), ElementsAre("d", "f", "e", "c"));
  texts_.ForgetReplaced();
  EXPECT_THAT(texts_.all(), ElementsAre("d"));
  EXPECT_FALSE(texts_.Expire(now_ + std::chrono::hours(1)));
}

TEST_F(SecretTextsTest, ThereMayBeNone) {
  texts_.ForgetReplaced();
  EXPECT_FALSE(texts_.Expire(now_));
  EXPECT_THAT(texts_.all(), ElementsAre());
}

}  // namespace
}  // namespace rha::trust
