#include <gmock/gmock.h>

#include "common/base/clock.h"
#include "common/metrics/page.h"
#include "sidecar/shell/node_metrics.h"
#include "sidecar/shell/sentinel_metrics.h"

namespace rha::sidecar::shell {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string TextOf(const NodeScrape& scrape) {
  metrics::Page page;
  CollectNode(scrape, page);
  return page.Text();
}

TEST(NodeMetrics, ANodeThatIsDownSaysSo) {
  const std::string text = TextOf({.error = "refused: Connection refused"});
  EXPECT_THAT(text, AllOf(HasSubstr("redis_up 0\n"),
                          HasSubstr("redis_exporter_last_scrape_error{err=\"refused: Connection "
                                    "refused\"} 1\n"),
                          Not(HasSubstr("redis_connected_clients"))));
}

TEST(NodeMetrics, FieldsOfAPrimary) {
  NodeScrape scrape{.up = true, .unix_seconds = 1000};
  scrape.info =
      "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:400\r\n# Clients\r\n"
      "connected_clients:3\r\nused_memory:1024\r\ntotal_commands_processed:42\r\n"
      "rdb_last_bgsave_status:ok\r\nexpired_stale_perc:0.50\r\nused_memory_dataset_perc:9.9%\r\n"
      "role:master\r\nconnected_slaves:1\r\n"
      "slave0:ip=10.0.0.2,port=6379,state=online,offset=96,lag=1\r\n"
      "cmdstat_config|get:calls=4,usec=779,usec_per_call=194.75,rejected_calls=1,failed_calls=2\r\n"
      "latency_percentiles_usec_config|get:p50=1.003,p99=3.007,p99.9=5.023\r\n"
      "errorstat_WRONGTYPE:count=5\r\ndb0:keys=7,expires=2,avg_ttl=1500\r\nnonsense\r\n";
  scrape.config["maxclients"] = "10000";
  scrape.slowlog_last_usec = 2500;
  scrape.histograms["config|get"] = {.calls = 4, .buckets = {{128, 1}, {256, 4}}};
  const std::string text = TextOf(scrape);
  for (const char* line :
       {"redis_up 1\n",
        "redis_start_time_seconds 600\n",
        "redis_connected_clients 3\n",
        "# TYPE redis_commands_processed_total counter\n",
        "redis_memory_used_bytes 1024\n",
        "redis_rdb_last_bgsave_status 1\n",
        "redis_expired_stale_percentage 0.5\n",
        "redis_connected_slave_offset_bytes{slave_ip=\"10.0.0.2\",slave_port=\"6379\","
        "slave_state=\"online\"} 96\n",
        "redis_commands_total{cmd=\"config|get\"} 4\n",
        "redis_commands_failed_calls_total{cmd=\"config|get\"} 2\n",
        "redis_latency_percentiles_usec{cmd=\"config|get\",quantile=\"99.9\"} 5.023\n",
        "redis_latency_percentiles_usec_count{cmd=\"config|get\"} 4\n",
        "redis_commands_latencies_usec_bucket{cmd=\"config|get\",le=\"128\"} 1\n",
        "redis_commands_latencies_usec_bucket{cmd=\"config|get\",le=\"+Inf\"} 4\n",
        "redis_commands_latencies_usec_sum{cmd=\"config|get\"} 779\n",
        "redis_errors_total{err=\"WRONGTYPE\"} 5\n",
        "redis_db_keys{db=\"db0\"} 7\n",
        "redis_db_keys{db=\"db15\"} 0\n",
        "redis_db_avg_ttl_seconds{db=\"db0\"} 1.5\n",
        "redis_config_maxclients 10000\n",
        "redis_last_slow_execution_duration_seconds 0.0025\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("redis_master_link_up")));
}

TEST(NodeMetrics, FieldsOfAReplica) {
  NodeScrape scrape{.up = true};
  scrape.info =
      "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n"
      "slave_repl_offset:12\r\nslave_read_only:1\r\n";
  EXPECT_THAT(
      TextOf(scrape),
      AllOf(
          HasSubstr("redis_master_link_up{master_host=\"10.0.0.1\",master_port=\"6379\"} 0\n"),
          HasSubstr("redis_slave_repl_offset{master_host=\"10.0.0.1\",master_port=\"6379\"} 12\n"),
          HasSubstr("read_only=\"1\"} 1\n")));
}

TEST(EventMetrics, AFailoverLastsFromItsDetectionToTheSwitch) {
  metrics::Registry registry;
  EventMetrics events(registry);
  const core::LogicalTime start{Millis(1000000)};
  const auto tell = [&](const char* channel, const char* payload, int after_ms) {
    events.OnEvent(channel, payload, start + Millis(after_ms), /*silence=*/Millis(80));
  };
  tell("+switch-master", "m 0.0.0.0 0 10.0.0.1 6379", 0);  // the first primary
  tell("+sdown", "slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379", 0);
  tell("+sdown", "master m 10.0.0.1 6379", 100);
  tell("+vote-for-leader", "f4af 7", 150);
  tell("+try-failover", "master m 10.0.0.1 6379", 150);
  tell("+elected-leader", "master m 10.0.0.1 6379", 170);
  tell("+promoted-slave", "slave 10.0.0.2:6379 10.0.0.2 6379 @ m 10.0.0.1 6379", 230);
  tell("+switch-master", "m 10.0.0.1 6379 10.0.0.2 6379", 300);
  events.OnRouted(Millis(40));
  const std::string text = registry.Text();
  EXPECT_THAT(text, AllOf(HasSubstr("redisha_sentinel_failovers_total 1\n"),
                          HasSubstr("redisha_sentinel_elections_total 1\n"),
                          HasSubstr("redisha_sentinel_primary_downs_total 1\n"),
                          HasSubstr("redisha_sentinel_failovers_led_total 1\n"),
                          HasSubstr("redisha_sentinel_votes_total 1\n"),
                          HasSubstr("redisha_sentinel_detect_seconds_sum 0.08\n"),
                          HasSubstr("redisha_sentinel_elect_seconds_sum 0.02\n"),
                          HasSubstr("redisha_sentinel_promote_seconds_sum 0.06\n"),
                          HasSubstr("redisha_sentinel_route_seconds_sum 0.04\n"),
                          HasSubstr("redisha_sentinel_failover_duration_seconds_sum 0.2\n")));
}

}  // namespace
}  // namespace rha::sidecar::shell
