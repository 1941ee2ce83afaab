#include "sidecar/shell/node_metrics.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "common/metrics/page.h"
#include "sidecar/shell/node_metric_rows.h"

namespace rha::sidecar::shell {
namespace {

using metrics::Labels;
using metrics::Page;
using InfoFields = std::map<std::string, std::string, std::less<>>;

// The exporter shows this many databases, empty ones too.
constexpr int kDatabases = 16;

InfoFields ParseFields(std::string_view text) {
  InfoFields fields;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (line.empty() || line.front() == '#' || colon == std::string_view::npos) continue;
    fields.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return fields;
}

// "a=1,b=2" → pairs.
InfoFields ParsePairs(std::string_view text) {
  InfoFields pairs;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      pairs.emplace(part.substr(0, equals), part.substr(equals + 1));
    }
  }
  return pairs;
}

std::string Get(const InfoFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

// Words stand for numbers in some fields.
std::optional<double> ToNumber(const std::string& text) {
  if (text == "ok" || text == "true" || text == "up" || text == "online") return 1;
  if (text == "err" || text == "fail" || text == "false" || text == "down") return 0;
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end == '%' && end[1] == '\0') return value;
  if (*end != '\0' || std::isnan(value)) return std::nullopt;
  return value;
}

double NumberOr(const InfoFields& fields, std::string_view name, double fallback) {
  return ToNumber(Get(fields, name)).value_or(fallback);
}

std::string Help(std::string_view metric) {
  return std::string(metric.substr(std::string_view("redis_").size())) + " metric";
}

void CollectRows(const InfoFields& fields, Page& page) {
  for (const NodeMetricRow& row : NodeMetricRows()) {
    const auto value = ToNumber(Get(fields, row.field));
    if (!value) continue;
    if (row.counter) {
      page.Counter(row.metric, Help(row.metric), *value);
    } else {
      page.Gauge(row.metric, Help(row.metric), *value);
    }
  }
}

void CollectIdentity(const NodeScrape& scrape, const InfoFields& fields, Page& page) {
  Labels labels;
  for (const char* name :
       {"role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy",
        "tcp_port", "run_id", "process_id", "master_replid"}) {
    labels.emplace_back(name, Get(fields, name));
  }
  page.Gauge("redis_instance_info", "Information about the Redis instance", 1, std::move(labels));
  if (const auto uptime = ToNumber(Get(fields, "uptime_in_seconds"))) {
    page.Gauge("redis_start_time_seconds",
               "Start time of the Redis instance since unix epoch in seconds.",
               static_cast<double>(scrape.unix_seconds) - *uptime);
  }
  if (const auto fork = ToNumber(Get(fields, "latest_fork_usec"))) {
    page.Gauge("redis_latest_fork_seconds", "latest_fork_seconds metric", *fork / 1e6);
  }
}

void CollectDatabases(const InfoFields& fields, Page& page) {
  for (int i = 0; i < kDatabases; ++i) {
    const std::string name = "db" + std::to_string(i);
    const InfoFields values = ParsePairs(Get(fields, name));
    page.Gauge("redis_db_keys", "Total number of keys by DB", NumberOr(values, "keys", 0),
               {{"db", name}});
    page.Gauge("redis_db_keys_expiring", "Total number of expiring keys by DB",
               NumberOr(values, "expires", 0), {{"db", name}});
    const double ttl_ms = NumberOr(values, "avg_ttl", -1);
    if (ttl_ms >= 0) {
      page.Gauge("redis_db_avg_ttl_seconds", "Avg TTL in seconds", ttl_ms / 1000, {{"db", name}});
    }
  }
}

void CollectCommands(const InfoFields& fields, Page& page) {
  constexpr std::string_view kStat = "cmdstat_", kLatency = "latency_percentiles_usec_";
  for (const auto& [name, text] : fields) {
    if (name.starts_with(kStat)) {
      const InfoFields values = ParsePairs(text);
      const Labels labels = {{"cmd", name.substr(kStat.size())}};
      page.Counter("redis_commands_total", "Total number of calls per command",
                   NumberOr(values, "calls", 0), labels);
      page.Counter("redis_commands_duration_seconds_total",
                   "Total amount of time in seconds spent per command",
                   NumberOr(values, "usec", 0) / 1e6, labels);
      page.Counter("redis_commands_rejected_calls_total",
                   "Total number of errors prior command execution per command",
                   NumberOr(values, "rejected_calls", 0), labels);
      page.Counter("redis_commands_failed_calls_total",
                   "Total number of errors within command execution per command",
                   NumberOr(values, "failed_calls", 0), labels);
    } else if (name.starts_with(kLatency)) {
      const std::string command = name.substr(kLatency.size());
      const InfoFields percentiles = ParsePairs(text);
      const InfoFields stat = ParsePairs(Get(fields, std::string(kStat) + command));
      Page::SummaryValue summary{.sum = NumberOr(stat, "usec", 0),
                                 .count = static_cast<uint64_t>(NumberOr(stat, "calls", 0))};
      for (const auto& [percentile, value] : percentiles) {
        const auto quantile = ToNumber(percentile.substr(1));
        if (quantile) summary.quantiles.emplace_back(*quantile, ToNumber(value).value_or(0));
      }
      page.Summary("redis_latency_percentiles_usec",
                   "A summary of latency percentile distribution per command", summary,
                   {{"cmd", command}});
    } else if (name.starts_with("errorstat_")) {
      page.Counter("redis_errors_total", "Total number of errors per error type",
                   NumberOr(ParsePairs(text), "count", 0), {{"err", name.substr(10)}});
    }
  }
}

void CollectHistograms(const NodeScrape& scrape, const InfoFields& fields, Page& page) {
  for (const auto& [command, histogram] : scrape.histograms) {
    const InfoFields stat = ParsePairs(Get(fields, "cmdstat_" + command));
    page.Histogram(
        "redis_commands_latencies_usec", "A histogram of latencies per command",
        {.buckets = histogram.buckets, .sum = NumberOr(stat, "usec", 0), .count = histogram.calls},
        {{"cmd", command}});
  }
}

void CollectReplication(const InfoFields& fields, Page& page) {
  for (int i = 0;; ++i) {  // slave0, slave1, …
    const auto found = fields.find("slave" + std::to_string(i));
    if (found == fields.end()) break;
    const InfoFields values = ParsePairs(found->second);
    const Labels labels = {{"slave_ip", Get(values, "ip")},
                           {"slave_port", Get(values, "port")},
                           {"slave_state", Get(values, "state")}};
    page.Gauge("redis_connected_slave_offset_bytes", "Offset of connected slave",
               NumberOr(values, "offset", 0), labels);
    const double lag = NumberOr(values, "lag", -1);
    if (lag >= 0) {
      page.Gauge("redis_connected_slave_lag_seconds", "Lag of connected slave", lag, labels);
    }
  }
  if (Get(fields, "role") != "slave") return;
  const Labels labels = {{"master_host", Get(fields, "master_host")},
                         {"master_port", Get(fields, "master_port")}};
  const auto add = [&](const char* metric, const char* help, std::string_view field) {
    if (const auto value = ToNumber(Get(fields, field))) page.Gauge(metric, help, *value, labels);
  };
  add("redis_master_link_up", "Master link status on Redis slave", "master_link_status");
  add("redis_master_last_io_seconds_ago", "Master last io seconds ago",
      "master_last_io_seconds_ago");
  add("redis_master_sync_in_progress", "Master sync in progress", "master_sync_in_progress");
  add("redis_slave_repl_offset", "Slave replication offset", "slave_repl_offset");
  Labels info = labels;
  info.emplace_back("read_only", Get(fields, "slave_read_only"));
  page.Gauge("redis_slave_info", "Information about the Redis slave", 1, std::move(info));
}

void CollectCommandsOfTheScrape(const NodeScrape& scrape, Page& page) {
  const std::pair<const char*, const char*> settings[] = {
      {"maxclients", "redis_config_maxclients"},
      {"maxmemory", "redis_config_maxmemory"},
      {"io-threads", "redis_config_io_threads"},
      {"repl-backlog-size", "redis_config_repl_backlog_size"}};
  for (const auto& [setting, metric] : settings) {
    const auto found = scrape.config.find(setting);
    if (found == scrape.config.end()) continue;
    if (const auto value = ToNumber(found->second)) page.Gauge(metric, Help(metric), *value);
  }
  const auto gauge = [&](const char* metric, std::optional<int64_t> value, double scale) {
    if (value) page.Gauge(metric, Help(metric), static_cast<double>(*value) * scale);
  };
  gauge("redis_slowlog_length", scrape.slowlog_length, 1);
  gauge("redis_slowlog_last_id", scrape.slowlog_last_id, 1);
  gauge("redis_last_slow_execution_duration_seconds", scrape.slowlog_last_usec, 1e-6);
  for (const auto& [event, at] : scrape.latency) {
    page.Gauge("redis_latency_spike_last", "When the latency spike last occurred",
               static_cast<double>(at.unix_seconds), {{"event_name", event}});
    page.Gauge("redis_latency_spike_duration_seconds",
               "Length of the last latency spike in seconds",
               static_cast<double>(at.last_ms) / 1000, {{"event_name", event}});
  }
}

}  // namespace

void CollectNode(const NodeScrape& scrape, Page& page) {
  page.Gauge("redis_up", "Information about the Redis instance", scrape.up ? 1 : 0);
  page.Gauge("redis_exporter_build_info", "redis exporter build_info", 1,
             {{"version", RHA_VERSION}, {"program", "redisha-sentinel"}});
  page.Counter("redis_exporter_scrapes_total", "Current total redis scrapes.",
               static_cast<double>(scrape.scrapes));
  page.Counter("redis_target_scrape_request_errors_total", "Errors in requests to the exporter",
               static_cast<double>(scrape.failures));
  page.Gauge("redis_exporter_last_scrape_error", "The last scrape error status.", scrape.up ? 0 : 1,
             {{"err", scrape.error}});
  page.Gauge("redis_exporter_last_scrape_duration_seconds", "The last scrape duration.",
             scrape.duration_seconds);
  if (!scrape.up) return;
  const InfoFields fields = ParseFields(scrape.info);
  CollectIdentity(scrape, fields, page);
  CollectRows(fields, page);
  CollectDatabases(fields, page);
  CollectCommands(fields, page);
  CollectHistograms(scrape, fields, page);
  CollectReplication(fields, page);
  CollectCommandsOfTheScrape(scrape, page);
}

}  // namespace rha::sidecar::shell
