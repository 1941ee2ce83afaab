#include "common/trust/sha256.h"

#include <gtest/gtest.h>

namespace rha::trust {
namespace {

TEST(Sha256, IsWhatRedisWritesOfAPassword) {
  EXPECT_EQ(Sha256Hex("foo"), "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
  EXPECT_EQ(Sha256Hex("").size(), kSha256Digits);
}

}  // namespace
}  // namespace rha::trust
