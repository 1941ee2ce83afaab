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

}  // namespace
}  // namespace rha::net
