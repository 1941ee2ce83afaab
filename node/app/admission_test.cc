#include "node/app/admission.h"

#include <gmock/gmock.h>

#include "node/app/limits.h"

namespace rha::node::app {
namespace {

using testing::Optional;

constexpr Admission::Limits kPlain{.clients_max = 3, .has_members = false};
constexpr Admission::Limits kOfRedisHA{.clients_max = 3, .has_members = true};

// Ids count up from 1.
class AdmissionTest : public testing::Test {
 protected:
  Admission::Arrival Come(bool authenticated, const Admission::Limits& limits) {
    return admission_.Arrive(++last_, authenticated, limits);
  }
  void Clients(int count) {
    for (int i = 0; i < count; ++i) Come(true, kPlain);
  }

  Admission admission_;
  uint64_t last_ = 0;
};

TEST_F(AdmissionTest, ClientsFillAPlainNode) {
  Clients(3);
  EXPECT_FALSE(Come(true, kPlain).admitted);
  EXPECT_FALSE(Come(false, kPlain).admitted);
  admission_.Leave(2);
  EXPECT_TRUE(Come(true, kPlain).admitted);
}

TEST_F(AdmissionTest, TheOldestStrangerLeavesForAnother) {
  Clients(1);
  Come(false, kPlain);  // 2
  Come(false, kPlain);  // 3
  const auto arrival = Come(false, kPlain);
  EXPECT_TRUE(arrival.admitted);
  EXPECT_THAT(arrival.leaves, Optional(2u));
  admission_.Leave(2);
  EXPECT_EQ(admission_.counted(), 3u);
  admission_.BecomeClient(3);
  EXPECT_THAT(Come(false, kPlain).leaves, Optional(4u)) << "who has authenticated stays";
}

TEST_F(AdmissionTest, StrangersAreBoundedBelowMaxclientsToo) {
  const Admission::Limits roomy{.clients_max = 100'000, .has_members = false};
  for (size_t i = 0; i < kStrangersMax; ++i) EXPECT_FALSE(Come(false, roomy).leaves);
  EXPECT_THAT(Come(false, roomy).leaves, Optional(1u));
  EXPECT_FALSE(Come(true, roomy).leaves);
}

TEST_F(AdmissionTest, AMemberFindsRoomAmongClients) {
  Clients(3);
  const auto arrival = Come(true, kOfRedisHA);
  EXPECT_TRUE(arrival.admitted && arrival.over_limit);
  admission_.BecomeMember(last_);
  EXPECT_EQ(admission_.counted(), 3u);
  admission_.BecomeMember(1);
  EXPECT_EQ(admission_.counted(), 2u) << "a client that turns out to be a member leaves its place";
  admission_.BecomeMember(1);
  admission_.Leave(1);
  admission_.Leave(last_);
  EXPECT_EQ(admission_.counted(), 2u);
}

TEST_F(AdmissionTest, AStrangerThatLosesItsPlaceMayStillProveToBeAMember) {
  Clients(2);
  Come(false, kOfRedisHA);  // 3: may be a member on its way
  EXPECT_THAT(Come(false, kOfRedisHA).put_over_limit, Optional(3u));
  for (size_t i = 0; i + 1 < kOverLimitMax; ++i) EXPECT_FALSE(Come(false, kOfRedisHA).leaves);
  EXPECT_THAT(Come(false, kOfRedisHA).leaves, Optional(3u));
}

TEST_F(AdmissionTest, WhoIsOverTheLimitNeverBecomesAClient) {
  Clients(3);
  Come(true, kOfRedisHA);
  admission_.BecomeClient(last_);
  EXPECT_EQ(admission_.counted(), 3u);
}

TEST_F(AdmissionTest, StrangersHoldSoMuchTogetherAndTheLargestLeaves) {
  const Admission::Limits roomy{.clients_max = 100'000, .has_members = true};
  constexpr size_t kEach = kStrangersBytesMax / 8;
  for (int i = 0; i < 8; ++i) {
    Come(false, roomy);
    EXPECT_FALSE(admission_.Hold(last_, kEach));
  }
  EXPECT_THAT(admission_.Hold(3, kEach + 1), Optional(3u));
  Come(false, roomy);
  EXPECT_THAT(admission_.Hold(last_, 100), Optional(3u)) << "a small one does not go for it";
  admission_.Leave(3);
  EXPECT_FALSE(admission_.Hold(last_, 200));
  admission_.BecomeClient(1);
  EXPECT_FALSE(admission_.Hold(1, kStrangersBytesMax)) << "it is none of them any more";
  EXPECT_FALSE(admission_.Hold(last_, kEach));
}

}  // namespace
}  // namespace rha::node::app
