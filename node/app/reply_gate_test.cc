#include "node/app/reply_gate.h"

#include <gtest/gtest.h>

namespace rha::node::app {
namespace {

int64_t Open(ReplyGate& gate, const Reached& reached) {
  gate.Open(reached);
  return gate.opened();
}

TEST(ReplyGateTest, ATicketOpensWhenBothHaveComeSoFar) {
  ReplyGate gate;
  const int64_t ticket = gate.Ticket({.logged = 10, .replicated = 100});
  EXPECT_LT(Open(gate, {.logged = 10, .replicated = 99}), ticket);
  EXPECT_LT(Open(gate, {.logged = 9, .replicated = 100}), ticket);
  EXPECT_GE(Open(gate, {.logged = 10, .replicated = 100}), ticket);
}

TEST(ReplyGateTest, TicketsOpenInTheirOrder) {
  ReplyGate gate;
  const int64_t first = gate.Ticket({.logged = 10, .replicated = 100});
  const int64_t second = gate.Ticket({.logged = 20, .replicated = 100});
  EXPECT_LT(first, second);
  EXPECT_EQ(Open(gate, {.logged = 15, .replicated = 200}), first);
  EXPECT_EQ(Open(gate, {.logged = 20, .replicated = 200}), second);
}

TEST(ReplyGateTest, TurnsThatChangedNothingShareATicket) {
  ReplyGate gate;
  const int64_t writer = gate.Ticket({.logged = 10, .replicated = 100});
  EXPECT_EQ(gate.Ticket({.logged = 10, .replicated = 100}), writer) << "a reader waits for it too";
}

TEST(ReplyGateTest, WithoutEndOfTicketsTheNewestWaitsForWhatCameAfterIt) {
  ReplyGate gate;
  int64_t newest = 0;
  for (int64_t i = 1; i <= 3 * static_cast<int64_t>(ReplyGate::kTicketsMax); ++i) {
    newest = gate.Ticket({.logged = i, .replicated = i});
  }
  EXPECT_EQ(newest, static_cast<int64_t>(ReplyGate::kTicketsMax));
  const int64_t last = 3 * static_cast<int64_t>(ReplyGate::kTicketsMax);
  EXPECT_LT(Open(gate, {.logged = last - 1, .replicated = last}), newest);
  EXPECT_EQ(Open(gate, {.logged = last, .replicated = last}), newest);
  EXPECT_GT(gate.Ticket({.logged = last + 1, .replicated = last}), newest);
}

}  // namespace
}  // namespace rha::node::app
