#include "common/base/hex.h"

#include <gtest/gtest.h>

namespace rha {
namespace {

TEST(Hex, TwoLowerCaseDigitsForEachByte) {
  EXPECT_EQ(Hex(std::string_view("\x00\x0f\xa5\xff", 4)), "000fa5ff");
  EXPECT_EQ(Hex(""), "");
}

TEST(Hex, IsKnownByItsDigitsAndTheirNumber) {
  EXPECT_TRUE(IsHex("00ff", 4));
  EXPECT_TRUE(IsHex("", 0));
  for (const char* text : {"00f", "00fff", "00FF", "00fg", "0x0f", " 0ff"}) {
    EXPECT_FALSE(IsHex(text, 4)) << text;
  }
}

}  // namespace
}  // namespace rha
