#include "node/repl/psync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rha::node::repl {
namespace {

using testing::HasSubstr;

const std::string kOld(40, 'a');
const std::string kNew(40, 'b');
constexpr HeldRange kHeld{.active = true, .begin = 100, .end = 500};

History Promoted() {  // was a replica of kOld up to 300 bytes, then a primary
  History history{kOld, History::NoId(), -1};
  history.Branch(kNew, 300);
  return history;
}

std::string Reason(const PsyncDecision& decision) {
  const auto* full = std::get_if<FullResync>(&decision);
  return full != nullptr ? full->reason : "";
}
int64_t Position(const PsyncDecision& decision) {
  const auto* partial = std::get_if<ContinueFrom>(&decision);
  return partial != nullptr ? partial->position : -1;
}

TEST(Psync, ContinuesWithinTheBacklog) {
  const History history = Promoted();
  EXPECT_EQ(Position(DecidePsync(history, kHeld, {kNew, 101})), 100);
  EXPECT_EQ(Position(DecidePsync(history, kHeld, {kNew, 501})), 500);
  EXPECT_THAT(Reason(DecidePsync(history, kHeld, {kNew, 100})), HasSubstr("begins at 101"));
  EXPECT_THAT(Reason(DecidePsync(history, kHeld, {kNew, 502})), HasSubstr("has only 500"));
}

TEST(Psync, ContinuesTheSecondHistoryUpToThePromotion) {
  const History history = Promoted();
  EXPECT_EQ(history.second_offset, 301);
  EXPECT_EQ(Position(DecidePsync(history, kHeld, {kOld, 301})), 300);
  EXPECT_THAT(Reason(DecidePsync(history, kHeld, {kOld, 302})), HasSubstr("up to 301"));
}

TEST(Psync, FullForStrangersAndBeginners) {
  const History history = Promoted();
  EXPECT_NE(Reason(DecidePsync(history, kHeld, {"?", -1})), "");
  EXPECT_NE(Reason(DecidePsync(history, kHeld, {std::string(40, 'c'), 200})), "");
  EXPECT_NE(Reason(DecidePsync(history, {}, {kNew, 1})), "");
  // Forty zeros name no history, even where there is no second one.
  const History fresh{kNew, History::NoId(), -1};
  EXPECT_NE(Reason(DecidePsync(fresh, kHeld, {History::NoId(), 200})), "");
}

TEST(History, AdoptForgetsTheSecond) {
  History history = Promoted();
  history.Adopt(std::string(40, 'd'));
  EXPECT_EQ(history.second_id, History::NoId());
  EXPECT_EQ(history.second_offset, -1);
}

}  // namespace
}  // namespace rha::node::repl
