#include "common/http/health.h"

#include <gmock/gmock.h>

namespace rha::http {
namespace {

TEST(Health, SaysWhatIsFine) {
  const Response answer = HealthHandler([] { return Health{.summary = "primary"}; })({});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ok: primary\n");
}

TEST(Health, NamesEveryReason) {
  const Response answer = HealthHandler([] {
    return Health{.failing = {"no role", "link down"}};
  })({});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "not ok: no role\nnot ok: link down\n");
}

}  // namespace
}  // namespace rha::http
