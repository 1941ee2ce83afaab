#include "common/net/socket.h"

#include <gtest/gtest.h>

namespace rha::net {
namespace {

TEST(Endpoint, AnAddressHasOnePlainForm) {
  const struct {
    const char *given, *plain;
  } rows[] = {{"10.0.0.1", "10.0.0.1:1"},     {"::ffff:10.0.0.1", "10.0.0.1:1"},
              {"::ffff:a00:1", "10.0.0.1:1"}, {"0:0:0:0:0:0:0:1", "[::1]:1"},
              {"FD00::00A", "[fd00::a]:1"},   {"a.name", "a.name:1"}};
  for (const auto& row : rows) EXPECT_EQ(Plain({row.given, 1}).ToString(), row.plain);
}

TEST(Reachable, IsTheFirstAddressOfTheSourcesFamily) {
  const std::vector<std::string> both = {"10.0.0.1", "fd00::1", "fd00::2"};
  EXPECT_EQ(Reachable(both, ""), "10.0.0.1");
  EXPECT_EQ(Reachable(both, "10.0.0.9"), "10.0.0.1");
  EXPECT_EQ(Reachable(both, "::1"), "fd00::1");
  EXPECT_EQ(Reachable({"10.0.0.1"}, "::1"), "10.0.0.1") << "connecting says why it cannot be";
}

}  // namespace
}  // namespace rha::net
