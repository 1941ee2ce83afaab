#include <gmock/gmock.h>

#include "common/metrics/page.h"
#include "common/metrics/process.h"
#include "common/metrics/registry.h"

namespace rha::metrics {
namespace {

using testing::HasSubstr;

TEST(Page, GroupsSamplesOfAFamilyInOrderOfFirstUse) {
  Page page;
  page.Gauge("b", "Help of b.", 1, {{"x", "1"}});
  page.Counter("a_total", "Help of a.", 2);
  page.Gauge("b", "", 3, {{"x", "quo\"te\nnew\\line"}});
  EXPECT_EQ(page.Text(),
            "# HELP b Help of b.\n# TYPE b gauge\nb{x=\"1\"} 1\n"
            "b{x=\"quo\\\"te\\nnew\\\\line\"} 3\n"
            "# HELP a_total Help of a.\n# TYPE a_total counter\na_total 2\n");
}

TEST(Page, OpenMetricsHasTheSameSeries) {
  Page page;
  page.Counter("a_total", "The \"a\".", 2);
  page.Counter("no_suffix", "B.", 3);
  page.Gauge("g", "", 1, {{"x", "1"}});
  page.Summary("s", "S.", {.quantiles = {{99.9, 5}}, .sum = 7, .count = 4}, {{"cmd", "get"}});
  page.Histogram("h", "H.", {.buckets = {{1, 2}}, .sum = 9, .count = 3});
  EXPECT_EQ(page.OpenMetrics(),
            "# TYPE a counter\n# HELP a The \\\"a\\\".\na_total 2\n"
            "# TYPE no_suffix unknown\n# HELP no_suffix B.\nno_suffix 3\n"
            "# TYPE g gauge\n# HELP g \ng{x=\"1\"} 1\n"
            "# TYPE s unknown\n# HELP s S.\ns{cmd=\"get\",quantile=\"99.9\"} 5\n"
            "# TYPE s_sum unknown\n# HELP s_sum S.\ns_sum{cmd=\"get\"} 7\n"
            "# TYPE s_count unknown\n# HELP s_count S.\ns_count{cmd=\"get\"} 4\n"
            "# TYPE h histogram\n# HELP h H.\nh_count 3\nh_sum 9\n"
            "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\n# EOF\n");
}

TEST(Registry, OpenMetricsIsForWhoAcceptsIt) {
  Registry registry;
  registry.AddGauge("g", "G.").Set(7);
  const http::Handler page = registry.PageHandler();
  EXPECT_EQ(page({.path = "/metrics"}).content_type, kTextContentType);
  const http::Response open =
      page({.path = "/metrics", .accept = "application/openmetrics-text;version=1.0.0,*/*;q=0.1"});
  EXPECT_EQ(open.content_type, kOpenMetricsContentType);
  EXPECT_THAT(open.body, testing::EndsWith("g 7\n# EOF\n"));
}

TEST(Registry, ShowsCountedAndGatheredValues) {
  Registry registry;
  Counter counter = registry.AddCounter("c_total", "C.", {{"k", "v"}});
  counter.Increment();
  counter.Increment(2);
  registry.AddGauge("g", "G.").Set(7);
  registry.AddHistogram("h_seconds", "H.", {0.1, 1}).Observe(0.5);
  registry.AddCollector([](Page& page) { page.Gauge("late", "Gathered.", 5); });
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("c_total{k=\"v\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("g 7\n"));
  EXPECT_THAT(text, HasSubstr("h_seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("h_seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("late 5\n"));
  EXPECT_EQ(registry.AddCounter("c_total", "C.", {{"k", "v"}}).Value(), 3);
}

TEST(Process, ParsesANameWithSpacesAndBrackets) {
  const auto stat = ParseProcessStat(
      "42 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 7 3 0 0 20 0 5 0 1234 1048576 256 "
      "18446744073709");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cpu_ticks, 10);
  EXPECT_EQ(stat->threads, 5);
  EXPECT_EQ(stat->start_ticks, 1234);
  EXPECT_EQ(stat->virtual_bytes, 1048576);
  EXPECT_EQ(stat->resident_pages, 256);
}

TEST(Process, RefusesWhatIsNoStatLine) {
  EXPECT_FALSE(ParseProcessStat(""));
  EXPECT_FALSE(ParseProcessStat("1 (x) S 1 2"));
}

}  // namespace
}  // namespace rha::metrics
