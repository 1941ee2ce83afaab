#include "node/repl/failover.h"

#include <gtest/gtest.h>

namespace rha::node::repl {
namespace {

using Words = std::vector<std::string_view>;

FailoverRequest Parsed(const Words& words) {
  const auto request = ParseFailover(words);
  EXPECT_TRUE(request.ok()) << request.status().message();
  return request.value_or(FailoverRequest{});
}

TEST(ParseFailover, NamesTargetTimeoutAndForceInAnyOrder) {
  EXPECT_FALSE(Parsed({"FAILOVER"}).to);
  EXPECT_TRUE(Parsed({"FAILOVER", "abort"}).abort);
  const FailoverRequest all =
      Parsed({"failover", "TIMEOUT", "100", "FORCE", "to", "10.0.0.2", "6379"});
  EXPECT_EQ(all.to, (ReplicaSide::Target{"10.0.0.2", 6379}));
  EXPECT_EQ(all.timeout, Millis(100));
  EXPECT_TRUE(all.force);
}

TEST(ParseFailover, ATimeoutThatNoClockHoldsIsALongOne) {
  EXPECT_GT(*Parsed({"FAILOVER", "TIMEOUT", "9223372036854775807"}).timeout, Millis(0));
}

TEST(ParseFailover, RefusesTheRestInRedisWords) {
  const struct {
    Words words;
    const char* reply;
  } kRefused[] = {
      {{"FAILOVER", "ABORT", "TIMEOUT", "1"}, "ERR syntax error"},
      {{"FAILOVER", "TO", "host"}, "ERR syntax error"},
      {{"FAILOVER", "FORCE", "FORCE"}, "ERR syntax error"},
      {{"FAILOVER", "TIMEOUT", "0"}, "ERR FAILOVER timeout must be greater than 0"},
      {{"FAILOVER", "TIMEOUT", "x"}, "ERR value is not an integer or out of range"},
      {{"FAILOVER", "TO", "host", "port"}, "ERR value is not an integer or out of range"},
  };
  for (const auto& [words, reply] : kRefused) {
    EXPECT_EQ(ParseFailover(words).status().message(), reply);
  }
}

}  // namespace
}  // namespace rha::node::repl
