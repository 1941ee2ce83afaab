#include "common/net/hosts_file.h"

#include <gmock/gmock.h>

namespace rha::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kText =
    "127.0.0.1\tlocalhost\n"
    "# 10.0.0.9 gone\n"
    "127.64.0.1  demo-0.pods.default.svc demo-0.pods # demo-1.pods\n"
    "127.64.0.2  pods\n"
    "127.64.0.3  PODS pods\n"
    "127.64.0.4";

TEST(HostsFile, ANameHasTheAddressesOfItsLines) {
  EXPECT_THAT(AddressesIn(kText, "demo-0.pods"), ElementsAre("127.64.0.1"));
  EXPECT_THAT(AddressesIn(kText, "pods"), ElementsAre("127.64.0.2", "127.64.0.3"));
  EXPECT_THAT(AddressesIn(kText, "LocalHost"), ElementsAre("127.0.0.1"));
}

TEST(HostsFile, CommentsAndAddressesAreNoNames) {
  for (const char* name : {"gone", "demo-1.pods", "127.64.0.4", "demo-0", ""}) {
    EXPECT_THAT(AddressesIn(kText, name), IsEmpty()) << name;
  }
}

}  // namespace
}  // namespace rha::net
